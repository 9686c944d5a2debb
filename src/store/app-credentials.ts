import { getTableColumns, getTableName, is } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig, PgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../errors.js"
import { addRows, type ByTable } from "./by-table.js"
import { familyOf, lengthOf } from "./column-family.js"
import type { Database } from "./database.js"
import { endRows } from "./end-rows.js"

/** A table of the app that holds ways into accounts, and the column that says into whose. */
export interface AppCredentials {
  table: PgTable
  userId: AnyPgColumn
}

/** The tables that hold what a user signs in with by Auth.js and this library. */
type OwnTables = Record<"usersTable" | "accountsTable" | "sessionsTable" | "authenticatorsTable", PgTable> & {
  usersTable: { id: AnyPgColumn }
  passwordsTable?: PgTable
}

/**
 * Finds the column of each table that says whose row it is.
 * @throws LazySetupError where it can't be told, or holds no ids
 */
export function resolveCredentials(given: readonly unknown[], tables: OwnTables): AppCredentials[] {
  return given.map((item, position) => {
    const found = is(item, PgTable) ? fromTable(item, tables) : fromColumn(item)
    if (!found)
      throw new LazySetupError(
        `LazyAdapter: credentials[${position}] is neither a table made with pgTable() nor a column of one.`,
      )
    return checked(found, tables)
  })
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
      `LazyAdapter: credentials: which column of "${getTableName(table)}" says whose row it is can't be told. ` +
        `Pass that column in place of the table: credentials: [${getTableName(table)}.ownerId]`,
    )
  return { table, userId }
}

function checked({ table, userId }: AppCredentials, { usersTable, ...others }: OwnTables): AppCredentials {
  const where = `LazyAdapter: credentials: "${getTableName(table)}"."${userId.name}"`
  const own = [others.accountsTable, others.sessionsTable, others.authenticatorsTable, others.passwordsTable]
  if (own.includes(table) || userId === usersTable.id)
    throw new LazySetupError(`${where} belongs to Auth.js or this library, which look after it. Leave it out.`)
  if (!holdsIds(userId, usersTable.id))
    throw new LazySetupError(
      `${where} is of type ${userId.getSQLType()}, which can't hold an id of type ${usersTable.id.getSQLType()}. ` +
        "Give it the type of the user table's id.",
    )
  return { table, userId }
}

const ID_LENGTH = 36

/** Whether a column can hold ids of users: a uuid only those of that type, text and varchar any; of an unknown type nothing is known. */
export function holdsIds(column: AnyPgColumn, id: AnyPgColumn): boolean {
  const [own, ids] = [familyOf(column), familyOf(id)]
  if (own === undefined) return true
  if (own === "uuid") return ids === "uuid" || ids === undefined
  return own === "string" && (lengthOf(column) ?? ID_LENGTH) >= ID_LENGTH
}

/**
 * Deletes what the app lets a user in by.
 * @returns how many rows there were, by table; undefined where the app names no tables
 */
export async function endCredentials(
  tx: Database,
  { credentials = [] }: { credentials?: readonly AppCredentials[] },
  userId: string,
): Promise<ByTable<number> | undefined> {
  if (credentials.length === 0) return undefined
  const ended: ByTable<number> = {}
  for (const { table, userId: column } of credentials) {
    const rows = await endRows(tx, table, column, userId)
    const { name, schema = "public" } = getTableConfig(table)
    const label = schema === "public" ? name : `${schema}.${name}`
    if (rows > 0) addRows(ended, label, rows)
  }
  return ended
}
