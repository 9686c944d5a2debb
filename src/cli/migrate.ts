import type { CAC } from "cac"
import { type MigrateReport, migrate } from "../store/migrate.js"
import { withDatabase } from "./database/open-database.js"
import { databaseAddress, databaseOptions, type GivenOptions, readFlag, showNote } from "./database-options.js"
import { DONE } from "./exit-codes.js"

/** Adds `authjs-lazy migrate`. */
export function addMigrate(cli: CAC): void {
  databaseOptions(
    cli.command("migrate", "Make the default tables, or add to those of @auth/drizzle-adapter what is missing"),
  )
    .option("--beside", "Make the default tables even where those of another Auth.js adapter are")
    .example("  $ authjs-lazy migrate --database-url postgres://localhost/app")
    .example("  $ DATABASE_URL=./data authjs-lazy migrate --json")
    .action(runMigrate)
}

async function runMigrate(options: GivenOptions): Promise<number> {
  const json = readFlag("--json", options.json)
  const beside = readFlag("--beside", options.beside)
  const report = await withDatabase(databaseAddress(options), {
    run: (db, { schema }) => migrate(db, { schema, beside }),
    onNote: showNote,
    failure: "The migration failed and nothing was changed",
    create: true,
  })
  console.log(json ? JSON.stringify(report) : summary(report))
  return DONE
}

function summary({ applied, baselined, appManaged, missing, beside = [] }: MigrateReport): string {
  if (appManaged) {
    return [
      "Nothing changed: the user table has the columns already, so your own migrations look after these tables.",
      ...(missing.length > 0 ? [`The default schema also has: ${missing.join(", ")}`] : []),
    ].join("\n")
  }
  const lines = [
    ...(baselined.length > 0 ? [`Recorded, for their tables were there already: ${baselined.join(", ")}`] : []),
    ...(applied.length > 0 ? [`Applied: ${applied.join(", ")}`] : []),
    ...(beside.length > 0
      ? [`Beside the tables of another Auth.js adapter, whose users stay there: ${beside.join(", ")}`]
      : []),
  ]
  return lines.length > 0 ? lines.join("\n") : "Nothing to do: every migration was applied before."
}
