import { existsSync, readFileSync, realpathSync } from "node:fs"
import { dirname, join } from "node:path"

/** A copy of `@auth/core` and its importers. */
export interface CoreCopy {
  folder: string
  version: string
  /** Packages, and `your app`. */
  importers: string[]
}

/** Packages that import `@auth/core`. */
const IMPORTERS = [
  "authjs-lazy",
  "next-auth",
  "@auth/express",
  "@auth/sveltekit",
  "@hono/auth-js",
  "@auth/drizzle-adapter",
] as const

/**
 * Finds every copy of `@auth/core` that an app in this folder loads, as Node looks for packages: up
 * from the folder of each importer.
 */
export function findAuthCores(cwd: string): CoreCopy[] {
  const copies = new Map<string, CoreCopy>()
  const add = (importer: string, from: string) => {
    const folder = findPackage("@auth/core", from)
    if (folder === undefined) return
    const copy = copies.get(folder) ?? { folder, version: versionOf(folder), importers: [] }
    copies.set(folder, { ...copy, importers: [...copy.importers, importer] })
  }
  add("your app", cwd)
  for (const importer of IMPORTERS) {
    const folder = findPackage(importer, cwd)
    if (folder !== undefined) add(importer, folder)
  }
  return [...copies.values()]
}

/** Finds the version of a package that an app in this folder loads; undefined without one. */
export function findVersion(name: string, cwd: string): string | undefined {
  const folder = findPackage(name, cwd)
  return folder && versionOf(folder)
}

/**
 * Finds the folder of a package as seen from another folder, with links resolved. `resolve()` would
 * find only what the `exports` of the package let through.
 */
function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name)
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate)
    if (dirname(folder) === folder) return undefined
  }
}

function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version
}
