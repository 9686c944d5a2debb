import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, symlink } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

/** What npm notes about a package that it has installed. */
interface Installed {
  /** Given where the folder has another name. */
  name?: string
  version: string
  bin?: Record<string, string>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}
type Tree = Record<string, Installed>

/**
 * Gives a folder the packages that its package.json names and what they depend on, by links to those
 * of another folder. npm would come to the same, in ten times the time.
 * @returns false where the other folder lacks some package in the version that is asked for
 */
export async function linkPackages(from: string, folder: string): Promise<boolean> {
  const { packages } = JSON.parse(await readFile(join(from, "node_modules/.package-lock.json"), "utf8")) as {
    packages: Tree
  }
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"))
  const named = Object.entries<string>({ ...dependencies, ...devDependencies })
  const found = named.flatMap(([name, range]) => findPackage(name, range, packages) ?? [])
  // By the name under which the app imports each.
  const links = new Map<string, string>()
  for (const place of closureOf(found, packages)) if (!isNested(place)) links.set(place, place)
  for (const place of found) {
    links.delete(place)
    links.set(`node_modules/${nameOf(place, packages)}`, place)
  }
  const asThere = [...links].flatMap(([to, place]) => (to === place ? [place] : []))
  await run("cp", ["-al", "--parents", ...asThere, folder], { cwd: from })
  for (const [to, place] of links) if (to !== place) await run("cp", ["-al", join(from, place), join(folder, to)])
  await linkCommands(folder, links, packages)
  return found.length === named.length
}

const run = promisify(execFile)
const isNested = (place: string) => place.lastIndexOf("node_modules/") > 0
const nameOf = (place: string, packages: Tree) => packages[place]?.name ?? place.slice("node_modules/".length)

/** Finds a package in a range of versions, also under another name. */
function findPackage(name: string, range: string, packages: Tree): string | undefined {
  return Object.entries(packages).find(
    ([place, { version }]) =>
      !isNested(place) && nameOf(place, packages) === name && (range.startsWith("file:") || satisfies(version, range)),
  )?.[0]
}

/** The places of all that these packages depend on, and their own. */
function closureOf(places: string[], packages: Tree): Set<string> {
  const found = new Set<string>()
  const open: (string | undefined)[] = [...places]
  while (open.length > 0) {
    const place = open.pop()
    if (place === undefined || found.has(place)) continue
    found.add(place)
    const {
      dependencies,
      optionalDependencies,
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = packages[place] as Installed
    const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
    const all = [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]
    open.push(...all.map((name) => resolve(name, place, packages)))
  }
  return found
}

/** Looks for a package as Node does: beside the one that imports it, then further up. */
function resolve(name: string, by: string, packages: Tree): string | undefined {
  for (let above = by; ; above = above.slice(0, Math.max(0, above.lastIndexOf("/node_modules/")))) {
    const place = `${above === "" ? "" : `${above}/`}node_modules/${name}`
    if (packages[place]) return place
    if (above === "") return undefined
  }
}

async function linkCommands(folder: string, links: Map<string, string>, packages: Tree): Promise<void> {
  const bin = join(folder, "node_modules/.bin")
  await mkdir(bin, { recursive: true })
  for (const [to, place] of links)
    for (const [name, path] of Object.entries(packages[place]?.bin ?? {}))
      if (!existsSync(join(bin, name))) await symlink(join("../..", to, path), join(bin, name))
}

/** Tells whether a version is the one named, or in its range of `^`. */
function satisfies(version: string, range: string): boolean {
  if (!range.startsWith("^")) return version === range
  if (/-/.test(version + range)) return version === range.slice(1)
  const [have, least] = [version, range.slice(1)].map((text) => text.split(".").map(Number)) as [number[], number[]]
  const fixed = least.findIndex((part) => part > 0)
  const differs = have.findIndex((part, n) => part !== (least[n] ?? 0))
  return differs === -1 || (differs > fixed && (have[differs] as number) > (least[differs] ?? 0))
}
