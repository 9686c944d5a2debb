import { getTableName, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { type AppCredentials, resolveCredentials } from "./app-credentials.js"
import { checkTable } from "./check-columns.js"
import { familyOf } from "./column-family.js"
import { COLUMN_RULES } from "./column-rules.js"
import { NAMED_TABLES, type NamedTable, schema } from "./schema.js"

/** The tables the store works on, in the shape of the default ones; an app's own have at least these columns. */
export type Tables = Omit<typeof schema, OptionalTable> & Partial<Pick<typeof schema, OptionalTable>> & Particulars

/** Settings of the store beside the tables. */
interface Particulars {
  /** The app's own credentials; see `LazyAdapterOptions.credentials`. Default: none. */
  credentials?: readonly AppCredentials[]
  /** The condition for users who count; see `LazyAdapterOptions.activeUsers`. Default: all do. */
  activeUsers?: SQL
}

/** Tables that only this library has: with tables of its own, an app passes them if it wants what they are for. */
type OptionalTable = "passwordsTable" | "lazyOutcomesTable"

/** A table that has at least the columns of a default one, of whatever SQL type and name. */
export type TableLike<Default extends PgTable, Optional = never> = PgTable &
  Record<Exclude<keyof Default["_"]["columns"], Optional>, AnyPgColumn>

/** What OAuth providers return beside the identity; kept where the accounts table has a column for it. */
type TokenColumn =
  | "refresh_token"
  | "access_token"
  | "expires_at"
  | "token_type"
  | "scope"
  | "id_token"
  | "session_state"

/** A table of users as `LazyAdapter` takes it. */
export type UsersTable = TableLike<typeof schema.usersTable>

/**
 * The app's own tables, under the option names of `@auth/drizzle-adapter`. A table left out is the default one, except that with an own
 * `usersTable` there are no passwords until `passwordsTable` is given, and no statistics of users who are gone until `lazyOutcomesTable` is.
 */
export interface LazyAdapterOptions<Users extends UsersTable = UsersTable> {
  usersTable?: Users
  accountsTable?: TableLike<typeof schema.accountsTable, TokenColumn>
  sessionsTable?: TableLike<typeof schema.sessionsTable>
  verificationTokensTable?: TableLike<typeof schema.verificationTokensTable>
  authenticatorsTable?: TableLike<typeof schema.authenticatorsTable>
  passwordsTable?: TableLike<typeof schema.passwordsTable>
  lazyOutcomesTable?: TableLike<typeof schema.lazyOutcomesTable>
  /**
   * Columns that hold user ids without a foreign key, for `LazyStore.merge` to move: `[events.actorId]`; default: none. Columns with a
   * foreign key are found in the database.
   */
  references?: AnyPgColumn[]
  /**
   * Names the app's own ways into an account, such as API keys and feed tokens. A lazy user's rows in these tables are deleted when it converts
   * and when it is merged, in the same transaction, so that nobody who planted the cookie keeps one; and those of an account whose other ways in
   * end with the first proof of its address.
   *
   * A table must have one column with a foreign key to the user table, or a column `userId`; otherwise pass the column that holds the user.
   * @default []
   * @example LazyAdapter(db, { credentials: [apiKeys, feedTokens.ownerId] })
   */
  credentials?: (PgTable | AnyPgColumn)[]
  /**
   * Says which users count, where the app keeps rows of users who are gone. The others are not found by name, address, account or session, and
   * their names and addresses are free as far as the unique rules of the database let them be.
   * @default every user counts
   * @example LazyAdapter(db, { usersTable: users, activeUsers: (users) => isNull(users.deletedAt) })
   */
  activeUsers?(users: Users): SQL | undefined
}

/**
 * Fills in the default tables and checks every column the library relies on.
 * @throws LazySetupError naming the table, the column and the line to add
 */
export function resolveTables<Users extends UsersTable>(options: LazyAdapterOptions<Users>): Tables {
  const { passwordsTable, lazyOutcomesTable, ...others } = schema
  const ownUsers = options.usersTable !== undefined && (options.usersTable as PgTable) !== schema.usersTable
  const tables: Tables = ownUsers ? others : { ...others, passwordsTable, lazyOutcomesTable }
  const given = NAMED_TABLES.filter((key) => options[key] !== undefined)
  for (const key of given) {
    checkTable(key, options[key])
    Object.assign(tables, { [key]: options[key] })
  }
  // Every conversion touches sessions and every sign-in accounts; of the others, only those that are used matter.
  for (const key of new Set([...given, "sessionsTable", "accountsTable"] as const)) checkUserIds(key, tables)
  tables.credentials = resolveCredentials(options.credentials ?? [], tables)
  const active = options.activeUsers?.(tables.usersTable as unknown as Users)
  if (active !== undefined) tables.activeUsers = sql`(${active})`
  return tables
}

/** PostgreSQL compares text with varchar, but neither with uuid. */
function checkUserIds(key: NamedTable, tables: Tables): void {
  const table = tables[key]
  if (!table || !("userId" in table)) return
  const [id, userId] = [tables.usersTable.id as AnyPgColumn, table.userId as AnyPgColumn]
  const [family, own] = [familyOf(id), familyOf(userId)]
  if (family === own || family === undefined || own === undefined) return
  const advice = table === schema[key] ? `Pass your own ${key} with: ` : "Use: "
  const line = COLUMN_RULES[key].userId?.line.replace("text(", family === "uuid" ? "uuid(" : "text(")
  throw new LazySetupError(
    `LazyAdapter: ${key} ("${getTableName(table)}") has a column \`userId\` of type ${userId.getSQLType()}, ` +
      `but the ids in usersTable ("${getTableName(tables.usersTable)}") are of type ${id.getSQLType()}. ${advice}${line}`,
  )
}
