import type { Command } from "cac"
import { UsageError } from "./exit-codes.js"

/** Options as cac returns them: numbers for what looks like one, and a list for an option given twice. */
export type GivenOptions = Record<string, unknown>

/** Adds the options that say which app and which database. */
export function targetOptions(command: Command): Command {
  return command
    .option(
      "--config <file>",
      "The module that exports what withLazy returned (default: lazy.config.ts, .mts, .js or .mjs in this folder)",
    )
    .option(
      "--database-url <url>",
      "postgres://… or the folder of a PGlite database; alone, for the default tables (default: the variable DATABASE_URL)",
    )
    .option("--json", "Print the report as JSON")
}

/** The options that said what the configuration says by itself, by their names in cac. */
const REMOVED: Record<string, string> = {
  schema: "--schema",
  usersTable: "--users-table",
  sessionsTable: "--sessions-table",
  accountsTable: "--accounts-table",
  authenticatorsTable: "--authenticators-table",
  verificationTokensTable: "--verification-tokens-table",
  passwordsTable: "--passwords-table",
  lazyOutcomesTable: "--lazy-outcomes-table",
  sessionMaxAge: "--session-max-age",
}

/** @throws UsageError naming `--config` for an option of an earlier version */
export function refuseRemovedOptions(options: GivenOptions, command: string): void {
  const [, flag] = Object.entries(REMOVED).find(([name]) => name in options) ?? []
  if (flag === undefined) return
  const what = flag === "--session-max-age" ? "how long sessions live" : "the tables"
  throw new UsageError(
    `There is no ${flag} any more: the command reads ${what} from your configuration. Write: npx authjs-lazy ${command} --config auth.ts`,
  )
}

/** Reads an option that takes one text, such as a file; undefined where it isn't given. */
export function readText(option: string, given: unknown, what: string): string | undefined {
  if (given === undefined || (typeof given === "string" && given !== "")) return given
  // cac makes a number of a name such as 2026.
  if (typeof given === "number") return String(given)
  throw new UsageError(`${option} takes one ${what}.`)
}

/**
 * Tells whether a flag is given. Refuses a value and a second time, because some flags are all that
 * keeps users from being deleted.
 */
export function readFlag(option: string, given: unknown): boolean {
  if (given === undefined || given === false) return false
  if (given === true) return true
  throw new UsageError(`${option} takes no value, and is given once.`)
}

/** Reads a whole number; undefined where the option isn't given. */
export function readCount(option: string, given: unknown): number | undefined {
  if (given === undefined) return undefined
  if (typeof given === "number" && Number.isSafeInteger(given) && given > 0) return given
  throw new UsageError(`${option} takes a whole number, 1 or more.`)
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 24 * 3600, w: 7 * 24 * 3600 }

/**
 * Reads a duration, such as `30d`, `12h` or `90` seconds, in seconds; undefined where the option
 * isn't given.
 * @throws UsageError naming the option
 */
export function readDuration(option: string, given: unknown): number | undefined {
  if (given === undefined) return undefined
  const [, count, unit = "s"] = /^(\d{1,9}(?:\.\d+)?)([smhdw])?$/.exec(String(given)) ?? []
  if (count === undefined) throw new UsageError(`${option} takes a duration: 30d, 12h, 45m, or a number of seconds.`)
  return Number(count) * (UNITS[unit] as number)
}
