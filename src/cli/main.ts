#!/usr/bin/env node
import { readFileSync } from "node:fs"
import { cac } from "cac"
import { LazyError } from "../errors.js"
import { type MigrateReport, migrate } from "../store/migrate.js"
import { withDatabase } from "../store/open-database.js"

const DONE = 0
const FAILED = 1
const USAGE = 2

/** The command line itself is wrong. */
class UsageError extends Error {}

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string
}

const cli = cac("authjs-lazy")

cli
  .command("migrate", "Make the default tables, or add to those of @auth/drizzle-adapter what is missing")
  .option(
    "--database-url <url>",
    "postgres://… or the folder of a PGlite database (default: the variable DATABASE_URL)",
  )
  .option("--json", "Print the report as JSON")
  .action(async (options: { databaseUrl?: unknown; json?: boolean }) => {
    const report = await withDatabase(databaseUrl(options.databaseUrl), {
      run: migrate,
      failure: "The migration failed and nothing was changed",
    })
    console.log(options.json ? JSON.stringify(report) : migrateSummary(report))
  })

cli.help()
cli.version(version)
process.exitCode = await run(process.argv)

/** Does what the arguments say and returns the exit code. */
async function run(argv: string[]): Promise<number> {
  try {
    const { options } = cli.parse(argv, { run: false })
    if (options.help) return DONE
    if (options.version) {
      if (cli.matchedCommandName) cli.outputVersion()
      return DONE
    }
    if (!cli.matchedCommand) throw new UsageError(cli.args[0] ? `Unknown command: ${cli.args[0]}` : "Which command?")
    await cli.runMatchedCommand()
    return DONE
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const usage = error instanceof UsageError || error.name === "CACError"
    // Anything but these is a bug, of which the stack is wanted.
    const text = usage ? error.message : (error.stack ?? error.message)
    console.error(`authjs-lazy: ${error instanceof LazyError ? error.message : withoutPasswords(text)}`)
    if (!usage) return FAILED
    // cac prints help through this, and the help that follows an error is no output.
    console.info = console.error
    console.error()
    cli.outputHelp()
    return USAGE
  }
}

function databaseUrl(given: unknown = process.env.DATABASE_URL): string {
  // cac makes a number of an empty argument, and a list of an option that is given twice.
  if (typeof given === "string" && given !== "") return given
  throw new UsageError("Which database? Give one --database-url, or set the variable DATABASE_URL.")
}

/** A database URL may have ended up in any place of the command line. */
function withoutPasswords(text: string): string {
  return text.replaceAll(/:\/\/\S*@/g, "://***@")
}

function migrateSummary({ applied, baselined, appManaged, missing }: MigrateReport): string {
  if (appManaged) {
    return [
      "Nothing changed: the user table has the columns already, so your own migrations look after these tables.",
      ...(missing.length > 0 ? [`The default schema also has: ${missing.join(", ")}`] : []),
    ].join("\n")
  }
  const lines = [
    ...(baselined.length > 0 ? [`Recorded, for their tables were there already: ${baselined.join(", ")}`] : []),
    ...(applied.length > 0 ? [`Applied: ${applied.join(", ")}`] : []),
  ]
  return lines.length > 0 ? lines.join("\n") : "Nothing to do: every migration was applied before."
}
