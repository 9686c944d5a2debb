import { getTableColumns, getTableName, is } from "drizzle-orm"
import { type AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../errors.js"
import { schema } from "./schema.js"

/** The tables the store works on, in the shape of the default ones; an app's own have at least these columns. */
export type Tables = Omit<typeof schema, OptionalTable> & Partial<Pick<typeof schema, OptionalTable>>

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

/**
 * The app's own tables, under the option names of `@auth/drizzle-adapter`. A table left out is the default one, except that with an own
 * `usersTable` there are no passwords until `passwordsTable` is given, and no statistics of users who are gone until `lazyOutcomesTable` is.
 */
export interface LazyAdapterOptions {
  usersTable?: TableLike<typeof schema.usersTable>
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
}

type TableKey = Exclude<keyof LazyAdapterOptions, "references">

interface ColumnRule {
  /** Drizzle column types that work. */
  types: readonly string[]
  /** The line to paste where the column is missing or wrong. */
  line: string
  /** The column must take null, for users who were never lazy or have not converted; `unset`: and start as null. */
  nulls?: "nullable" | "unset"
}

const STRINGS = ["PgText", "PgVarchar"]
const IDS = [...STRINGS, "PgUUID"]
const userId = (mapping = `.notNull().references(() => users.id, { onDelete: "cascade" })`) => ({
  types: IDS,
  line: `userId: text("userId")${mapping}`,
})
const string = (name: string, rest = ""): ColumnRule => ({ types: STRINGS, line: `${name}: text("${name}")${rest}` })
const moment = (name: string, rest = ""): ColumnRule => ({
  types: ["PgTimestamp"],
  line: `${name}: timestamp("${name}", { mode: "date", withTimezone: true })${rest}`,
})
const integer = (name: string, rest = ""): ColumnRule => ({
  types: ["PgInteger", "PgBigInt53"],
  line: `${name}: integer("${name}")${rest}`,
})

const RULES: Record<TableKey, Record<string, ColumnRule>> = {
  usersTable: {
    id: { types: IDS, line: `id: text("id").primaryKey()` },
    name: string("name"),
    email: string("email", ".unique()"),
    emailVerified: moment("emailVerified"),
    image: string("image"),
    username: { ...string("username", ".unique()"), nulls: "nullable" },
    lazySince: { ...moment("lazySince"), nulls: "unset" },
    convertedAt: { ...moment("convertedAt"), nulls: "unset" },
    seenAt: { ...moment("seenAt"), nulls: "nullable" },
  },
  accountsTable: {
    userId: userId(),
    type: string("type", ".notNull()"),
    provider: string("provider", ".notNull()"),
    providerAccountId: string("providerAccountId", ".notNull()"),
  },
  sessionsTable: {
    sessionToken: { types: IDS, line: `sessionToken: text("sessionToken").primaryKey()` },
    userId: userId(),
    expires: moment("expires", ".notNull()"),
  },
  verificationTokensTable: {
    identifier: string("identifier", ".notNull()"),
    token: string("token", ".notNull()"),
    expires: moment("expires", ".notNull()"),
  },
  authenticatorsTable: {
    credentialID: string("credentialID", ".notNull().unique()"),
    userId: userId(),
    providerAccountId: string("providerAccountId", ".notNull()"),
    credentialPublicKey: string("credentialPublicKey", ".notNull()"),
    counter: integer("counter", ".notNull()"),
    credentialDeviceType: string("credentialDeviceType", ".notNull()"),
    credentialBackedUp: {
      types: ["PgBoolean"],
      line: `credentialBackedUp: boolean("credentialBackedUp").notNull()`,
    },
    transports: string("transports"),
  },
  passwordsTable: {
    userId: userId(`.primaryKey().references(() => users.id, { onDelete: "cascade" })`),
    hash: string("hash", ".notNull()"),
    updatedAt: moment("updatedAt", ".notNull().defaultNow()"),
  },
  lazyOutcomesTable: {
    id: { types: IDS, line: `id: text("id").primaryKey()` },
    at: moment("at", ".notNull()"),
    outcome: string("outcome", ".notNull()"),
    way: { ...string("way"), nulls: "nullable" },
    since: moment("since", ".notNull()"),
    users: integer("users", ".notNull()"),
  },
}

/**
 * Fills in the default tables and checks every column the library relies on.
 * @throws LazySetupError naming the table, the column and the line to add
 */
export function resolveTables(options: LazyAdapterOptions): Tables {
  const { passwordsTable, lazyOutcomesTable, ...others } = schema
  const ownUsers = options.usersTable !== undefined && options.usersTable !== schema.usersTable
  const tables: Tables = ownUsers ? others : { ...others, passwordsTable, lazyOutcomesTable }
  const given = (Object.keys(RULES) as TableKey[]).filter((key) => options[key] !== undefined)
  for (const key of given) {
    checkTable(key, options[key])
    Object.assign(tables, { [key]: options[key] })
  }
  // Every conversion touches sessions and every sign-in accounts; of the others, only those that are used matter.
  for (const key of new Set([...given, "sessionsTable", "accountsTable"] as const)) checkUserIds(key, tables)
  return tables
}

function checkTable(key: TableKey, table: unknown): void {
  if (!is(table, PgTable)) throw new LazySetupError(`LazyAdapter: ${key} is not a table made with pgTable().`)
  const columns: Record<string, AnyPgColumn> = getTableColumns(table)
  for (const [property, { types, line, nulls }] of Object.entries(RULES[key])) {
    const column = columns[property]
    const where = `LazyAdapter: ${key} ("${getTableName(table)}")`
    if (!column) {
      const hint = property in schemaAdditions ? " (or spread lazyColumns() into the table)" : ""
      throw new LazySetupError(`${where} has no column \`${property}\`. Add to it: ${line}${hint}`)
    }
    if (!types.includes(column.columnType)) {
      throw new LazySetupError(
        `${where} has a column \`${property}\` of type ${column.getSQLType()}${modeOf(column)}, which cannot work. Use: ${line}`,
      )
    }
    if (nulls && column.notNull) {
      throw new LazySetupError(
        `${where} has a column \`${property}\` that is NOT NULL; not every user has one. Use: ${line}`,
      )
    }
    if (nulls === "unset" && column.hasDefault) {
      throw new LazySetupError(
        `${where} has a column \`${property}\` with a default, by which users who sign up would look lazy or converted. Use: ${line}`,
      )
    }
    if (types === IDS && column.getSQLType().match(/^varchar\((\d|[12]\d|3[0-5])\)$/)) {
      throw new LazySetupError(
        `${where} has a column \`${property}\` of type ${column.getSQLType()}, too short for a UUID (36 characters). Use: ${line}`,
      )
    }
  }
}

/** Drizzle's name for how a column is read, where the SQL type alone would not show what is wrong. */
function modeOf(column: AnyPgColumn): string {
  return column.columnType === "PgTimestampString" ? " in string mode" : ""
}

/** PostgreSQL compares text with varchar, but neither with uuid. */
function checkUserIds(key: TableKey, tables: Tables): void {
  const table = tables[key]
  if (!table || !("userId" in table)) return
  const [id, userId] = [tables.usersTable.id as AnyPgColumn, table.userId as AnyPgColumn]
  if ((id.columnType === "PgUUID") === (userId.columnType === "PgUUID")) return
  const own = table === schema[key] ? `Pass your own ${key} with: ` : "Use: "
  const line = RULES[key].userId?.line.replace("text(", id.columnType === "PgUUID" ? "uuid(" : "text(")
  throw new LazySetupError(
    `LazyAdapter: ${key} ("${getTableName(table)}") has a column \`userId\` of type ${userId.getSQLType()}, ` +
      `but the ids in usersTable ("${getTableName(tables.usersTable)}") are of type ${id.getSQLType()}. ${own}${line}`,
  )
}

const schemaAdditions: Record<string, true> = { username: true, lazySince: true, convertedAt: true, seenAt: true }
