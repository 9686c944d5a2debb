// Prepares a release, and neither pushes nor publishes it: npm run release -- 1.2.0 [--dry-run] [--branch main]

import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { releaseSection } from "./changelog.js"
import { repositoryOf } from "./repository.js"

const USAGE = "npm run release -- 1.2.0 [--dry-run] [--branch main]"
const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-([\da-z-]+(?:\.[\da-z-]+)*))?$/

/** A file of the release, with what it says after it. */
interface Edit {
  path: string
  text: string
}

/**
 * Writes the version and the changelog, commits and tags, and returns what to tell the person who releases.
 * @throws Error where the tree, the version or the changelog isn't ready; then nothing has changed
 */
export function release(root: string, args: string[]): string {
  const { version, dryRun, branch } = readArguments(args)
  checkVersion(version, JSON.parse(read(root, "package.json")).version)
  checkTree(root, version, branch)
  const edits = [changelog(root, version), ...manifests(root, version)]
  if (!dryRun) commit(root, version, edits)
  const done = dryRun
    ? `Would write ${edits.map(({ path }) => path).join(", ")}, commit, and tag v${version}.`
    : `Committed and tagged v${version}. Nothing is pushed or published yet.`
  return `${done}\n${nextSteps(root, version, branch)}`
}

function readArguments(args: string[]): { version: string; dryRun: boolean; branch: string } {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { "dry-run": { type: "boolean", default: false }, branch: { type: "string", default: "main" } },
  })
  const [version, ...others] = positionals
  if (version === undefined || others.length > 0) throw new Error(`Name one version: ${USAGE}`)
  return { version: version.replace(/^v/, ""), dryRun: values["dry-run"], branch: values.branch }
}

function checkVersion(version: string, now: string): void {
  if (!VERSION.test(version)) throw new Error(`${version} is no version such as 1.2.0 or 1.2.0-beta.1: ${USAGE}`)
  if (compare(version, now) <= 0) throw new Error(`${version} must be higher than ${now}, the version in package.json.`)
}

/** Compares two versions as SemVer 2.0.0 orders them (https://semver.org/#spec-item-11). */
function compare(a: string, b: string): number {
  const [numbersA, preReleaseA] = partsOf(a)
  const [numbersB, preReleaseB] = partsOf(b)
  const difference = numbersA.map((number, index) => number - (numbersB[index] ?? 0)).find((each) => each !== 0)
  if (difference !== undefined) return difference
  if (preReleaseA !== undefined && preReleaseB !== undefined)
    return preReleaseA.localeCompare(preReleaseB, "en", { numeric: true })
  return Number(preReleaseB !== undefined) - Number(preReleaseA !== undefined)
}

function partsOf(version: string): [number[], string | undefined] {
  const [, major, minor, patch, preRelease] = VERSION.exec(version) ?? []
  return [[major, minor, patch].map(Number), preRelease]
}

function checkTree(root: string, version: string, branch: string): void {
  const current = git(root, "branch", "--show-current")
  if (current !== branch)
    throw new Error(`The branch is ${current || "none"}. Run git switch ${branch}, or name the branch with --branch.`)
  const changed = git(root, "status", "--porcelain")
  if (changed !== "") throw new Error(`The tree is not clean. Commit or remove these first:\n${changed}`)
  if (git(root, "tag", "--list", `v${version}`) !== "")
    throw new Error(`The tag v${version} is there already. If it was never pushed: git tag --delete v${version}`)
}

function changelog(root: string, version: string): Edit {
  const date = new Date().toISOString().slice(0, 10)
  return { path: "CHANGELOG.md", text: releaseSection(read(root, "CHANGELOG.md"), version, date) }
}

/** Sets the version in the package's manifest and lock file, and in the range that each example asks for. */
function manifests(root: string, version: string): Edit[] {
  const own = { path: "package.json", text: withVersion(read(root, "package.json"), version, 1) }
  const lock = { path: "package-lock.json", text: withVersion(read(root, "package-lock.json"), version, 2) }
  const examples = readdirSync(join(root, "docs/examples"))
    .map((name) => `docs/examples/${name}/package.json`)
    .filter((path) => existsSync(join(root, path)))
    .map((path) => ({ path, text: read(root, path).replace(/("authjs-lazy": )"[^"]*"/, `$1"^${version}"`) }))
  return [own, lock, ...examples]
}

/** Sets the first fields `version` of a manifest; a lock file names the package twice, before all others. */
function withVersion(text: string, version: string, fields: number): string {
  let left = fields
  return text.replace(/("version": )"[^"]*"/g, (field, key) => (left-- > 0 ? `${key}"${version}"` : field))
}

function commit(root: string, version: string, edits: Edit[]): void {
  const before = git(root, "rev-parse", "HEAD")
  try {
    for (const { path, text } of edits) writeFileSync(join(root, path), text)
    git(root, "add", "--", ...edits.map(({ path }) => path))
    git(root, "commit", "--quiet", "--message", `Release ${version}`)
    git(root, "tag", "--annotate", `v${version}`, "--message", `authjs-lazy ${version}`)
  } catch (error) {
    // The tree was clean, so this takes nothing back but the release.
    git(root, "reset", "--quiet", "--hard", before)
    throw error
  }
}

function nextSteps(root: string, version: string, branch: string): string {
  const owner = repositoryOf(read(root, "package.json")).startsWith("OWNER/")
    ? "First set the address of the repository, which npm compares with the provenance:\n  npm run repository -- owner/name\n"
    : ""
  return `${owner}To publish it, push the commit and the tag:
  git push --atomic origin ${branch} v${version}
The tag starts .github/workflows/release.yml. It runs CI, waits for approval in the environment npm, and runs
  npm publish --provenance --access public
npm signs the provenance only in such a workflow, by its permission id-token: write.
To take the release back before it is pushed:
  git tag --delete v${version} && git reset --hard HEAD~1`
}

function read(root: string, path: string): string {
  return readFileSync(join(root, path), "utf8")
}

function git(root: string, ...args: string[]): string {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trimEnd()
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error)
    throw new Error(`git ${args[0]} failed: ${said}`)
  }
}

if (process.argv[1] === import.meta.filename) {
  try {
    console.log(release(process.cwd(), process.argv.slice(2)))
  } catch (error) {
    console.error(`Nothing is released. ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}
