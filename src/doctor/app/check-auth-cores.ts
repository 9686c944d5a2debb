import { existsSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import type { Finding } from "../finding.js"
import { type CoreCopy, findAuthCores, findVersion } from "./auth-cores.js"

/** The importer that needs only types of `@auth/core`. */
const TYPES_ONLY = "@auth/drizzle-adapter"

/** Reports several copies of `@auth/core` in one app, and versions with known vulnerabilities. */
export function checkAuthCores(cwd: string): Finding[] {
  const copies = findAuthCores(cwd)
  const running = copies.filter(({ importers }) => importers.some((name) => name !== TYPES_ONLY))
  const advisories = checkAdvisories(running, cwd)
  if (copies.length < 2) return advisories
  const places = copies.map(
    ({ folder, version, importers }) => `${version} in ${relative(cwd, folder) || folder} (${importers.join(", ")})`,
  )
  return [
    {
      code: "two_auth_cores",
      severity: running.length > 1 ? "error" : "warning",
      message:
        running.length > 1
          ? `There are ${copies.length} copies of @auth/core: ${places.join("; ")}. Each copy has its own error classes, so your code can't recognise refusals of the other by \`instanceof\`.${advisories.map(({ message }) => ` ${message}`).join("")}`
          : `There are ${copies.length} copies of @auth/core: ${places.join("; ")}. The app runs, but TypeScript takes the types of the copies for different ones.`,
      fix: oneCopy(copies, packageManager(cwd)),
      where: cwd,
    },
    // With several copies, the message above names the vulnerabilities: settle the version first.
    ...(running.length > 1 ? [] : advisories),
  ]
}

/** The oldest versions without known vulnerabilities: https://github.com/nextauthjs/next-auth/security */
const FIXED: Record<string, string> = {
  "@auth/core": "0.41.3",
  "next-auth": "5.0.0-beta.32",
  "@auth/express": "0.12.3",
  "@auth/sveltekit": "1.11.3",
}
const OF_CORE =
  "GHSA-7rqj-j65f-68wh (an e-mail link for one address can reach another) and GHSA-x445-f3h2-j279 (an OAuth answer is not tied to its provider)"
const OF_NEXT_AUTH =
  "GHSA-8fpg-xm3f-6cx3 (`auth()` returns an object, as if signed in, when the configuration is wrong)"

/** Reports versions of Auth.js that have public advisories. */
function checkAdvisories(running: CoreCopy[], cwd: string): Finding[] {
  const core = running.map(({ version }) => version).find((version) => isBefore(version, FIXED["@auth/core"]))
  const nextAuth = findVersion("next-auth", cwd)
  const isOldNext = nextAuth !== undefined && isBefore(nextAuth, FIXED["next-auth"])
  if (core === undefined && !isOldNext) return []
  const problems = [
    ...(core === undefined ? [] : [`@auth/core ${core} has ${OF_CORE}.`]),
    ...(isOldNext ? [`next-auth ${nextAuth} has ${OF_NEXT_AUTH}.`] : []),
  ]
  const packages = Object.keys(FIXED).filter(
    (name) => name === "@auth/core" || running.some(({ importers }) => importers.includes(name)),
  )
  return [
    {
      code: "auth_advisories",
      severity: "warning",
      message: `Known vulnerabilities: ${problems.join(" ")}`,
      fix: `${ADD[packageManager(cwd)]} ${packages.map((name) => `${name}@${FIXED[name]}`).join(" ")}`,
      where: cwd,
    },
  ]
}

const ADD: Record<PackageManager, string> = { npm: "npm install", pnpm: "pnpm add", yarn: "yarn add", bun: "bun add" }

/** Compares versions; a release comes after its own betas. */
function isBefore(version: string, fixed = ""): boolean {
  const [release, wanted] = [version, fixed].map((each) => each.split("-")[0]) as [string, string]
  if (release === wanted && !version.includes("-")) return false
  return version.localeCompare(fixed, "en", { numeric: true }) < 0
}

export type PackageManager = "npm" | "pnpm" | "yarn" | "bun"

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
export function packageManager(cwd: string): PackageManager {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const found = Object.entries(LOCK_FILES).find(([name]) => existsSync(join(folder, name)))
    if (found) return found[1]
    if (dirname(folder) === folder) return "npm"
  }
}
