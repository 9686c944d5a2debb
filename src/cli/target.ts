import { pgTable, text } from "drizzle-orm/pg-core"
import { LazyAdapter } from "../store/lazy-adapter.js"
import type { LazyStore } from "../store/lazy-store.js"
import type { Database } from "../store/sql/database.js"
import { columnName } from "../store/sql/identifiers.js"
import { type AppConfig, findConfigFile, readAppConfig } from "./app/app-config.js"
import { readDefaultTables } from "./database/default-tables.js"
import { explainFailure } from "./database/explain-failure.js"
import { closeClient, withDatabase } from "./database/open-database.js"
import { UsageError } from "./exit-codes.js"
import { type GivenOptions, readText } from "./options.js"
import { type Surroundings, tell } from "./surroundings.js"

/** Names the app and the database that a command works on. */
export interface Target {
  db: Database
  /** The app's configuration; undefined for a database URL without `--config`. */
  app: AppConfig | undefined
  /** The PostgreSQL schema that the database URL names. */
  schema: string | undefined
  /** Opens the store on the app's tables, or on the default ones. */
  store(): Promise<LazyStore>
}

/** Describes the work on a target. */
interface Work<Result> {
  command: "adopt" | "doctor" | "migrate" | "purge" | "stats"
  run: (target: Target) => Promise<Result>
  /** Begins the message of an error, such as "The migration failed". */
  failure: string
  /**
   * Whether to create the folder of a PGlite database.
   * @default false
   */
  create?: boolean
}

/**
 * Finds the app and the database of a command, does the work, and closes what it opened. The
 * configuration comes from `--config`, or from a `lazy.config` file without `--database-url`.
 * @throws UsageError when nothing names a database
 */
export async function withTarget<Result>(
  options: GivenOptions,
  surroundings: Surroundings,
  work: Work<Result>,
): Promise<Result> {
  const { command, failure, run } = work
  const given = readAddress(options.databaseUrl)
  const app = await findApp(options, given, command, surroundings)
  if (app) surroundings.closers.push(() => closeClient(app.db))
  const address = given ?? (app ? undefined : surroundings.env.DATABASE_URL)
  if (address !== undefined && address !== "")
    return withDatabase(address, {
      ...work,
      cwd: surroundings.cwd,
      casing: app && casingOf(app.db),
      onNote: (note) => tell(surroundings, `authjs-lazy: ${note}`),
      run: (db, { schema }) => run({ db, app, schema, store: () => openStore(db, app, schema, command) }),
    })
  if (!app)
    throw new UsageError(
      "The database is missing. Pass --config <file> to use that of your app, or --database-url, or set DATABASE_URL.",
    )
  try {
    return await run({ db: app.db, app, schema: undefined, store: async () => app.store })
  } catch (error) {
    throw explainFailure(error, failure, { of: app.file })
  }
}

function readAddress(given: unknown): string | undefined {
  if (given === undefined || (typeof given === "string" && given !== "")) return given
  throw new UsageError("--database-url takes one URL, or one folder of a PGlite database.")
}

async function findApp(
  options: GivenOptions,
  address: string | undefined,
  command: string,
  surroundings: Surroundings,
): Promise<AppConfig | undefined> {
  const { cwd } = surroundings
  const named = readText("--config", options.config, "file")
  const file = named ?? (await findConfigFile(cwd))
  if (file === undefined) return undefined
  if (named === undefined && address !== undefined) {
    tell(
      surroundings,
      `authjs-lazy: --database-url replaces ${file}, which is not read. Add --config ${file} to read it.`,
    )
    return undefined
  }
  if (named === undefined) tell(surroundings, `authjs-lazy: Reading the configuration from ${file}.`)
  // Keep whatever the app's module prints out of the report.
  surroundings.divertStdout()
  return readAppConfig(file, cwd, command)
}

async function openStore(
  db: Database,
  app: AppConfig | undefined,
  schema: string | undefined,
  command: string,
): Promise<LazyStore> {
  const tables = app ? app.tables : await readDefaultTables(db, schema, command)
  return LazyAdapter(db, tables).lazy
}

const probes = pgTable("probe", { plainName: text(), snake_name: text() })

/** Finds the `casing` option of a Drizzle database, which names its columns. */
function casingOf(db: Database): "snake_case" | "camelCase" | undefined {
  if (columnName(db, probes.plainName) === "plain_name") return "snake_case"
  return columnName(db, probes.snake_name) === "snakeName" ? "camelCase" : undefined
}
