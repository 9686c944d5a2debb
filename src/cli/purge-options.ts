import { LazySetupError } from "../errors.js"
import { checkPurgeOptions } from "../store/purge/check-options.js"
import type { PurgeOptions, PurgeProgress } from "../store/purge/types.js"
import type { StatsOptions } from "../store/stats/types.js"
import { DEFAULT_SESSION_MAX_AGE } from "../store/users/session-life.js"
import type { AppConfig } from "./app/app-config.js"
import { type GivenOptions, readCount, readDuration, readFlag } from "./options.js"
import { showDuration } from "./report/format.js"

/** The options of a purge that the command line can set. */
type GivenPurge = Pick<PurgeOptions, "olderThan" | "batchSize" | "limit"> &
  Record<"force" | "dryRun" | "cascade", boolean>

/** Reads the options of a purge from the command line. */
export function readPurgeOptions(options: GivenOptions): GivenPurge {
  return {
    olderThan: readDuration("--older-than", options.olderThan),
    force: readFlag("--force", options.force),
    batchSize: readCount("--batch-size", options.batchSize),
    limit: readCount("--limit", options.limit),
    dryRun: readFlag("--dry-run", options.dryRun),
    cascade: readFlag("--cascade", options.cascade),
  }
}

/** The parts that the command adds to a purge. */
interface Watch {
  signal: AbortSignal
  onProgress: (progress: PurgeProgress) => void
}

/**
 * Merges the command line with the export `purge` of the app's module. The command line wins, but
 * can't switch off what protects users: `keep`, `onPurge` and `dryRun` of the module.
 * @throws LazySetupError when an option is invalid, or `--older-than` is below the age of a session
 */
export function joinPurgeOptions(given: GivenPurge, app: AppConfig | undefined, watch: Watch): PurgeOptions {
  const own = app ? readExport(app) : {}
  const sessionMaxAge = Math.max(app?.sessionMaxAge ?? DEFAULT_SESSION_MAX_AGE, own.sessionMaxAge ?? 0)
  // The module's `force` belongs to its own `olderThan`, so it must not cover `--older-than`.
  const force = given.olderThan === undefined ? given.force || own.force === true : given.force
  if (given.olderThan !== undefined) refuseShort(given.olderThan, sessionMaxAge, force, app)
  return {
    ...own,
    sessionMaxAge,
    force,
    olderThan: given.olderThan ?? own.olderThan,
    batchSize: given.batchSize ?? own.batchSize,
    limit: given.limit ?? own.limit,
    dryRun: given.dryRun || own.dryRun === true,
    cascade: given.cascade || own.cascade === true,
    signal: own.signal ? AbortSignal.any([own.signal, watch.signal]) : watch.signal,
    onProgress(progress) {
      watch.onProgress(progress)
      own.onProgress?.(progress)
    },
  }
}

/** Tells whether the app's module purges with `cascade`. */
export const ownCascade = (app: AppConfig): boolean => readExport(app).cascade === true

/** Returns what the app's module says of whom a purge keeps, and how long sessions live. */
export function ownHeldBack(app: AppConfig): StatsOptions["purge"] {
  const { olderThan, sessionMaxAge = 0, force, keep, cascade } = readExport(app)
  const longest = Math.max(app.sessionMaxAge ?? DEFAULT_SESSION_MAX_AGE, sessionMaxAge)
  return { olderThan, sessionMaxAge: longest, force, keep, cascade }
}

function readExport({ file, purge = {} }: AppConfig): PurgeOptions {
  if (typeof purge !== "object" || purge === null)
    throw new LazySetupError(
      `--config: purge in ${file} must be an object of options. Write: export const purge = { keep, onPurge } satisfies PurgeOptions`,
    )
  try {
    checkPurgeOptions(purge)
  } catch (error) {
    throw error instanceof LazySetupError ? new LazySetupError(`--config: ${file}: ${error.message}`) : error
  }
  return purge
}

function refuseShort(olderThan: number, sessionMaxAge: number, force: boolean, app: AppConfig | undefined): void {
  if (force || olderThan >= sessionMaxAge) return
  const source = app ? `by ${app.file}` : "the default of Auth.js"
  throw new LazySetupError(
    `--older-than is ${showDuration(olderThan)}, but a session can live for ${showDuration(sessionMaxAge)} (${source}), so users who can still return would be deleted. ` +
      `Pass --older-than ${sessionMaxAge}s or more, or --force${app ? "" : ", or --config auth.ts to read the age of your sessions"}.`,
  )
}
