import { getTableColumns, is, SQL } from "drizzle-orm"
import { LazySetupError } from "../errors.js"
import type { PurgeColumns, PurgeHook, PurgeOptions, PurgeProgress } from "./lazy-store.js"
import type { Tables } from "./tables.js"

const DAY = 24 * 60 * 60
const LARGEST_BATCH = 10_000
const LONGEST = 100_000 * DAY

/** {@link PurgeOptions}, checked and complete. */
export interface PurgeSettings {
  /** The moment it began: sessions that expire later are alive. */
  now: Date
  /** Users who were last seen before this moment are old enough. */
  before: Date
  batchSize: number
  /** Infinity for all there are. */
  limit: number
  dryRun: boolean
  cascade: boolean
  /** The condition for users to keep. */
  keep: SQL | undefined
  onPurge: PurgeHook | undefined
  signal: AbortSignal | undefined
  onProgress: ((progress: PurgeProgress) => void) | undefined
}

/**
 * Checks the options of a purge and fills in what is missing. A wrong one is refused and never ignored: what is deleted doesn't come back.
 * @throws LazySetupError naming the option and the fix
 */
export function resolvePurgeOptions(options: PurgeOptions, { usersTable }: Tables): PurgeSettings {
  refuseUnknown(options)
  const sessionMaxAge = seconds(options, "sessionMaxAge") ?? 30 * DAY
  const olderThan = seconds(options, "olderThan") ?? sessionMaxAge
  if (olderThan < sessionMaxAge && !flag(options, "force"))
    throw new LazySetupError(
      `purge: olderThan is ${olderThan} seconds, but a session can live for ${sessionMaxAge}: users who can still come back would go. ` +
        `Use olderThan: ${sessionMaxAge} or more, or force: true.`,
    )
  const now = new Date()
  return {
    now,
    before: new Date(now.valueOf() - olderThan * 1000),
    batchSize: whole(options, "batchSize", 1, LARGEST_BATCH) ?? 1000,
    limit: whole(options, "limit", 0, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    dryRun: flag(options, "dryRun"),
    cascade: flag(options, "cascade"),
    keep: condition(options.keep, getTableColumns(usersTable) as PurgeColumns),
    onPurge: callable(options, "onPurge"),
    signal: abortSignal(options.signal),
    onProgress: callable(options, "onProgress"),
  }
}

const KNOWN: Record<keyof PurgeOptions, true> = {
  olderThan: true,
  sessionMaxAge: true,
  force: true,
  batchSize: true,
  limit: true,
  dryRun: true,
  cascade: true,
  keep: true,
  onPurge: true,
  signal: true,
  onProgress: true,
}

function refuseUnknown(options: PurgeOptions): void {
  const unknown = Object.keys(options).find((name) => !(name in KNOWN))
  if (unknown !== undefined)
    throw new LazySetupError(`purge: there is no option ${unknown}. There are: ${Object.keys(KNOWN).join(", ")}.`)
}

function seconds(options: PurgeOptions, name: "olderThan" | "sessionMaxAge"): number | undefined {
  const value: unknown = options[name]
  if (value === undefined) return undefined
  if (typeof value === "number" && value >= 0 && value <= LONGEST) return value
  throw new LazySetupError(`purge: ${name} is to be a number of seconds from 0 to ${LONGEST}.`)
}

function whole(options: PurgeOptions, name: "batchSize" | "limit", least: number, most: number): number | undefined {
  const value: unknown = options[name]
  if (value === undefined) return undefined
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value
  throw new LazySetupError(`purge: ${name} is to be a whole number from ${least} to ${most}.`)
}

/** Not by truthiness: "false" would be true. */
function flag(options: PurgeOptions, name: "force" | "dryRun" | "cascade"): boolean {
  const value: unknown = options[name] ?? false
  if (typeof value === "boolean") return value
  throw new LazySetupError(`purge: ${name} is to be true or false.`)
}

function callable<Name extends "onPurge" | "onProgress">(options: PurgeOptions, name: Name): PurgeOptions[Name] {
  const value: unknown = options[name]
  if (value === undefined || typeof value === "function") return options[name]
  throw new LazySetupError(`purge: ${name} is to be a function.`)
}

function condition(keep: PurgeOptions["keep"], columns: PurgeColumns): SQL | undefined {
  if (keep === undefined) return undefined
  const kept: unknown = typeof keep === "function" ? keep(columns) : keep
  if (typeof keep === "function" && (kept === undefined || is(kept, SQL))) return kept
  throw new LazySetupError(
    'purge: keep is to be a function that returns a condition of Drizzle, such as (user) => eq(user.plan, "paid"); it can\'t be async.',
  )
}

/** Not by its class, of which there can be several. */
function abortSignal(signal: PurgeOptions["signal"]): AbortSignal | undefined {
  if (signal === undefined || typeof signal?.aborted === "boolean") return signal
  throw new LazySetupError("purge: signal is to be an AbortSignal.")
}
