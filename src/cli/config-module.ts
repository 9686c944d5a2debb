import { stat } from "node:fs/promises"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { LazyAuth } from "../auth/request/head.js"
import { LazySetupError } from "../errors.js"
import { printable } from "./printable.js"
import { UsageError } from "./usage-error.js"

/** The names under which a module may export what `withLazy` returned. */
const NAMES = ["auth", "lazyAuth", "config", "default"] as const

/**
 * Imports a module of the app and takes from it what `withLazy` returned.
 * @param file its path, from the current folder
 * @throws UsageError when there is no such file, or when it doesn't export exactly one configuration
 * @throws LazySetupError when it can't be imported; the message is one line
 */
export async function importConfig(file: string): Promise<LazyAuth> {
  const path = resolve(file)
  if (!(await isFile(path))) throw new UsageError(`--config: there is no file ${printable(path)}.`)
  const exported = await importModule(path, file)
  // Exported under two names, it is one all the same, and asked once.
  const configurations = [...new Set(NAMES.map((name) => exported[name]))].filter(isConfiguration)
  if (configurations.length > 1)
    throw new UsageError(
      `--config: ${file} exports several configurations (${namesOf(configurations, exported)}). Leave one of them.`,
    )
  const [auth] = configurations
  if (!auth)
    throw new UsageError(
      `--config: ${file} does not export what withLazy returned. Name it ${NAMES.slice(0, -1).join(", ")}, or export it by default: export const auth = withLazy({ … })`,
    )
  return auth
}

function namesOf(configurations: LazyAuth[], exported: Record<string, unknown>): string {
  return NAMES.filter((name) => configurations.includes(exported[name] as LazyAuth)).join(", ")
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ?? false
}

/** What Node says where tsx, or a bundler, may know better. */
const NOT_FOR_NODE = [
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_MODULE_NOT_FOUND",
  "MODULE_NOT_FOUND",
]

async function importModule(path: string, file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    const { code, message }: { code?: unknown; message: string } =
      error instanceof Error ? error : new Error(String(error))
    const hint = NOT_FOR_NODE.includes(String(code))
      ? `. If Node alone can't read it, for it is TypeScript or made for a bundler, run this command with tsx: npx tsx node_modules/authjs-lazy/dist/cli/main.js doctor --config ${file}`
      : ""
    throw new LazySetupError(printable(`--config: ${file} could not be imported: ${message}${hint}`))
  }
}

/**
 * Whether this makes a configuration of Auth.js when there is no request. Not told by marks that `withLazy` could leave: tsx may give the module
 * another copy of this library.
 */
function isConfiguration(exported: unknown): exported is LazyAuth {
  if (typeof exported !== "function") return false
  try {
    const made: unknown = exported()
    // The `auth` of next-auth is asynchronous, and fails outside of a request.
    Promise.resolve(made).catch(() => {})
    return typeof made === "object" && made !== null && "providers" in made && Array.isArray(made.providers)
  } catch {
    return false
  }
}
