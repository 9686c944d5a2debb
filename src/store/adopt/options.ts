import { getTableColumns, getTableName, is, SQL, sql } from "drizzle-orm"
import { type AnyPgColumn, PgColumn } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import type { GenerateEmail } from "../create/generated-email.js"
import { generateLazyName } from "../create/generated-name.js"
import type { PurgeColumns } from "../purge/types.js"
import type { Tables } from "../tables/resolve-tables.js"
import { unmarked } from "../users/marked-moments.js"
import { DEFAULT_SESSION_MAX_AGE } from "../users/session-life.js"
import type { AdoptOptions, AdoptProgress } from "./types.js"

const LARGEST_BATCH = 10_000
const DAY = 24 * 60 * 60
const LONGEST = 100_000 * DAY

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
  const { usersTable } = tables
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(KNOWN, name))
  if (unknown !== undefined)
    throw new LazySetupError(`adopt: there is no option ${unknown}. Use ${Object.keys(KNOWN).join(", ")}.`)
  const now = new Date()
  const sessionMaxAge = seconds(options, "sessionMaxAge") ?? DEFAULT_SESSION_MAX_AGE
  const { oldAppUntil = now } = options
  if (!(oldAppUntil instanceof Date) || Number.isNaN(oldAppUntil.valueOf()))
    throw new LazySetupError('adopt: `oldAppUntil` must be a date: oldAppUntil: new Date("2026-01-31")')
  // The purge counts one age of a session from `seenAt`; the sessions of before may have had more.
  const longer = Math.max(0, (seconds(options, "oldSessionMaxAge") ?? 0) - sessionMaxAge)
  const seenAt = unmarked(new Date(Math.max(now.valueOf(), oldAppUntil.valueOf()) + longer * 1000))
  return {
    where: condition(options.where, getTableColumns(usersTable) as PurgeColumns),
    now,
    seenAt,
    createdAt: moment(options.createdAt),
    legacyHash: ownColumn(options.legacyHash, usersTable) ?? tables.legacyHash?.column,
    dryRun: flag(options, "dryRun"),
    everyone: flag(options, "everyone"),
    batchSize: whole(options, "batchSize", 1, LARGEST_BATCH) ?? 500,
    limit: whole(options, "limit", 0, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    generateName: callable(options, "generateName") ?? generateLazyName,
    generateEmail: callable(options, "generateEmail") ?? (({ id }) => `${id}@lazy.invalid`),
    signal: abortSignal(options.signal),
    onProgress: callable(options, "onProgress"),
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

function seconds(options: AdoptOptions, name: "sessionMaxAge" | "oldSessionMaxAge"): number | undefined {
  const value: unknown = options[name]
  if (value === undefined) return undefined
  if (typeof value === "number" && value >= 0 && value <= LONGEST) return value
  throw new LazySetupError(`adopt: \`${name}\` must be a number of seconds from 0 to ${LONGEST}.`)
}

function whole(options: AdoptOptions, name: "batchSize" | "limit", least: number, most: number): number | undefined {
  const value: unknown = options[name]
  if (value === undefined) return undefined
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value
  throw new LazySetupError(`adopt: \`${name}\` must be a whole number from ${least} to ${most}.`)
}

/** Reads an option that must be true or false; the text "false" would be truthy. */
function flag(options: AdoptOptions, name: "dryRun" | "everyone"): boolean {
  const value: unknown = options[name] ?? false
  if (typeof value === "boolean") return value
  throw new LazySetupError(`adopt: \`${name}\` must be true or false.`)
}

function callable<Name extends "generateName" | "generateEmail" | "onProgress">(
  options: AdoptOptions,
  name: Name,
): AdoptOptions[Name] {
  const value: unknown = options[name]
  if (value === undefined || typeof value === "function") return options[name]
  throw new LazySetupError(`adopt: \`${name}\` must be a function.`)
}

/** Reads an abort signal by its property, since there can be several classes of that name. */
function abortSignal(signal: AdoptOptions["signal"]): AbortSignal | undefined {
  if (signal === undefined || typeof signal?.aborted === "boolean") return signal
  throw new LazySetupError("adopt: `signal` must be an AbortSignal: signal: AbortSignal.timeout(60_000)")
}
