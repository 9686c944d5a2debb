import { getTableColumns, getTableName, is, type SQL, sql } from "drizzle-orm"
import { type AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { SetupProblems } from "../../setup-problems.js"
import { type AppCredentials, resolveCredentials } from "./app-credentials.js"
import { derivedTables } from "./auth-tables.js"
import { definitionProblems } from "./check-columns.js"
import { checkReferences } from "./check-references.js"
import { familyOf } from "./column-family.js"
import { COLUMN_RULES } from "./column-rules.js"
import { type LegacyHash, withLegacyHash } from "./legacy-hash.js"
import { withProofMoments } from "./proof-column.js"
import { NAMED_TABLES, type NamedTable, schema } from "./schema.js"

/**
 * The tables of the store, in the shape of the default ones. An app's own tables have at least
 * these columns.
 */
export type Tables = Omit<typeof schema, OptionalTable> & Partial<Pick<typeof schema, OptionalTable>> & Particulars

/** Settings of the store besides the tables. */
interface Particulars {
  /**
   * The app's own credentials; see `LazyAdapterOptions.credentials`.
   * @default none
   */
  credentials?: readonly AppCredentials[]
  /**
   * The condition for active users; see `LazyAdapterOptions.activeUsers`.
   * @default every user is active
   */
  activeUsers?: SQL
  /**
   * The column of old password hashes; see `LazyAdapterOptions.legacyHash`.
   * @default none
   */
  legacyHash?: LegacyHash
}

/**
 * The tables that only this library has. An app with tables of its own passes those that it wants
 * to use.
 */
type OptionalTable = "passwordsTable" | "lazyOutcomesTable"

/** A table with at least the columns of a default one, of any fitting SQL type and name. */
export type TableLike<Default extends PgTable, Optional = never> = PgTable &
  Record<Exclude<keyof Default["_"]["columns"], Optional>, AnyPgColumn>

/**
 * What OAuth providers return besides the identity, kept if the accounts table has a column for it.
 */
type TokenColumn =
  | "refresh_token"
  | "access_token"
  | "expires_at"
  | "token_type"
  | "scope"
  | "id_token"
  | "session_state"

/** The columns of a user table that Auth.js can do without. */
type SpareColumn = "name" | "image" | "emailVerified"

/** A table of users with every column of the default one. */
export type WholeUsersTable = TableLike<typeof schema.usersTable>

/** A table of users as `LazyAdapter` takes it. */
export type UsersTable = TableLike<typeof schema.usersTable, SpareColumn> & Partial<Record<SpareColumn, AnyPgColumn>>

/**
 * Options of {@link LazyAdapter}: the app's own tables, under the option names of
 * `@auth/drizzle-adapter`, and more. A table left out is the default one.
 *
 * With an own `usersTable`, the other default tables hold ids of its type, and need not exist where
 * the configuration does not use them: JWT sessions and credentials use none. There are no
 * passwords without `passwordsTable` then, and no statistics of users who are gone without
 * `lazyOutcomesTable`.
 *
 * A `usersTable` may do without the columns `name` and `image`. Its `emailVerified` may be a
 * boolean, or missing where no e-mail provider is used: then no address ever counts as proven.
 * @example
 * LazyAdapter(db, { usersTable: users, passwordsTable })
 */
export interface LazyAdapterOptions<Users extends UsersTable = UsersTable> {
  /**
   * The app's users, with the columns of {@link lazyColumns}.
   * @default schema.usersTable
   */
  usersTable?: Users
  /**
   * The identities at OAuth and OpenID providers.
   * @default schema.accountsTable
   */
  accountsTable?: TableLike<typeof schema.accountsTable, TokenColumn>
  /**
   * The database sessions. With JWT sessions, the table need not exist in the database.
   * @default schema.sessionsTable
   */
  sessionsTable?: TableLike<typeof schema.sessionsTable>
  /**
   * The tokens of e-mail links.
   * @default schema.verificationTokensTable
   */
  verificationTokensTable?: TableLike<typeof schema.verificationTokensTable>
  /**
   * The passkeys. An app without passkeys needs no such table.
   * @default schema.authenticatorsTable
   */
  authenticatorsTable?: TableLike<typeof schema.authenticatorsTable>
  /**
   * The hashes of passwords, which `ConvertProvider` and `PasswordProvider` need.
   * @default schema.passwordsTable; none with a `usersTable` of the app's own
   */
  passwordsTable?: TableLike<typeof schema.passwordsTable>
  /**
   * The record of how lazy users ended, from which `stats` counts.
   * @default schema.lazyOutcomesTable; none with a `usersTable` of the app's own
   */
  lazyOutcomesTable?: TableLike<typeof schema.lazyOutcomesTable>
  /**
   * Names columns that hold user ids without a foreign key, so that merges move them. Columns with
   * a foreign key are found in the database.
   * @default []
   * @example references: [feedTokens.ownerId]
   */
  references?: AnyPgColumn[]
  /**
   * Names the app's own ways into an account, such as API keys and feed tokens. Converting and
   * merging delete a lazy user's rows in these tables in the same transaction, so that an attacker
   * who planted the cookie keeps none. The first proof of an address deletes them if it ends the
   * other ways into that account.
   *
   * A table must have one column with a foreign key to the user table, or a column `userId`;
   * otherwise pass the column that holds the user.
   * @default []
   * @example LazyAdapter(db, { credentials: [apiKeys, feedTokens.ownerId] })
   */
  credentials?: (PgTable | AnyPgColumn)[]
  /**
   * Builds the condition for active users, in apps that keep rows of deleted users. Others are not
   * found by name, address, account or session, and their names and addresses are free, as far as
   * the unique rules of the database allow.
   * @default every user is active
   * @example LazyAdapter(db, { usersTable: users, activeUsers: (users) => isNull(users.deletedAt)
   * })
   */
  activeUsers?(users: Users): SQL | undefined
  /**
   * Tells from its row whether a user may sign in and keep a session, in apps that ban people. The
   * answer must be true or false. Inactive users have no session, are refused in every sign-in like
   * a wrong password or a denied identity, and no lazy user is merged into them; their names and
   * addresses stay taken. With JWT sessions, `withLazy` checks the tokens of real users every
   * `lazy.recheck` seconds, too.
   *
   * Runs for each session that is read from the database, outside of transactions. When it throws,
   * the request fails and changes nothing; a JWT session holds until the next check succeeds. Use
   * `activeUsers` where the names of deleted users must be free.
   * @default every user is active
   * @example LazyAdapter(db, { usersTable: users, isActive: (user) => user.deletedAt === null })
   */
  isActive?(user: Users["$inferSelect"]): boolean | Promise<boolean>
  /**
   * Names the text column of `usersTable` in which the app kept password hashes before. They count
   * as passwords of real users without a row in `passwordsTable`, and need
   * `PasswordProvider({ verifyOther })` unless they are argon2id.
   *
   * A sign-in moves the hash into `passwordsTable`, and whatever ends a password ends it here too:
   * the column becomes null, or empty where it is NOT NULL. Rows of users are read without this
   * column, so that no session, hook or event holds a hash.
   * @default none: only `passwordsTable` holds passwords
   * @example LazyAdapter(db, { usersTable: users, passwordsTable, legacyHash: users.password })
   */
  legacyHash?: AnyPgColumn
}

/**
 * Fills in the default tables and checks every column the library relies on.
 * @throws LazySetupError naming every table and column that is wrong, with the lines to add
 */
export function resolveTables<Users extends UsersTable>(options: LazyAdapterOptions<Users>): Tables {
  const problems = new SetupProblems()
  const given = NAMED_TABLES.filter((key) => options[key] !== undefined)
  for (const key of given) problems.add(...definitionProblems(key, options[key]))
  // What follows relies on the ids of the users.
  if (options.usersTable !== undefined && !hasIds(options.usersTable)) problems.refuse()
  const tables: Tables = { ...defaultsFor(options.usersTable) }
  for (const key of given) Object.assign(tables, { [key]: options[key] })
  for (const key of given) problems.try(() => checkUserIds(key, tables))
  tables.credentials = problems.try(() => resolveCredentials(options.credentials ?? [], tables)) ?? []
  problems.try(() => checkReferences(options.references ?? [], tables))
  const ownUsers = tables.usersTable as unknown as Users
  tables.usersTable = withProofMoments(tables.usersTable)
  const { legacyHash } = options
  const resolved = legacyHash === undefined ? tables : problems.try(() => withLegacyHash(tables, legacyHash))
  problems.refuse()
  const active = options.activeUsers?.(ownUsers)
  return { ...(resolved as Tables), ...(active !== undefined && { activeUsers: sql`(${active})` }) }
}

function hasIds(usersTable: unknown): usersTable is { id: AnyPgColumn } {
  return is(usersTable, PgTable) && "id" in getTableColumns(usersTable)
}

function defaultsFor(usersTable: UsersTable | undefined): Tables {
  if (usersTable === undefined || (usersTable as PgTable) === schema.usersTable) return schema
  return { usersTable: schema.usersTable, ...derivedTables(usersTable) }
}

/**
 * Refuses user ids of another type than the ids: PostgreSQL compares text with varchar, but neither
 * with uuid.
 */
function checkUserIds(key: NamedTable, tables: Tables): void {
  const table = tables[key]
  if (!is(table, PgTable) || !("userId" in table)) return
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
