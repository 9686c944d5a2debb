import { getTableColumns, getTableName, isNotNull, like, ne, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { redefinedTable } from "../sql/redefined-table.js"
import { familyOf } from "./column-family.js"
import type { schema } from "./schema.js"

/** The column of the user table in which an app kept password hashes. */
export interface LegacyHash {
  column: AnyPgColumn
  property: string
  /** What takes the place of a hash: null, or an empty text where the column is NOT NULL. */
  none: null | ""
  /** The condition for a row to hold a hash. */
  isSet: SQL
}

/** Builds the condition for a hash that this library has made, at a sign-up or a sign-in. */
export const isOwnHash = (column: AnyPgColumn): SQL => like(column, "$argon2id$%")

/** What hashes of passwords begin with, in the form of crypt and in those of common libraries. */
export const HASH_FORM =
  "^([$](2[abxy]?|argon2(id|i|d)|scrypt|pbkdf2[a-z0-9-]*|bcrypt[a-z0-9-]*|[156y])[$]|(scrypt|pbkdf2)[:_$])"

interface WithUsers {
  usersTable: typeof schema.usersTable
}

/** The app's own definition of a table that {@link readableTable} was made from. */
const written = new WeakMap<PgTable, PgTable>()

/**
 * Makes a table without a column for every statement that reads rows, so that no password hash can
 * get into a user, a session, a token or a hook. The given definition stays unchanged.
 */
function readableTable(table: WithUsers["usersTable"], property: string): WithUsers["usersTable"] {
  const columns = Object.fromEntries(Object.entries(getTableColumns(table)).filter(([name]) => name !== property))
  const readable = redefinedTable(table, columns)
  written.set(readable, table)
  return readable
}

/**
 * Makes a value from the tables when it is first needed, and again once a provider has named
 * `legacyHash`.
 */
export function madeFrom<Value>(tables: WithUsers, make: () => Value): () => Value {
  let made: { from: PgTable; value: Value } | undefined
  return () => {
    if (made?.from !== tables.usersTable) made = { from: tables.usersTable, value: make() }
    return made.value
  }
}

/** Returns the whole user table, for inserts, whose columns may need a default of Drizzle. */
export function writtenUsers({ usersTable }: WithUsers): WithUsers["usersTable"] {
  return (written.get(usersTable) ?? usersTable) as WithUsers["usersTable"]
}

/**
 * Finds the column of the hashes, and takes it out of what is read from the user table.
 * @throws LazySetupError when it is no text column of the user table that the library may write
 */
export function withLegacyHash<Given extends WithUsers>(
  tables: Given,
  column: AnyPgColumn,
): Given & { legacyHash: LegacyHash } {
  const users = writtenUsers(tables)
  const where = `legacyHash must be a text column of the user table ("${getTableName(users)}")`
  const given: AnyPgColumn | undefined = column
  const found = Object.entries<AnyPgColumn>(getTableColumns(users)).find(([, each]) => each === given)
  if (!found) throw new LazySetupError(`LazyAdapter: ${where}: legacyHash: users.password`)
  const [property] = found
  const family = familyOf(column)
  const isOurs = column === users.email || column === users.username || column === users.name
  if (isOurs || (family !== "string" && family !== undefined) || column.enumValues?.length)
    throw new LazySetupError(
      `LazyAdapter: ${where} that holds password hashes and nothing else, not \`${property}\` of type ${column.getSQLType()}.`,
    )
  return {
    ...tables,
    usersTable: readableTable(users, property),
    legacyHash: {
      column,
      property,
      none: column.notNull ? "" : null,
      isSet: sql`(${isNotNull(column)} and ${ne(column, "")})`,
    },
  }
}
