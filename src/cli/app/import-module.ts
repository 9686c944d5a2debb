import { pathToFileURL } from "node:url"
import { LazySetupError } from "../../errors.js"
import { printable } from "../report/format.js"

/** The error codes of Node for modules that tsx or a bundler may be able to load. */
const NOT_FOR_NODE = [
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_MODULE_NOT_FOUND",
  "MODULE_NOT_FOUND",
]

/**
 * Imports a module of the app.
 * @param path its absolute path
 * @param file its path, as given on the command line
 * @param command the command to repeat with tsx, such as `purge`
 * @throws LazySetupError with a message of one line
 */
export async function importModule(path: string, file: string, command: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    const { code, message }: { code?: unknown; message: string } =
      error instanceof Error ? error : new Error(String(error))
    const hint = NOT_FOR_NODE.includes(String(code))
      ? `. If the module is TypeScript or written for a bundler, run this command with tsx: npx tsx node_modules/authjs-lazy/dist/cli/main.js ${command} --config ${file}`
      : ""
    throw new LazySetupError(printable(`--config: ${file} could not be imported: ${message}${hint}`))
  }
}
