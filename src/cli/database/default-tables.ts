import { getTableColumns } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { type Column, readColumns } from "../../store/sql/catalogue/columns.js"
import { isOutsidePublic, readReferringTable } from "../../store/sql/catalogue/tables.js"
import type { Database } from "../../store/sql/database.js"
import { qualifiedName } from "../../store/sql/identifiers.js"
import { COLUMN_RULES } from "../../store/tables/column-rules.js"
import type { LazyAdapterOptions } from "../../store/tables/resolve-tables.js"
import { defaultTables, lazyColumns, NAMED_TABLES, type NamedTable, schema } from "../../store/tables/schema.js"

/**
 * Returns the default tables that a database has, for purging and counting. Older versions of this
 * library created fewer.
 * @param schemaName the PostgreSQL schema; undefined to use the search path
 * @param command the running command, such as `purge`, which the advice repeats with `--config`
 * @throws LazySetupError when these are not the default tables, or sessions may be in another one
 */
export async function readDefaultTables(
  db: Database,
  schemaName: string | undefined,
  command: string,
): Promise<LazyAdapterOptions> {
  if (schemaName === "public") await refuseOtherSchema(db)
  const tables = defaultTables(schemaName)
  const found = await readColumns(
    db,
    NAMED_TABLES.map((option) => qualifiedName(tables[option])),
  )
  const columnsOf = (option: NamedTable) => found[NAMED_TABLES.indexOf(option)] ?? undefined
  const own = `If your tables are not the default ones, name your configuration: npx authjs-lazy ${command} --config auth.ts`

  const users = columnsOf("usersTable")
  if (!users)
    throw new LazySetupError(
      `There is no table ${qualifiedName(tables.usersTable)} in the database. Create the default tables: npx authjs-lazy migrate. ${own}`,
    )
  for (const option of NAMED_TABLES) {
    const columns = columnsOf(option)
    if (columns) checkColumns(qualifiedName(tables[option]), option, columns, own)
  }
  checkIds(qualifiedName(tables.usersTable), users, own)
  if (!columnsOf("sessionsTable")) await refuseOtherSessions(db, qualifiedName(tables.usersTable), own)

  const { passwordsTable, lazyOutcomesTable, ...others } = tables
  return {
    ...others,
    ...(columnsOf("passwordsTable") && { passwordsTable }),
    ...(columnsOf("lazyOutcomesTable") && { lazyOutcomesTable }),
  }
}

function checkColumns(target: string, option: NamedTable, columns: Column[], own: string): void {
  const standard: Record<string, AnyPgColumn> = getTableColumns(schema[option])
  const needed = Object.entries(COLUMN_RULES[option]).flatMap(([property, { isCounted }]) =>
    isCounted ? [property] : [],
  )
  const missing = needed.filter((property) => !columns.some(({ name }) => name === standard[property]?.name))
  if (missing.length === 0) return
  const migrate = missing.every((property) => property in lazyColumns())
    ? " Add what is missing: npx authjs-lazy migrate."
    : ""
  throw new LazySetupError(`The table ${target} lacks ${missing.join(", ")}.${migrate} ${own}`)
}

/** Refuses ids that aren't text, which the default tables never have. */
function checkIds(target: string, users: Column[], own: string): void {
  const type = users.find(({ name }) => name === "id")?.baseType
  if (type !== "text" && type !== "varchar")
    throw new LazySetupError(`In the table ${target}, id is of type ${type}, not text. ${own}`)
}

/** Refuses when another table seems to hold the sessions, since the purge would not see them. */
async function refuseOtherSessions(db: Database, users: string, own: string): Promise<void> {
  const table = await readReferringTable(db, users, "sessiontoken")
  if (table)
    throw new LazySetupError(`There is no table "session", but ${table} looks like a table of sessions. ${own}`)
}

/** Refuses a search path that finds the tables outside of `public`, which Drizzle can't name. */
async function refuseOtherSchema(db: Database): Promise<void> {
  for (const table of Object.values(schema)) {
    const target = qualifiedName(table)
    if (await isOutsidePublic(db, target))
      throw new LazySetupError(
        `The search_path of this database user finds the table ${getTableConfig(table).name} outside of the schema public. Set search_path = public for this user.`,
      )
  }
}
