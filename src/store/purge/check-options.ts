import { OptionReader } from "../../option-reader.js"
import type { PurgeOptions } from "./types.js"

const LARGEST_BATCH = 10_000

/**
 * {@link PurgeOptions} with the defaults that depend on nothing of the app; `limit` is Infinity for
 * all users.
 */
export type CheckedPurge = PurgeOptions &
  Required<Pick<PurgeOptions, "force" | "batchSize" | "limit" | "dryRun" | "cascade" | "beside">>

/**
 * Checks each option of a purge by itself, without a database or an app. Refuses an invalid one
 * instead of ignoring it, since nothing brings deleted users back.
 * @throws LazySetupError naming the option
 */
export function checkPurgeOptions(options: PurgeOptions): CheckedPurge {
  const given = new OptionReader("purge", options, KNOWN)
  return {
    olderThan: given.seconds("olderThan"),
    sessionMaxAge: given.seconds("sessionMaxAge"),
    force: given.flag("force"),
    batchSize: given.whole("batchSize", 1, LARGEST_BATCH) ?? 1000,
    limit: given.whole("limit", 0, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    dryRun: given.flag("dryRun"),
    cascade: given.flag("cascade"),
    beside: given.flag("beside"),
    keep: given.callable("keep"),
    onPurge: given.callable("onPurge"),
    signal: given.signal(),
    onProgress: given.callable("onProgress"),
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
  beside: true,
  keep: true,
  onPurge: true,
  signal: true,
  onProgress: true,
}
