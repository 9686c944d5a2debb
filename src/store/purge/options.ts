import { getTableColumns, is, SQL } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import { writtenUsers } from "../tables/legacy-hash.js"
import type { Tables } from "../tables/resolve-tables.js"
import { DEFAULT_SESSION_MAX_AGE } from "../users/session-life.js"
import { checkPurgeOptions } from "./check-options.js"
import type { PurgeColumns, PurgeHook, PurgeOptions, PurgeProgress } from "./types.js"

/** {@link PurgeOptions}, checked and complete. */
export interface PurgeSettings {
  /** The moment the purge began: sessions that expire later are alive. */
  now: Date
  /** Users who were last seen before this moment are old enough. */
  before: Date
  batchSize: number
  /** The number of users; Infinity for all of them. */
  limit: number
  dryRun: boolean
  cascade: boolean
  /** Whether lazy users in other tables belong to another app. */
  beside: boolean
  /** The condition for users to keep. */
  keep: SQL | undefined
  onPurge: PurgeHook | undefined
  signal: AbortSignal | undefined
  onProgress: ((progress: PurgeProgress) => void) | undefined
}

/**
 * Checks the options of a purge and fills in what is missing.
 * @throws LazySetupError naming the option and the fix
 */
export function resolvePurgeOptions(options: PurgeOptions, tables: Tables): PurgeSettings {
  const checked = checkPurgeOptions(options)
  const { sessionMaxAge = DEFAULT_SESSION_MAX_AGE, olderThan = sessionMaxAge } = checked
  if (olderThan < sessionMaxAge && !checked.force)
    throw new LazySetupError(
      `purge: \`olderThan\` is ${olderThan} seconds, but a session can live for ${sessionMaxAge}, so users who can still come back would be deleted. ` +
        `Use olderThan: ${sessionMaxAge} or more, or force: true.`,
    )
  const now = new Date()
  const { batchSize, limit, dryRun, cascade, beside, onPurge, signal, onProgress } = checked
  return {
    now,
    before: new Date(now.valueOf() - olderThan * 1000),
    batchSize,
    limit,
    dryRun,
    cascade,
    beside,
    keep: condition(checked.keep, getTableColumns(writtenUsers(tables)) as PurgeColumns),
    onPurge,
    signal,
    onProgress,
  }
}

/**
 * Uses the database's clock if this process's clock is ahead, which would make active users look
 * old enough to go.
 */
export function noLaterThan(clock: Date, settings: PurgeSettings): PurgeSettings {
  const ahead = settings.now.valueOf() - clock.valueOf()
  if (ahead <= 0) return settings
  return { ...settings, now: clock, before: new Date(settings.before.valueOf() - ahead) }
}

function condition(keep: PurgeOptions["keep"], columns: PurgeColumns): SQL | undefined {
  if (keep === undefined) return undefined
  const kept: unknown = keep(columns)
  if (kept === undefined || is(kept, SQL)) return kept
  throw new LazySetupError(
    'purge: `keep` must return a condition of Drizzle, not a promise: keep: (user) => eq(user.plan, "paid")',
  )
}
