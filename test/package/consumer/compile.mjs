import ts from "typescript"

// Prints the errors in the project and in authjs-lazy, and writes the project's JavaScript. The
// declarations of @auth/core, drizzle-orm and PGlite don't compile on their own, so they are not checked.
const { options, fileNames, errors } = ts.getParsedCommandLineOfConfigFile(
  "tsconfig.json",
  {},
  {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic(diagnostic) {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"))
    },
  },
)
const program = ts.createProgram(fileNames, options)
const ours = program.getSourceFiles().filter(({ fileName }) => !/node_modules\/(?!authjs-lazy\/)/.test(fileName))
const found = ours.flatMap((file) => [
  ...program.getSyntacticDiagnostics(file),
  ...program.getSemanticDiagnostics(file),
])
const diagnostics = [...errors, ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...found]
process.stdout.write(ts.formatDiagnostics(diagnostics, ts.createCompilerHost(options)))
program.emit()
