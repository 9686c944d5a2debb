import type { CAC } from "cac"
import { getTableColumns } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig, type PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../errors.js"
import { type MigrateReport, migrate } from "../store/migrate.js"
import type { Database } from "../store/sql/database.js"
import { columnName } from "../store/sql/identifiers.js"
import { NAMED_TABLES, schema } from "../store/tables/schema.js"
import type { AppConfig } from "./app/app-config.js"
import { DONE } from "./exit-codes.js"
import { type GivenOptions, readFlag, targetOptions } from "./options.js"
import type { Surroundings } from "./surroundings.js"
import { withTarget } from "./target.js"

/** Adds the command `migrate`. */
export function addMigrate(cli: CAC, surroundings: Surroundings): void {
  targetOptions(
    cli.command("migrate", "Create the default tables, or add what is missing to those of @auth/drizzle-adapter"),
  )
    .option(
      "--beside",
      "Create the default tables even next to those of another Auth.js adapter, or of another app with lazy users",
    )
    .example("  $ authjs-lazy migrate --database-url postgres://localhost/app")
    .example("  $ authjs-lazy migrate --config auth.ts --json")
    .action((options: GivenOptions) => runMigrate(options, surroundings))
}

async function runMigrate(options: GivenOptions, surroundings: Surroundings): Promise<number> {
  const json = readFlag("--json", options.json)
  const beside = readFlag("--beside", options.beside)
  const report = await withTarget(options, surroundings, {
    command: "migrate",
    run({ db, app, schema }) {
      if (app) refuseOwnTables(app)
      return migrate(db, { schema, beside })
    },
    failure: "The migration failed and nothing was changed",
    create: true,
  })
  surroundings.print(json ? JSON.stringify(report) : summary(report))
  return DONE
}

/**
 * Refuses to create the default tables for an app that uses others. Compares the names of tables
 * and columns, because tsx may load this library twice.
 */
function refuseOwnTables({ db, file, tables }: AppConfig): void {
  const own = NAMED_TABLES.flatMap((option) => {
    const table = tables[option]
    if (!table) return []
    const { name, schema: schemaName } = getTableConfig(table as PgTable)
    const isNamed = name === getTableConfig(schema[option]).name && schemaName === undefined
    const isDefault = isNamed && hasDefaultColumns(db, table as PgTable, schema[option])
    return isDefault ? [] : [schemaName === undefined ? name : `${schemaName}.${name}`]
  })
  if (own.length > 0)
    throw new LazySetupError(
      `migrate creates the default tables, but the configuration in ${file} has its own: ${own.join(", ")}. ` +
        `Migrate these with the rest of your app, then check the result: npx authjs-lazy doctor --config ${file}`,
    )
}

/** Tells whether the columns of a table are called like those of a default one. */
function hasDefaultColumns(db: Database, table: PgTable, standard: PgTable): boolean {
  const columns: Record<string, AnyPgColumn> = getTableColumns(table)
  return Object.entries<AnyPgColumn>(getTableColumns(standard)).every(([property, { name }]) => {
    const column = columns[property]
    return column === undefined || columnName(db, column) === name
  })
}

function summary({ applied, baselined, appManaged, missing, beside = [] }: MigrateReport): string {
  if (appManaged) {
    return [
      "Nothing changed: the user table already has the columns, so your own migrations manage these tables.",
      ...(missing.length > 0 ? [`The default schema also has: ${missing.join(", ")}`] : []),
    ].join("\n")
  }
  const lines = [
    ...(baselined.length > 0 ? [`Recorded as applied, because their tables exist: ${baselined.join(", ")}`] : []),
    ...(applied.length > 0 ? [`Applied: ${applied.join(", ")}`] : []),
    ...(beside.length > 0
      ? [`Created next to the tables of another Auth.js adapter, which keep their users: ${beside.join(", ")}`]
      : []),
  ]
  return lines.length > 0 ? lines.join("\n") : "Nothing to do: every migration is already applied."
}
