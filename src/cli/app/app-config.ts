import { stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import { contextOf } from "../../auth/context/request-context.js"
import type { LazyAuth } from "../../auth/request/head.js"
import { longestSession } from "../../auth/session/settings.js"
import { internals, type LazyStore, type StoreSetup } from "../../store/lazy-store.js"
import { UsageError } from "../exit-codes.js"
import { printable } from "../report/format.js"
import { importModule } from "./import-module.js"

/** Describes an app's configuration, with its store and session age. */
export interface AppConfig extends Pick<StoreSetup, "db" | "tables" | "generators"> {
  /** The path of its module, as given on the command line. */
  file: string
  auth: LazyAuth
  /** The app's store, which may come from another copy of this library. */
  store: LazyStore
  /** How long a session of the app can live, in seconds. */
  sessionMaxAge: number
  /** The module's export `purge`, not yet checked. */
  purge: unknown
}

/** The files to look for without `--config`. */
const CONFIG_FILES = ["lazy.config.ts", "lazy.config.mts", "lazy.config.js", "lazy.config.mjs"]

/**
 * Finds the configuration file in a folder; undefined if there is none.
 * @throws UsageError when there are several
 */
export async function findConfigFile(folder: string): Promise<string | undefined> {
  const there = await Promise.all(CONFIG_FILES.map((name) => isFile(join(folder, name))))
  const found = CONFIG_FILES.filter((_, position) => there[position])
  if (found.length > 1)
    throw new UsageError(`This folder has ${found.join(" and ")}. Name the one to read: --config ${found[0]}`)
  return found[0]
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ?? false
}

/** The names under which a module may export what `withLazy` returned. */
const NAMES = ["authConfig", "auth", "lazyAuth", "config", "default"] as const

/**
 * Imports a module of the app and reads the configuration that it exports.
 * @param file its path, relative to `cwd`
 * @param command the running command, such as `purge`
 * @throws UsageError when the file is missing, or doesn't export exactly one result of `withLazy`
 * @throws LazySetupError when the file can't be imported
 */
export async function readAppConfig(file: string, cwd: string, command: string): Promise<AppConfig> {
  const path = resolve(cwd, file)
  if (!(await isFile(path))) throw new UsageError(`--config: there is no file ${printable(path)}.`)
  const exported = await importModule(path, file, command)
  const auth = selectConfiguration(exported, file)
  const config = auth()
  const store = contextOf(config)?.adapter.lazy
  if (!store)
    throw new UsageError(
      `--config: withLazy did not make the configuration that ${file} exports. Write: export const authConfig = withLazy({ … })`,
    )
  const setup = (internals(store) as Partial<Pick<ReturnType<typeof internals>, "setup">>).setup?.()
  if (!setup)
    throw new UsageError(
      `--config: the configuration in ${file} must use LazyAdapter. Write: withLazy({ adapter: LazyAdapter(db), … })`,
    )
  const sessionMaxAge = Math.max(longestSession(config), setup.sessionMaxAge ?? 0)
  const { db, tables, generators = {} } = setup
  return { file, auth, store, db, tables, generators, sessionMaxAge, purge: exported.purge }
}

function selectConfiguration(exported: Record<string, unknown>, file: string): LazyAuth {
  // Count a configuration that is exported under two names once.
  const configurations = [...new Set(NAMES.map((name) => exported[name]))].filter(isConfiguration)
  if (configurations.length > 1) {
    const names = NAMES.filter((name) => configurations.includes(exported[name] as LazyAuth))
    throw new UsageError(
      `--config: ${file} exports several configurations (${names.join(", ")}). Export only one of them.`,
    )
  }
  const [auth] = configurations
  if (auth) return auth
  const plain = NAMES.find((name) => makesProviders(exported[name]))
  throw new UsageError(
    plain === undefined
      ? `--config: ${file} does not export what withLazy returned. Name it ${NAMES.slice(0, -1).join(", ")}, or export it by default: export const authConfig = withLazy({ … })`
      : `--config: withLazy did not make the configuration that ${file} exports as ${plain}. Write: export const ${plain === "default" ? "authConfig" : plain} = withLazy({ … })`,
  )
}

/**
 * Tells whether an export returns a configuration of Auth.js without a request. Calls it, because a
 * module run by tsx may use another copy of `withLazy`.
 */
function isConfiguration(exported: unknown): exported is LazyAuth {
  if (typeof exported !== "function") return false
  try {
    const made: unknown = exported()
    // `auth` of next-auth returns a promise, which rejects outside of a request.
    Promise.resolve(made).catch(() => {})
    return makesProviders(made)
  } catch {
    return false
  }
}

function makesProviders(made: unknown): boolean {
  if (typeof made !== "object" || made === null) return false
  return "providers" in made && Array.isArray(made.providers)
}
