import { getTableColumns } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { type Column, readColumns } from "../../store/sql/catalogue/columns.js"
import { readUsersLike } from "../../store/sql/catalogue/lazy-tables.js"
import { isOutsidePublic, readReferringTable } from "../../store/sql/catalogue/tables.js"
import type { Database } from "../../store/sql/database.js"
import { qualifiedName, quoted } from "../../store/sql/identifiers.js"
import { COLUMN_RULES } from "../../store/tables/column-rules.js"
import type { LazyAdapterOptions } from "../../store/tables/resolve-tables.js"
import { defaultTables, lazyColumns, type NamedTable, schema } from "../../store/tables/schema.js"
import { listTables } from "../../store/users/other-users.js"

/** The tables that a command uses. */
const USED = {
  purge: ["usersTable", "sessionsTable", "lazyOutcomesTable"],
  stats: ["usersTable", "lazyOutcomesTable"],
} as const satisfies Record<string, readonly NamedTable[]>

/** The columns of users that only the purge reads. */
const FOR_PURGE = ["id", "seenAt"]

/**
 * Returns the default tables that a database has and a command uses. Looks at no others: an app may
 * have tables of such names for other things. Older versions of this library created fewer.
 * @param schemaName the PostgreSQL schema; undefined to use the search path
 * @param command the running command, which the advice repeats with `--config`
 * @throws LazySetupError when these are not the default tables, or sessions may be in another one
 */
export async function readDefaultTables(
  db: Database,
  schemaName: string | undefined,
  command: keyof typeof USED,
): Promise<LazyAdapterOptions> {
  const options: readonly NamedTable[] = USED[command]
  if (schemaName === "public") await refuseOtherSchema(db, options)
  const tables = defaultTables(schemaName)
  const found = await readColumns(
    db,
    options.map((option) => qualifiedName(tables[option])),
  )
  const columnsOf = (option: NamedTable) => found[options.indexOf(option)] ?? undefined
  const own = `If your tables are not the default ones, name your configuration: npx authjs-lazy ${command} --config auth.ts`

  const target = qualifiedName(tables.usersTable)
  const users = columnsOf("usersTable")
  if (!users) {
    const create = "Create the default tables: npx authjs-lazy migrate."
    throw new LazySetupError(
      `There is no table ${target} in the database. ${(await otherColumns(db)) ?? create} ${own}`,
    )
  }
  for (const option of options) {
    const columns = columnsOf(option) ?? []
    const missing = missingColumns(option, columns)
    const isRead = (property: string) => command === "purge" || option !== "usersTable" || !FOR_PURGE.includes(property)
    if (columns.length === 0 || !missing.some(isRead)) continue
    const isNew = missing.every((property) => property in lazyColumns())
    const add = isNew ? `${(await otherColumns(db)) ?? "Add what is missing: npx authjs-lazy migrate."} ` : ""
    throw new LazySetupError(`The table ${qualifiedName(tables[option])} lacks ${missing.join(", ")}. ${add}${own}`)
  }
  if (command === "purge") {
    checkIds(target, users, own)
    if (!columnsOf("sessionsTable")) await refuseOtherSessions(db, target, own)
  }
  const { usersTable, sessionsTable, lazyOutcomesTable } = tables
  return { usersTable, sessionsTable, ...(columnsOf("lazyOutcomesTable") && { lazyOutcomesTable }) }
}

function missingColumns(option: NamedTable, columns: Column[]): string[] {
  const standard: Record<string, AnyPgColumn> = getTableColumns(schema[option])
  const needed = Object.entries(COLUMN_RULES[option]).filter(([, { isCounted }]) => isCounted)
  return needed
    .map(([property]) => property)
    .filter((property) => !columns.some(({ name }) => name === standard[property]?.name))
}

/** Names the tables that have the columns of lazy users: migrating would add a second set. */
async function otherColumns(db: Database): Promise<string | undefined> {
  const others = (await readUsersLike(db)).filter(({ lazySince }) => lazySince !== null)
  const [first] = others
  return first && `But ${listTables(others)} has them, as ${quoted(first.lazySince as string)}.`
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
async function refuseOtherSchema(db: Database, options: readonly NamedTable[]): Promise<void> {
  for (const table of options.map((option) => schema[option])) {
    const target = qualifiedName(table)
    if (await isOutsidePublic(db, target))
      throw new LazySetupError(
        `The search_path of this database user finds the table ${getTableConfig(table).name} outside of the schema public. Set search_path = public for this user.`,
      )
  }
}
