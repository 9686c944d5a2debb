import { existsSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import type { Finding } from "../finding.js"
import { type CoreCopy, findAuthCores } from "./auth-cores.js"

/** The importer that needs only types of `@auth/core`. */
const TYPES_ONLY = "@auth/drizzle-adapter"

/** Reports several copies of `@auth/core` in one app. */
export function checkAuthCores(cwd: string): Finding[] {
  const copies = findAuthCores(cwd)
  const [first] = copies
  if (!first || copies.length === 1) return []
  const running = copies.filter(({ importers }) => importers.some((name) => name !== TYPES_ONLY))
  const places = copies.map(
    ({ folder, version, importers }) => `${version} in ${relative(cwd, folder) || folder} (${importers.join(", ")})`,
  )
  return [
    {
      code: "two_auth_cores",
      severity: running.length > 1 ? "error" : "warning",
      message:
        running.length > 1
          ? `There are ${copies.length} copies of @auth/core: ${places.join("; ")}. Each copy has its own error classes, so Auth.js shows refusals as "Configuration" instead of their codes.`
          : `There are ${copies.length} copies of @auth/core: ${places.join("; ")}. The app runs, but TypeScript takes the types of the copies for different ones.`,
      fix: oneCopy(copies, packageManager(cwd)),
      where: cwd,
    },
  ]
}

type PackageManager = "npm" | "pnpm" | "yarn" | "bun"

/** Writes what makes the copies one; copies of equal version need only a dedupe. */
function oneCopy(copies: CoreCopy[], manager: PackageManager): string {
  const version = wantedVersion(copies)
  if (copies.every((copy) => copy.version === version) && manager !== "bun") return `${manager} dedupe`
  if (manager === "pnpm") return `# pnpm-workspace.yaml\noverrides:\n  "@auth/core": "${version}"`
  if (manager === "yarn") return `"resolutions": { "@auth/core": "${version}" }`
  return `"overrides": { "@auth/core": "${version}" }`
}

/** Picks the version that the package of the framework asks for, or else the newest. */
function wantedVersion(copies: CoreCopy[]): string {
  const ofFramework = copies.find(({ importers }) =>
    importers.some((name) => /^(next-auth|@auth\/(express|sveltekit))$/.test(name)),
  )
  const newestFirst = copies
    .map(({ version }) => version)
    .toSorted((one, other) => other.localeCompare(one, "en", { numeric: true }))
  return ofFramework?.version ?? (newestFirst[0] as string)
}

const LOCK_FILES: Record<string, PackageManager> = {
  "package-lock.json": "npm",
  "pnpm-lock.yaml": "pnpm",
  "yarn.lock": "yarn",
  "bun.lock": "bun",
  "bun.lockb": "bun",
}

/** Finds the package manager by the nearest lock file; npm where there is none. */
function packageManager(cwd: string): PackageManager {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = Object.entries(LOCK_FILES).find(([name]) => existsSync(join(folder, name)))
    if (found) return found[1]
    if (dirname(folder) === folder) return "npm"
  }
}
