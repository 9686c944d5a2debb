import { getTableColumns, sql } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import type { Database } from "../../store/sql/database.js"
import { qualifiedName } from "../../store/sql/identifiers.js"
import { queryRows } from "../../store/sql/query.js"
import { type FoundColumn, readColumns } from "../../store/sql/read-columns.js"
import type { LazyAdapterOptions } from "../../store/tables/resolve-tables.js"
import { defaultTables, lazyColumns, NAMED_TABLES, type NamedTable, schema } from "../../store/tables/schema.js"

/** The columns that purging and counting read. */
const NEEDED: Record<NamedTable, string[]> = {
  usersTable: ["id", "lazySince", "convertedAt", "seenAt"],
  sessionsTable: ["userId", "expires"],
  accountsTable: ["userId"],
  authenticatorsTable: ["userId"],
  verificationTokensTable: [],
  passwordsTable: ["userId"],
  lazyOutcomesTable: Object.keys(getTableColumns(schema.lazyOutcomesTable)),
}

/**
 * Returns those of the default tables that a database has, for purging and counting. Older versions
 * of this library made fewer.
 * @param schemaName the PostgreSQL schema; default: the search path decides
 * @param command the command to name with `--config` where the tables are other ones, such as `purge`
 * @throws LazySetupError in one line, when the tables are not the default ones, or sessions may be elsewhere
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
      `There is no table ${qualifiedName(tables.usersTable)} in the database. Make the default tables: npx authjs-lazy migrate. ${own}`,
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

function checkColumns(target: string, option: NamedTable, columns: FoundColumn[], own: string): void {
  const standard: Record<string, AnyPgColumn> = getTableColumns(schema[option])
  const missing = NEEDED[option].filter((property) => !columns.some(({ name }) => name === standard[property]?.name))
  if (missing.length === 0) return
  const migrate = missing.every((property) => property in lazyColumns())
    ? " Add what is missing: npx authjs-lazy migrate."
    : ""
  throw new LazySetupError(`The table ${target} lacks ${missing.join(", ")}.${migrate} ${own}`)
}

/** The default tables refer to users by text; ids of another type mean tables of the app's own. */
function checkIds(target: string, users: FoundColumn[], own: string): void {
  const type = users.find(({ name }) => name === "id")?.type
  if (type !== "text" && type !== "varchar")
    throw new LazySetupError(`In the table ${target}, id is of type ${type}, not text. ${own}`)
}

/** Keeps users with a live session from being purged because the sessions are in another table. */
async function refuseOtherSessions(db: Database, users: string, own: string): Promise<void> {
  const [table] = await queryRows<{ name: string }>(
    db,
    sql`select conrelid::regclass::text as name from pg_constraint
      where contype = 'f' and confrelid = to_regclass(${users}) and exists (
        select from pg_attribute
        where attrelid = conrelid and not attisdropped and lower(replace(attname, '_', '')) = 'sessiontoken'
      )
      order by 1 limit 1`,
  )
  if (table)
    throw new LazySetupError(`There is no table "session", but ${table.name} looks like a table of sessions. ${own}`)
}

/** Refuses a search path that leads elsewhere than to `public`, which Drizzle can't name. */
async function refuseOtherSchema(db: Database): Promise<void> {
  for (const table of Object.values(schema)) {
    const target = qualifiedName(table)
    const [elsewhere] = await queryRows(
      db,
      sql`select from (select to_regclass(${target}) as named, to_regclass(${`public.${target}`}) as meant) as table_of
        where named is distinct from meant`,
    )
    if (elsewhere)
      throw new LazySetupError(
        `By the search path of this user, ${getTableConfig(table).name} is not a table of the schema public. Set search_path = public for this user.`,
      )
  }
}
