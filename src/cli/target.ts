import { pgTable, text } from "drizzle-orm/pg-core"
import { LazyAdapter } from "../store/lazy-adapter.js"
import type { LazyStore } from "../store/lazy-store.js"
import type { Database } from "../store/sql/database.js"
import { columnName } from "../store/sql/identifiers.js"
import { defaultTables } from "../store/tables/schema.js"
import { type AppConfig, findConfigFile, readAppConfig } from "./app/app-config.js"
import { readEnvFiles } from "./app/env-files.js"
import { readDefaultTables } from "./database/default-tables.js"
import { explainFailure } from "./database/explain-failure.js"
import { lookedAt, refuseWrongTables } from "./database/looked-at.js"
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
  /**
   * Opens the store on the app's tables, or on the default ones.
   * @throws LazySetupError when these are missing, or the lazy users seem to be in other ones
   */
  store(): Promise<OpenStore>
}

/** A store with the names of the tables that the command looks at, as reports name them. */
interface OpenStore {
  lazy: LazyStore
  tables: string[]
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
  /**
   * Whether lazy users in other tables belong to another app.
   * @default false
   */
  beside?: boolean
}

/**
 * Finds the app and the database of a command, does the work, and closes what it opened. The
 * configuration comes from `--config`, or from a `lazy.config` file without `--database-url`, and
 * variables that aren't set from `.env.local` and `.env`.
 * @throws UsageError when nothing names a database
 */
export async function withTarget<Result>(
  options: GivenOptions,
  surroundings: Surroundings,
  work: Work<Result>,
): Promise<Result> {
  const { failure, run } = work
  const onNote = (note: string) => tell(surroundings, `authjs-lazy: ${note}`)
  const given = readAddress(options.databaseUrl)
  const found = await readEnvFiles(surroundings.cwd, surroundings.env, given, onNote)
  const app = await findApp(options, given, work.command, surroundings)
  if (app) surroundings.closers.push(() => closeClient(app.db))
  const address = app ? given : found
  if (address)
    return withDatabase(address, {
      ...work,
      cwd: surroundings.cwd,
      casing: app && casingOf(app.db),
      onNote,
      run: (db, { schema }) => run({ db, app, schema, store: () => openStore({ db, app, schema }, work, onNote) }),
    })
  if (!app)
    throw new UsageError(
      "The database is missing. Pass --config <file> to use that of your app, or --database-url, or set DATABASE_URL or POSTGRES_URL in the environment, .env.local or .env.",
    )
  try {
    const { db } = app
    return await run({ db, app, schema: undefined, store: () => openStore({ db, app }, work, onNote) })
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
  { db, app, schema }: { db: Database; app: AppConfig | undefined; schema?: string | undefined },
  { command, beside = false }: Pick<Work<unknown>, "command" | "beside">,
  onNote: (note: string) => void,
): Promise<OpenStore> {
  // A command that changes users needs what the purge needs.
  const used = command === "stats" ? "stats" : "purge"
  if (app) {
    const lazy = db === app.db ? app.store : LazyAdapter(db, app.tables).lazy
    return { lazy, tables: await lookedAt(db, app.tables, used) }
  }
  const tables = await readDefaultTables(db, schema, used)
  if (!beside) await refuseWrongTables(db, defaultTables(schema).usersTable, { command: used, onNote })
  // Identities, passkeys and passwords tell whom `adopt` must leave alone.
  const opened = command === "adopt" ? defaultTables(schema) : tables
  return { lazy: LazyAdapter(db, opened).lazy, tables: await lookedAt(db, tables, used) }
}

const probes = pgTable("probe", { plainName: text(), snake_name: text() })

/** Finds the `casing` option of a Drizzle database, which names its columns. */
function casingOf(db: Database): "snake_case" | "camelCase" | undefined {
  if (columnName(db, probes.plainName) === "plain_name") return "snake_case"
  return columnName(db, probes.snake_name) === "snakeName" ? "camelCase" : undefined
}
