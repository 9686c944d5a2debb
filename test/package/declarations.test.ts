import { readdirSync } from "node:fs"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { expect, it } from "vitest"

const folder = fileURLToPath(new URL("../types/apps", import.meta.url))
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
}

const host = ts.createCompilerHost(options)
const read = host.getSourceFile.bind(host)
/** The declarations of packages, parsed once for all apps. */
const parsed = new Map<string, ts.SourceFile | undefined>()
host.getSourceFile = (name, ...rest) => {
  if (!parsed.has(name)) parsed.set(name, read(name, ...rest))
  return parsed.get(name)
}

/** Tells whether a file is the app's or an entry of this library. */
const isOurs = (path: string) => !path.includes("/node_modules/") && /\/(dist|types\/apps)\/[^/]+$/.test(path)

// Each is a program of its own, since declarations of modules count in all of it.
it.each(readdirSync(folder))(
  "compiles %s, an app with declarations of its own, against the built package",
  {
    timeout: 120_000,
  },
  (name) => {
    const program = ts.createProgram([`${folder}/${name}`], options, host)
    const checked = program.getSourceFiles().filter(({ fileName }) => isOurs(fileName))
    expect(checked.map(({ fileName }) => basename(fileName))).toEqual(expect.arrayContaining([name, "index.d.ts"]))
    const found = checked
      .flatMap((file) => program.getSemanticDiagnostics(file))
      .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`)
    expect(found).toEqual([])
  },
)
