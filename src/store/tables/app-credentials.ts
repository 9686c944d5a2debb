import { getTableColumns, getTableName, is } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig, PgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { SetupProblems } from "../../setup-problems.js"
import { addRows, type ByTable } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import { endRows } from "../sql/end-rows.js"
import { familyOf, lengthOf } from "./column-family.js"

/** A table of the app that holds credentials, and its column with the id of the user. */
export interface AppCredentials {
  table: PgTable
  userId: AnyPgColumn
}

/** The tables of Auth.js and this library that hold credentials. */
export type OwnTables = Record<"usersTable" | "accountsTable" | "sessionsTable" | "authenticatorsTable", PgTable> & {
  usersTable: { id: AnyPgColumn }
  passwordsTable?: PgTable
}

/**
 * Finds the user column of each table of credentials.
 * @throws LazySetupError naming each table of which no column can be told, or whose column can't
 * hold ids
 */
export function resolveCredentials(given: readonly unknown[], tables: OwnTables): AppCredentials[] {
  const problems = new SetupProblems()
  const resolved = given.flatMap((item, position) => problems.try(() => resolveOne(item, position, tables)) ?? [])
  problems.refuse()
  return resolved
}

function resolveOne(item: unknown, position: number, tables: OwnTables): AppCredentials {
  const found = is(item, PgTable) ? fromTable(item, tables) : fromColumn(item)
  if (!found)
    throw new LazySetupError(
      `LazyAdapter: credentials[${position}] is neither a table made with pgTable() nor a column of one.`,
    )
  return checked(found, tables)
}

function fromColumn(item: unknown): AppCredentials | undefined {
  return is(item, PgColumn) && is(item.table, PgTable) ? { table: item.table, userId: item } : undefined
}

function fromTable(table: PgTable, { usersTable }: OwnTables): AppCredentials {
  const users = getTableConfig(usersTable)
  const keys = getTableConfig(table).foreignKeys.flatMap((key) => {
    const { columns, foreignColumns, foreignTable } = key.reference()
    const { name, schema } = getTableConfig(foreignTable)
    const leadsToUsers = name === users.name && schema === users.schema
    const [column] = columns
    return leadsToUsers && column && columns.length === 1 && foreignColumns[0]?.name === usersTable.id.name
      ? [column as AnyPgColumn]
      : []
  })
  const columns = Object.entries<AnyPgColumn>(getTableColumns(table))
  const called =
    columns.find(([property]) => property === "userId")?.[1] ??
    columns.find(([, { name }]) => /^user_?id$/i.test(name))?.[1]
  const userId = keys.length === 1 ? keys[0] : called
  if (!userId)
    throw new LazySetupError(
      `LazyAdapter: credentials: the user column of "${getTableName(table)}" can't be determined. ` +
        `Pass the column instead of the table: credentials: [${getTableName(table)}.ownerId]`,
    )
  return { table, userId }
}

function checked({ table, userId }: AppCredentials, { usersTable, ...others }: OwnTables): AppCredentials {
  const where = `LazyAdapter: credentials: "${getTableName(table)}"."${userId.name}"`
  const own = [others.accountsTable, others.sessionsTable, others.authenticatorsTable, others.passwordsTable]
  if (own.includes(table) || userId === usersTable.id)
    throw new LazySetupError(`${where} belongs to Auth.js or this library. Remove it from credentials.`)
  if (!holdsIds(userId, usersTable.id))
    throw new LazySetupError(
      `${where} is of type ${userId.getSQLType()}, which can't hold an id of type ${usersTable.id.getSQLType()}. ` +
        "Give it the type of the user table's id.",
    )
  return { table, userId }
}

const ID_LENGTH = 36

/**
 * Tells whether a column can hold user ids: uuid columns for uuid ids, text and varchar for any.
 * Assumes yes for unknown types.
 */
export function holdsIds(column: AnyPgColumn, id: AnyPgColumn): boolean {
  const [own, ids] = [familyOf(column), familyOf(id)]
  if (own === undefined) return true
  if (own === "uuid") return ids === "uuid" || ids === undefined
  return own === "string" && (lengthOf(column) ?? ID_LENGTH) >= ID_LENGTH
}

/**
 * Deletes the app's own credentials of a user.
 * @returns the number of rows by table; undefined when the app names no tables
 */
export async function endCredentials(
  tx: Database,
  { credentials = [] }: { credentials?: readonly AppCredentials[] },
  userId: string,
): Promise<ByTable<number> | undefined> {
  if (credentials.length === 0) return undefined
  const ended: ByTable<number> = {}
  for (const { table, userId: column } of credentials) {
    const { rows, label } = await endRows(tx, table, column, userId)
    if (rows > 0) addRows(ended, label, rows)
  }
  return ended
}
