import { getTableColumns, sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { quoted } from "../sql/identifiers.js"
import { queryRows } from "../sql/query.js"
import { type FoundColumn, readColumns } from "../sql/read-columns.js"
import { defineTables, type FoundTables, idTypeOf } from "./define-tables.js"
import { alikeColumns, matchingColumn } from "./matching-column.js"
import type { LazyAdapterOptions } from "./resolve-tables.js"
import { lazyColumns, schema } from "./schema.js"
import { flagOf, NAMED_TABLES, type NamedTable, ownSchema, type TableNames, tableTarget } from "./table-place.js"

/**
 * The tables of an app as `LazyAdapter` takes them, made from what the database says of them. For purging and counting, where no definitions
 * in Drizzle are at hand: a column is found by its property, whatever its case and underscores (`lazy_since` is `lazySince`). One query.
 * @throws LazySetupError in one line, where the user table, a table that was named, or a column that is needed is not there
 */
export async function namedTables(db: Database, names: TableNames): Promise<LazyAdapterOptions> {
  const found = await readNamed(db, names)
  if (!found.sessionsTable && found.usersTable) await refuseUnnamedSessions(db, names)
  for (const option of NAMED_TABLES) {
    const columns = found[option]
    if (columns) checkColumns(names, option, columns)
    else checkAbsence(names, option)
  }
  return defineTables(names, found, (property, standard, columns) => {
    const column = matchingColumn(columns, property) ?? standard
    // The purge and the statistics insert no users, so they need no columns for inserts.
    return UNREAD.includes(property) ? { ...column, notNull: standard.notNull, hasDefault: false } : column
  })
}

/**
 * The same for the doctor, which tells what is missing and what is wrong by itself: the default definitions, under the names that the tables and
 * columns have; nothing where they are called like the default ones.
 */
export async function renamedTables(db: Database, names: TableNames): Promise<LazyAdapterOptions> {
  const found = await readNamed(db, names)
  let renamed = ownSchema(names) !== undefined || Object.keys(names.tables).length > 0 || idTypeOf(found) === "uuid"
  const tables = defineTables(names, found, (property, standard, columns) => {
    const { name, type } = matchingColumn(columns, property) ?? standard
    renamed ||= name !== standard.name
    const isOwnId = type === "uuid" && (property === "id" || property === "sessionToken")
    return { ...standard, name, type: isOwnId ? type : standard.type }
  })
  return renamed ? tables : {}
}

const UNREAD = ["name", "image", "emailVerified"]

/** Users with a live session must not go because nobody has said where the sessions are. */
async function refuseUnnamedSessions(db: Database, names: TableNames): Promise<void> {
  const [table] = await queryRows<{ name: string }>(
    db,
    sql`select conrelid::regclass::text as name from pg_constraint
      where contype = 'f' and confrelid = to_regclass(${tableTarget(names, "usersTable")}) and exists (
        select from pg_attribute
        where attrelid = conrelid and not attisdropped and lower(replace(attname, '_', '')) = 'sessiontoken'
      )
      order by 1 limit 1`,
  )
  if (table)
    throw new LazySetupError(
      `No table of sessions was found, but ${table.name} looks like one: name it by ${flagOf("sessionsTable")}.`,
    )
}

async function readNamed(db: Database, names: TableNames): Promise<FoundTables> {
  if (names.schema === "public") await refuseOtherSchema(db, names)
  const found = await readColumns(
    db,
    NAMED_TABLES.map((option) => tableTarget(names, option)),
  )
  return Object.fromEntries(NAMED_TABLES.map((option, position) => [option, found[position]])) as FoundTables
}

/** Drizzle can't name the schema public, so the search path has to lead there. */
async function refuseOtherSchema(db: Database, names: TableNames): Promise<void> {
  for (const option of NAMED_TABLES) {
    const target = tableTarget(names, option)
    const [elsewhere] = await queryRows(
      db,
      sql`select from (select to_regclass(${target}) as named, to_regclass(${`public.${target}`}) as meant) as table_of
        where named is distinct from meant`,
    )
    if (elsewhere)
      throw new LazySetupError(
        `By the search path of this user, ${target} is not a table of the schema public. Set search_path = public for this user.`,
      )
  }
}

/** The columns that purging and counting can't do without. Whether another one has a name of its own is nothing to them. */
const NEEDED: Record<NamedTable, string[]> = {
  usersTable: ["id", "lazySince", "convertedAt", "seenAt"],
  sessionsTable: ["userId", "expires"],
  accountsTable: ["userId"],
  authenticatorsTable: ["userId"],
  verificationTokensTable: [],
  passwordsTable: ["userId"],
  lazyOutcomesTable: Object.keys(getTableColumns(schema.lazyOutcomesTable)),
}

function checkAbsence(names: TableNames, option: NamedTable): void {
  if (option !== "usersTable" && names.tables[option] === undefined) return
  const migrate = isDefault(names, option) ? ", or make the default tables: authjs-lazy migrate" : ""
  throw new LazySetupError(
    `There is no table ${tableTarget(names, option)} in the database. Say what it is called by ${flagOf(option)}, and where it is by --schema${migrate}.`,
  )
}

const isDefault = (names: TableNames, option: NamedTable) =>
  ownSchema(names) === undefined && names.tables[option] === undefined

function checkColumns(names: TableNames, option: NamedTable, columns: FoundColumn[]): void {
  const missing = NEEDED[option].filter((property) => !matchingColumn(columns, property))
  if (missing.length > 0)
    throw new LazySetupError(
      `The table ${tableTarget(names, option)} lacks ${missing.join(", ")}. ${fixFor(names, option, missing)}`,
    )
  for (const property of NEEDED[option]) {
    const [one, other] = alikeColumns(columns, property)
    if (one && other && one.name !== property)
      throw new LazySetupError(
        `In the table ${tableTarget(names, option)}, both ${quoted(one.name)} and ${quoted(other.name)} could be ${property}.`,
      )
  }
}

function fixFor(names: TableNames, option: NamedTable, missing: string[]): string {
  if (option !== "usersTable" || !missing.every((property) => property in lazyColumns()))
    return "Columns are found by these names, whatever their case and underscores."
  return isDefault(names, option)
    ? "Add what is missing: authjs-lazy migrate"
    : "Spread lazyColumns() into the definition of your table, and migrate it."
}
