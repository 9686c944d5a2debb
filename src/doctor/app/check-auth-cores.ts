import { existsSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import type { Finding } from "../finding.js"
import { type CoreCopy, findAuthCores } from "./auth-cores.js"

/** Of `@auth/core` it needs only types. */
const TYPES_ONLY = "@auth/drizzle-adapter"

/** Whether everybody loads the same copy of `@auth/core`. */
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
          ? `There are ${copies.length} copies of @auth/core: ${places.join("; ")}. One does not know the errors of another, so that refusals arrive without their codes, as "Configuration".`
          : `There are ${copies.length} copies of @auth/core: ${places.join("; ")}. It runs, but the types of one don't fit the other.`,
      fix: oneCopy(copies, packageManager(cwd)),
      where: cwd,
    },
  ]
}

type PackageManager = "npm" | "pnpm" | "yarn" | "bun"

/** What makes them one: of equal versions the tool does it by itself. */
function oneCopy(copies: CoreCopy[], manager: PackageManager): string {
  const version = wantedVersion(copies)
  if (copies.every((copy) => copy.version === version) && manager !== "bun") return `${manager} dedupe`
  if (manager === "pnpm") return `# pnpm-workspace.yaml\noverrides:\n  "@auth/core": "${version}"`
  if (manager === "yarn") return `"resolutions": { "@auth/core": "${version}" }`
  return `"overrides": { "@auth/core": "${version}" }`
}

/** The version of the framework's package, which names one exactly; else the newest. */
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

/** Whose lock file is nearest; npm where there is none. */
function packageManager(cwd: string): PackageManager {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = Object.entries(LOCK_FILES).find(([name]) => existsSync(join(folder, name)))
    if (found) return found[1]
    if (dirname(folder) === folder) return "npm"
  }
}
