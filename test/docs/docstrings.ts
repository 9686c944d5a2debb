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
 * Lists the functions, classes and options types that the package exports without an `@example`, as
 * `file: name`.
 */
export function findWithoutExample(entries: readonly string[], program: ts.Program): string[] {
  const checker = program.getTypeChecker()
  return exportsOf(entries, program)
    .filter((symbol) => needsExample(symbol, checker) && !hasTag(symbol, "example"))
    .map(nameOf)
    .toSorted()
}

/** Lists the names that the package exports, and the members of its types, that have no docstring. */
export function findWithoutDocstring(entries: readonly string[], program: ts.Program): string[] {
  const checker = program.getTypeChecker()
  return [...exportsOf(entries, program), ...membersOf(entries, program)]
    .filter((symbol) => symbol.getDocumentationComment(checker).length === 0)
    .map(nameOf)
    .toSorted()
}

/** Lists the options that an app may leave out and whose docstring does not say what comes of it. */
export function findWithoutDefault(entries: readonly string[], program: ts.Program): string[] {
  return membersOf(entries, program)
    .filter((symbol) => symbol.flags & ts.SymbolFlags.Optional && OPTIONS.test(ownerOf(symbol)))
    .filter((symbol) => !hasTag(symbol, "default"))
    .map(nameOf)
    .toSorted()
}

/** Lists the exported functions that throw an error which their docstring does not name. */
export function findWithoutThrows(entries: readonly string[], program: ts.Program): string[] {
  return exportsOf(entries, program)
    .flatMap((symbol) => {
      const errors = symbol.declarations?.filter(ts.isFunctionDeclaration).flatMap(({ body }) => thrownIn(body)) ?? []
      const named = symbol.getJsDocTags().flatMap(({ name, text }) => (name === "throws" ? (text ?? []) : []))
      const known = named.map(({ text }) => text).join("")
      return errors.filter((error) => !known.includes(error)).map((error) => `${nameOf(symbol)}: ${error}`)
    })
    .toSorted()
}

/** Names the errors that a function throws itself; what it passes to others may throw later. */
function thrownIn(node: ts.Node | undefined): string[] {
  if (node === undefined || ts.isFunctionLike(node)) return []
  if (ts.isThrowStatement(node) && ts.isNewExpression(node.expression)) return [node.expression.expression.getText()]
  const found: string[] = []
  ts.forEachChild(node, (child) => void found.push(...thrownIn(child)))
  return found
}

const OPTIONS = /(Options|Config|Limits|Proxy)$/

/** Lists what the entries export, without what they pass on from other packages. */
function exportsOf(entries: readonly string[], program: ts.Program): ts.Symbol[] {
  const checker = program.getTypeChecker()
  const symbols = entries.flatMap((entry) => {
    const source = program.getSourceFile(join(root, "src", entry))
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`The program has no module src/${entry}.`)
    return checker
      .getExportsOfModule(module)
      .map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each))
      .filter(({ declarations }) => declarations?.some(isOurs))
  })
  return [...new Set(symbols)]
}

/** Lists the properties and methods that exported interfaces and object types declare themselves. */
function membersOf(entries: readonly string[], program: ts.Program): ts.Symbol[] {
  const checker = program.getTypeChecker()
  return exportsOf(entries, program)
    .flatMap(({ declarations = [] }) => declarations)
    .flatMap((declaration): readonly ts.TypeElement[] => {
      if (ts.isInterfaceDeclaration(declaration)) return declaration.members
      return ts.isTypeAliasDeclaration(declaration) && ts.isTypeLiteralNode(declaration.type)
        ? declaration.type.members
        : []
    })
    .flatMap(({ name }) => (name && checker.getSymbolAtLocation(name)) ?? [])
}

function isOurs(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.startsWith(join(root, "src"))
}

function hasTag(symbol: ts.Symbol, tag: string): boolean {
  return symbol.getJsDocTags().some(({ name }) => name === tag)
}

/** Names a symbol by its file, and a member by the type that declares it. */
function nameOf(symbol: ts.Symbol): string {
  const { fileName = "" } = symbol.declarations?.[0]?.getSourceFile() ?? {}
  const owner = ownerOf(symbol)
  return `${fileName.slice(root.length)}: ${owner === "" ? "" : `${owner}.`}${symbol.name}`
}

function ownerOf(symbol: ts.Symbol): string {
  const parent = symbol.declarations?.[0]?.parent
  return parent && (ts.isInterfaceDeclaration(parent) || ts.isTypeAliasDeclaration(parent)) ? parent.name.text : ""
}

function needsExample(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  const declaration = symbol.declarations?.find(isOurs)
  if (!declaration) return false
  if (ts.isInterfaceDeclaration(declaration)) return /(Options|Config)$/.test(symbol.name)
  if (ts.isFunctionDeclaration(declaration) || ts.isClassDeclaration(declaration)) return true
  return ts.isVariableDeclaration(declaration) && checker.getTypeAtLocation(declaration).getCallSignatures().length > 0
}
