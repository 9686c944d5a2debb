import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import ts from "typescript"
import { expect, it } from "vitest"
import {
  countTags,
  type Example,
  findWithoutDefault,
  findWithoutDocstring,
  findWithoutExample,
  findWithoutThrows,
  readExamples,
} from "./docstrings.js"
import { root } from "./pages.js"

const { exports: entryPoints } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { default: string }>
}
const entries = Object.values(entryPoints)
  .filter((target) => typeof target === "object")
  .map((target) => target.default.replace("./dist/", "").replace(/\.js$/, ".ts"))

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
  ts.sys,
  root,
)
Object.assign(options, {
  verbatimModuleSyntax: false,
  moduleDetection: ts.ModuleDetectionKind.Force,
  paths: { "authjs-lazy": ["./src/index.ts"], "authjs-lazy/*": ["./src/*.ts"] },
})

const examples = readExamples()
const scope = join(root, "test/docs/docstring-scope.ts")
const written = new Map<string, { place: string; text: string }>()
const exported = new Map<string, Set<string>>()
const host = ts.createCompilerHost(options)
const { getSourceFile, fileExists, readFile } = host
host.fileExists = (path) => written.has(path) || fileExists(path)
host.readFile = (path) => written.get(path)?.text ?? readFile(path)
host.getSourceFile = (path, target, ...rest) => {
  const text = written.get(path)?.text
  return text === undefined ? getSourceFile(path, target, ...rest) : ts.createSourceFile(path, text, target)
}
const modules = ts.createProgram([...entries.map((entry) => join(root, "src", entry)), scope], options, host)
for (const [n, example] of examples.entries())
  written.set(join(dirname(scope), `docstring-example-${n}.ts`), { place: example.place, text: moduleOf(example) })
const wrong = join(dirname(scope), "docstring-example-wrong.ts")
const wrongExample = {
  place: "",
  file: join(root, "src/password/hash.ts"),
  code: "hashPassword(1)",
  property: undefined,
}
written.set(wrong, { place: "", text: moduleOf(wrongExample) })
const program = ts.createProgram([...modules.getRootFileNames(), ...written.keys()], options, host, modules)

it("reads every example that the docstrings have", () => {
  expect(examples.length).toBeGreaterThan(10)
  expect(examples).toHaveLength(countTags())
})

it("finds no type error in an example", () => {
  const problems = [...written].flatMap(([path, { place, text }]) =>
    path === wrong ? [] : problemsOf(path).map((problem) => `${place}: ${problem}\n${text}`),
  )
  expect(problems).toEqual([])
}, 120_000)

it("finds a type error where there is one", () => {
  expect(problemsOf(wrong)).toEqual([expect.stringContaining("'number' is not assignable")])
}, 120_000)

it("finds an example for every function, class and options type that the package exports", () => {
  expect(findWithoutExample(entries, program)).toEqual([])
}, 120_000)

it("finds a docstring for every exported name and every member of exported types", () => {
  expect(findWithoutDocstring(entries, program)).toEqual([])
}, 120_000)

it("finds the default of every option that an app may leave out", () => {
  expect(findWithoutDefault(entries, program)).toEqual([])
}, 120_000)

it("finds the errors that exported functions throw themselves", () => {
  expect(findWithoutThrows(entries, program)).toEqual([])
}, 120_000)

function problemsOf(path: string): string[] {
  const file = program.getSourceFile(path)
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, " "),
  )
}

/** Writes an example as a module that imports what the example leaves out. */
function moduleOf(example: Example): string {
  const { code, property } = example
  const body =
    property && new RegExp(`^${property.name}\\b`).test(code)
      ? `const example: Pick<${property.owner}, "${property.name}"> = {\n${code}\n}`
      : property && code.startsWith("{")
        ? `const example: ${property.owner}["${property.name}"] = ${code}`
        : code
  return `${importsFor(body, example.file).join("\n")}\n${body}\n`
}

/**
 * Imports the names that an example uses and doesn't declare: from the module of the docstring,
 * else from the package, else from the scope.
 */
function importsFor(body: string, file: string): string[] {
  const source = ts.createSourceFile("example.ts", body, ts.ScriptTarget.Latest, true)
  const used = new Set(identifiersIn(source))
  const declared = new Set(source.statements.flatMap(declaredBy))
  const places = [file, ...entries.map((entry) => join(root, "src", entry)), scope]
  return [...used].flatMap((name) => {
    const place = declared.has(name) ? undefined : places.find((place) => exportsOf(place).has(name))
    return place === undefined ? [] : [`import { ${name} } from "${place.replace(/\.tsx?$/, ".js")}"`]
  })
}

function identifiersIn(node: ts.Node): string[] {
  if (ts.isIdentifier(node)) return [node.text]
  const found: string[] = []
  ts.forEachChild(node, (child) => void found.push(...identifiersIn(child)))
  return found
}

function declaredBy(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => identifiersIn(name))
  if (ts.isImportDeclaration(statement)) return statement.importClause ? identifiersIn(statement.importClause) : []
  const { name } = statement as ts.DeclarationStatement
  return name ? identifiersIn(name) : []
}

function exportsOf(path: string): Set<string> {
  const known = exported.get(path)
  if (known) return known
  const checker = modules.getTypeChecker()
  const source = modules.getSourceFile(path)
  const symbol = source && checker.getSymbolAtLocation(source)
  const names = new Set(symbol ? checker.getExportsOfModule(symbol).map(({ name }) => name) : [])
  exported.set(path, names)
  return names
}
