import type { Command } from "cac"
import { UsageError } from "./exit-codes.js"

/** The options from cac, which parses numbers, and returns a list for a repeated option. */
export type GivenOptions = Record<string, unknown>

/** Adds the options that name the app and the database. */
export function targetOptions(command: Command): Command {
  return command
    .option(
      "--config <file>",
      "The module that exports the result of withLazy (default: lazy.config.ts, .mts, .js or .mjs in this folder)",
    )
    .option(
      "--database-url <url>",
      "postgres://… or the folder of a PGlite database; without --config, for the default tables (default: DATABASE_URL, or else POSTGRES_URL, from the environment, .env.local or .env)",
    )
    .option("--json", "Print the report as JSON")
}

/** Adds the option of commands that look for lazy users. */
export function besideOption(command: Command): Command {
  return command.option("--beside", "Don't mind lazy users in other tables, which belong to another app")
}

/** The flags of earlier versions for what the configuration now says, by their names in cac. */
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

/**
 * Refuses an option of an earlier version.
 * @throws UsageError naming `--config` in its place
 */
export function refuseRemovedOptions(options: GivenOptions, command: string): void {
  const [, flag] = Object.entries(REMOVED).find(([name]) => name in options) ?? []
  if (flag === undefined) return
  const what = flag === "--session-max-age" ? "how long sessions live" : "the tables"
  throw new UsageError(
    `${flag} was removed: the command reads ${what} from your configuration. Write: npx authjs-lazy ${command} --config auth.ts`,
  )
}

/** Reads an option that takes one string, such as a file; undefined without the option. */
export function readText(option: string, given: unknown, what: string): string | undefined {
  if (given === undefined || (typeof given === "string" && given !== "")) return given
  // cac parses a name such as 2026 as a number.
  if (typeof given === "number") return String(given)
  throw new UsageError(`${option} takes one ${what}.`)
}

/**
 * Tells whether a flag is given. Refuses a value and a repetition, since a misread `--dry-run`
 * would delete users.
 * @throws UsageError naming the option
 */
export function readFlag(option: string, given: unknown): boolean {
  if (given === undefined || given === false) return false
  if (given === true) return true
  throw new UsageError(`${option} takes no value, and may be given only once.`)
}

/** Reads a whole number; undefined without the option. */
export function readCount(option: string, given: unknown): number | undefined {
  if (given === undefined) return undefined
  if (typeof given === "number" && Number.isSafeInteger(given) && given > 0) return given
  throw new UsageError(`${option} takes a whole number, 1 or more.`)
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 24 * 3600, w: 7 * 24 * 3600 }

/**
 * Reads a duration such as `30d`, `12h` or `90`, in seconds; undefined without the option.
 * @throws UsageError naming the option
 */
export function readDuration(option: string, given: unknown): number | undefined {
  if (given === undefined) return undefined
  const [, count, unit = "s"] = /^(\d{1,9}(?:\.\d+)?)([smhdw])?$/.exec(String(given)) ?? []
  if (count === undefined) throw new UsageError(`${option} takes a duration: 30d, 12h, 45m, or a number of seconds.`)
  return Number(count) * (UNITS[unit] as number)
}
