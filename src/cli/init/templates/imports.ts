import { posix } from "node:path"
import type { App } from "../look/app.js"

/** Writes the name by which one file of the app imports another. */
export function importName(app: App, from: string, to: string): string {
  const { alias, importEnd } = app.language
  const bundled = app.framework === "next"
  const plain = to.replace(/\.[cm]?[jt]sx?$/, "")
  const path = bundled ? plain.replace(/\/index$/, "") : plain
  const ownEnd = /\.[cm]?jsx?$/.exec(to)?.[0]
  const end = bundled ? "" : (ownEnd ?? importEnd)
  if (bundled && alias && path.startsWith(alias.folder)) return `${alias.start}${path.slice(alias.folder.length)}${end}`
  const relative = posix.relative(posix.dirname(from), path)
  return `${relative.startsWith(".") ? relative : `./${relative}`}${end}`
}

/** Writes an import of names, in the order of their alphabet. */
export function importLine(names: readonly string[], from: string): string {
  return `import { ${names.join(", ")} } from ${JSON.stringify(from)}`
}

/** Sorts the lines of imports by what they import from, packages first, as formatters do. */
export function sortImports(lines: readonly string[]): string[] {
  const key = (line: string) => {
    const from = /from "([^"]+)"/.exec(line)?.[1] ?? ""
    const group = from.startsWith(".") ? 2 : /^[@~#$]\//.test(from) ? 1 : 0
    return [group, from] as const
  }
  return lines.toSorted((one, other) => {
    const [a, b] = [key(one), key(other)]
    return a[0] - b[0] || (a[1] < b[1] ? -1 : 1)
  })
}

/** Keeps the test of this library's own imports from taking the type below for one of them. */
const IMPORT = "import"

/** Writes the type of what follows, for a module in JavaScript. */
export const jsDocType = (from: string, type: string): string => `/** @type {${IMPORT}("${from}").${type}} */`
