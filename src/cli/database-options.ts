import type { Command } from "cac"
import { flagOf, NAMED_TABLES, type TableNames } from "../store/tables/table-place.js"
import { UsageError } from "./usage-error.js"

/** Options as cac hands them over: it makes numbers of what looks like one, and a list of an option that is given twice. */
export type GivenOptions = Record<string, unknown>

/** Adds the options that say which database. */
export function databaseOptions(command: Command): Command {
  return command
    .option(
      "--database-url <url>",
      "postgres://… or the folder of a PGlite database (default: the variable DATABASE_URL)",
    )
    .option("--json", "Print the report as JSON")
}

/** Adds the options that say where the tables of an app are that have not the names of the default ones. */
export function tableOptions(command: Command): Command {
  command.option("--schema <name>", "The PostgreSQL schema of the tables (default: the search path says)")
  for (const option of NAMED_TABLES) {
    const what = flagOf(option).slice(2, -"-table".length).replaceAll("-", " ")
    command.option(`${flagOf(option)} <name>`, `The name of the table of ${what}`)
  }
  return command
}

/** The database to open. */
export function databaseAddress({ databaseUrl = process.env.DATABASE_URL }: GivenOptions): string {
  if (typeof databaseUrl === "string" && databaseUrl !== "") return databaseUrl
  throw new UsageError("Which database? Give one --database-url, or set the variable DATABASE_URL.")
}

/** Prints on stderr which parts of the address are ignored. */
export function showNote(note: string): void {
  console.error(`authjs-lazy: ${note}`)
}

/** Returns the schema of the tables: from `--schema`, or from the address. */
export function inSchemaOf(names: TableNames, { schema }: { schema: string | undefined }): TableNames {
  return { ...names, schema: names.schema ?? schema }
}

/** Where its tables are, as far as options say. */
export function tableNames(options: GivenOptions): TableNames {
  const tables = NAMED_TABLES.flatMap((option) =>
    options[option] === undefined ? [] : [[option, readName(flagOf(option), options[option])]],
  )
  const schema = options.schema === undefined ? undefined : readName("--schema", options.schema)
  return { schema, tables: Object.fromEntries(tables) }
}

function readName(option: string, given: unknown): string {
  if (typeof given === "string" && given !== "") return given
  throw new UsageError(`${option} takes one name.`)
}

/** The path of a file, or undefined where the option is not given. */
export function readFilePath(option: string, given: unknown): string | undefined {
  if (given === undefined || (typeof given === "string" && given !== "")) return given
  throw new UsageError(`${option} takes one file.`)
}

/**
 * Whether a flag was given. cac lets one take a value and be given twice; what is meant by that is not to be guessed where the flag is all
 * that keeps users from being deleted.
 */
export function readFlag(option: string, given: unknown): boolean {
  if (given === undefined || given === false) return false
  if (given === true) return true
  throw new UsageError(`${option} takes no value, and is given once.`)
}

/** A whole number, or undefined where the option is not given. */
export function readCount(option: string, given: unknown): number | undefined {
  if (given === undefined) return undefined
  if (typeof given === "number" && Number.isSafeInteger(given) && given > 0) return given
  throw new UsageError(`${option} takes a whole number, 1 or more.`)
}
