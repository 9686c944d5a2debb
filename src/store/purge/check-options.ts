import { LazySetupError } from "../../errors.js"
import type { PurgeOptions } from "./types.js"

const DAY = 24 * 60 * 60
const LARGEST_BATCH = 10_000
const LONGEST = 100_000 * DAY

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
  refuseUnknown(options)
  return {
    olderThan: seconds(options, "olderThan"),
    sessionMaxAge: seconds(options, "sessionMaxAge"),
    force: flag(options, "force"),
    batchSize: whole(options, "batchSize", 1, LARGEST_BATCH) ?? 1000,
    limit: whole(options, "limit", 0, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    dryRun: flag(options, "dryRun"),
    cascade: flag(options, "cascade"),
    beside: flag(options, "beside"),
    keep: callable(options, "keep"),
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
  beside: true,
  keep: true,
  onPurge: true,
  signal: true,
  onProgress: true,
}

function refuseUnknown(options: PurgeOptions): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(KNOWN, name))
  if (unknown !== undefined)
    throw new LazySetupError(`purge: there is no option ${unknown}. Use ${Object.keys(KNOWN).join(", ")}.`)
}

function seconds(options: PurgeOptions, name: "olderThan" | "sessionMaxAge"): number | undefined {
  const value: unknown = options[name]
  if (value === undefined) return undefined
  if (typeof value === "number" && value >= 0 && value <= LONGEST) return value
  throw new LazySetupError(`purge: \`${name}\` must be a number of seconds from 0 to ${LONGEST}.`)
}

function whole(options: PurgeOptions, name: "batchSize" | "limit", least: number, most: number): number | undefined {
  const value: unknown = options[name]
  if (value === undefined) return undefined
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value
  throw new LazySetupError(`purge: \`${name}\` must be a whole number from ${least} to ${most}.`)
}

/** Reads an option that must be true or false; the text "false" would be truthy. */
function flag(options: PurgeOptions, name: "force" | "dryRun" | "cascade" | "beside"): boolean {
  const value: unknown = options[name] ?? false
  if (typeof value === "boolean") return value
  throw new LazySetupError(`purge: \`${name}\` must be true or false.`)
}

function callable<Name extends "keep" | "onPurge" | "onProgress">(
  options: PurgeOptions,
  name: Name,
): PurgeOptions[Name] {
  const value: unknown = options[name]
  if (value === undefined || typeof value === "function") return options[name]
  throw new LazySetupError(`purge: \`${name}\` must be a function.`)
}

/** Reads an abort signal by its property, since there can be several classes of that name. */
function abortSignal(signal: PurgeOptions["signal"]): AbortSignal | undefined {
  if (signal === undefined || typeof signal?.aborted === "boolean") return signal
  throw new LazySetupError("purge: `signal` must be an AbortSignal: signal: AbortSignal.timeout(60_000)")
}
