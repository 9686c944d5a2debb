import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { root } from "./pages.js"

/** The code of an `@example` in a docstring. */
export interface Example {
  /** Path of the source file below the root, with the line of the docstring. */
  place: string
  /** Absolute path of the source file. */
  file: string
  code: string
  /** The interface and the property that the docstring belongs to, if it belongs to a property. */
  property: { owner: string; name: string } | undefined
}

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => join(root, "src", path))
  .map((path) => ({ path, text: readFileSync(path, "utf8") }))

/** Counts the `@example` tags in the source by their text alone. */
export function countTags(): number {
  return sources.flatMap(({ text }) => text.match(/^\s*(?:\/\*)?\*+ @example\b/gm) ?? []).length
}

/** Reads every `@example` from the docstrings in the source. */
export function readExamples(): Example[] {
  return sources.flatMap(({ path, text }) => {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
    const docstrings = new Map<number, { doc: ts.JSDoc; node: ts.Node }>()
    const visit = (node: ts.Node): void => {
      for (const doc of ts.getJSDocCommentsAndTags(node)) if (ts.isJSDoc(doc)) docstrings.set(doc.pos, { doc, node })
      ts.forEachChild(node, visit)
    }
    visit(source)
    return [...docstrings.values()].flatMap(({ doc, node }) => {
      const line = source.getLineAndCharacterOfPosition(doc.pos).line + 1
      const place = `${path.slice(root.length).replaceAll("\\", "/")}:${line}`
      return codeOf(doc.getText()).map((code) => ({ place, file: path, code, property: propertyOf(node) }))
    })
  })
}

function codeOf(docstring: string): string[] {
  const plain = docstring
    .replace(/^\/\*\*/, "")
    .replace(/\*\/$/, "")
    .replaceAll(/^\s*\* ?/gm, "")
  return plain
    .split(/^\s*@example\b/m)
    .slice(1)
    .map((text) => {
      const fenced = /^\s*```ts\n(?<code>.*?)^```/ms.exec(text)?.groups?.code
      return fenced ?? text.split(/^\s*@\w+/m)[0]?.trim() ?? ""
    })
}

function propertyOf(node: ts.Node): Example["property"] {
  if (!ts.isPropertySignature(node) && !ts.isMethodSignature(node)) return undefined
  if (!ts.isInterfaceDeclaration(node.parent)) return undefined
  return { owner: node.parent.name.text, name: node.name.getText() }
}

/**
 * Lists the functions and the options types that the package exports without an `@example`, as
 * `file: name`.
 */
export function findWithoutExample(entries: readonly string[], program: ts.Program): string[] {
  const checker = program.getTypeChecker()
  const missing = entries.flatMap((entry) => {
    const source = program.getSourceFile(join(root, "src", entry))
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`The program has no module src/${entry}.`)
    return checker
      .getExportsOfModule(module)
      .map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each))
      .filter((symbol) => needsExample(symbol, checker))
      .filter((symbol) => !symbol.getJsDocTags().some(({ name }) => name === "example"))
      .map((symbol) => {
        const { fileName = "" } = symbol.declarations?.[0]?.getSourceFile() ?? {}
        return `${fileName.slice(root.length)}: ${symbol.name}`
      })
  })
  return [...new Set(missing)].toSorted()
}

function needsExample(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  const declaration = symbol.declarations?.find((each) => each.getSourceFile().fileName.startsWith(join(root, "src")))
  if (!declaration) return false
  if (ts.isInterfaceDeclaration(declaration)) return /(Options|Config)$/.test(symbol.name)
  if (ts.isFunctionDeclaration(declaration)) return true
  return ts.isVariableDeclaration(declaration) && checker.getTypeAtLocation(declaration).getCallSignatures().length > 0
}
