import { getTableColumns, getTableName, is, SQL, sql } from "drizzle-orm"
import { type AnyPgColumn, PgColumn } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { OptionReader } from "../../option-reader.js"
import type { GenerateEmail } from "../create/generated-email.js"
import { generateLazyName } from "../create/generated-name.js"
import type { PurgeColumns } from "../purge/types.js"
import { writtenUsers } from "../tables/legacy-hash.js"
import type { Tables } from "../tables/resolve-tables.js"
import { unmarked } from "../users/marked-moments.js"
import { DEFAULT_SESSION_MAX_AGE } from "../users/session-life.js"
import type { AdoptOptions, AdoptProgress } from "./types.js"

const LARGEST_BATCH = 10_000

/** {@link AdoptOptions}, checked and complete. */
export interface AdoptSettings {
  where: SQL
  now: Date
  seenAt: Date
  /** The expression for when a user was made; undefined for now. */
  createdAt: SQL | undefined
  legacyHash: AnyPgColumn | undefined
  dryRun: boolean
  everyone: boolean
  batchSize: number
  limit: number
  generateName: () => string | Promise<string>
  generateEmail: GenerateEmail
  signal: AbortSignal | undefined
  onProgress: ((progress: AdoptProgress) => void) | undefined
}

const KNOWN: Record<keyof AdoptOptions, true> = {
  where: true,
  dryRun: true,
  everyone: true,
  createdAt: true,
  legacyHash: true,
  oldAppUntil: true,
  oldSessionMaxAge: true,
  sessionMaxAge: true,
  generateName: true,
  generateEmail: true,
  batchSize: true,
  limit: true,
  signal: true,
  onProgress: true,
}

/**
 * Checks the options of an adoption and fills in what is missing.
 * @throws LazySetupError naming the option and the fix
 */
export function resolveAdoptOptions(options: AdoptOptions, tables: Tables): AdoptSettings {
  const given = new OptionReader("adopt", options, KNOWN)
  const usersTable = writtenUsers(tables)
  const now = new Date()
  const sessionMaxAge = given.seconds("sessionMaxAge") ?? DEFAULT_SESSION_MAX_AGE
  const { oldAppUntil = now } = options
  if (!(oldAppUntil instanceof Date) || Number.isNaN(oldAppUntil.valueOf()))
    throw new LazySetupError('adopt: `oldAppUntil` must be a date: oldAppUntil: new Date("2026-01-31")')
  // The purge counts one age of a session from `seenAt`; the sessions of before may have had more.
  const longer = Math.max(0, (given.seconds("oldSessionMaxAge") ?? 0) - sessionMaxAge)
  const seenAt = unmarked(new Date(Math.max(now.valueOf(), oldAppUntil.valueOf()) + longer * 1000))
  return {
    where: condition(options.where, getTableColumns(usersTable) as PurgeColumns),
    now,
    seenAt,
    createdAt: moment(options.createdAt),
    legacyHash: ownColumn(options.legacyHash, usersTable) ?? tables.legacyHash?.column,
    dryRun: given.flag("dryRun"),
    everyone: given.flag("everyone"),
    batchSize: given.whole("batchSize", 1, LARGEST_BATCH) ?? 500,
    limit: given.whole("limit", 0, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    generateName: given.callable("generateName") ?? generateLazyName,
    generateEmail: given.callable("generateEmail") ?? (({ id }) => `${id}@lazy.invalid`),
    signal: given.signal(),
    onProgress: given.callable("onProgress"),
  }
}

function condition(where: AdoptOptions["where"], columns: PurgeColumns): SQL {
  const built: unknown = typeof where === "function" ? where(columns) : where
  if (is(built, SQL)) return built
  throw new LazySetupError(
    'adopt: `where` must be a condition of Drizzle that finds your guests: where: (user) => like(user.email, "guest-%")',
  )
}

function moment(given: unknown): SQL | undefined {
  if (given === undefined) return undefined
  if (is(given, SQL) || is(given, PgColumn)) return sql`${given}`
  throw new LazySetupError("adopt: `createdAt` must be a column of the user table: createdAt: users.createdAt")
}

function ownColumn(given: unknown, usersTable: Tables["usersTable"]): AnyPgColumn | undefined {
  if (given === undefined) return undefined
  if (is(given, PgColumn) && getTableName(given.table) === getTableName(usersTable)) return given
  throw new LazySetupError("adopt: `legacyHash` must be a column of the user table: legacyHash: users.password")
}
