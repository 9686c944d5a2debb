import { getTableColumns, getTableName, is } from "drizzle-orm"
import { type AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../errors.js"
import { schema } from "./schema.js"

/** The tables the store works on, in the shape of the default ones; an app's own have at least these columns. */
export type Tables = Omit<typeof schema, "passwordsTable"> & Partial<Pick<typeof schema, "passwordsTable">>

/** A table that has at least the columns of a default one, of whatever SQL type and name. */
export type TableLike<Default extends PgTable> = PgTable & Record<keyof Default["_"]["columns"], AnyPgColumn>

/**
 * The app's own tables, under the option names of `@auth/drizzle-adapter`. A table left out is the default one, except that with an own
 * `usersTable` there are no passwords until `passwordsTable` is given.
 */
export interface LazyAdapterOptions {
  usersTable?: TableLike<typeof schema.usersTable>
  accountsTable?: TableLike<typeof schema.accountsTable>
  sessionsTable?: TableLike<typeof schema.sessionsTable>
  verificationTokensTable?: TableLike<typeof schema.verificationTokensTable>
  authenticatorsTable?: TableLike<typeof schema.authenticatorsTable>
  passwordsTable?: TableLike<typeof schema.passwordsTable>
}

interface ColumnRule {
  /** Drizzle column types that work. */
  types: readonly string[]
  /** The line to paste where the column is missing or wrong. */
  line: string
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

const RULES: Record<keyof LazyAdapterOptions, Record<string, ColumnRule>> = {
  usersTable: {
    id: { types: IDS, line: `id: text("id").primaryKey()` },
    name: string("name"),
    email: string("email", ".unique()"),
    emailVerified: moment("emailVerified"),
    image: string("image"),
    username: string("username", ".unique()"),
    lazySince: moment("lazySince"),
    convertedAt: moment("convertedAt"),
    seenAt: moment("seenAt"),
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
}

/**
 * Fills in the default tables and checks every column the library relies on.
 * @throws LazySetupError naming the table, the column and the line to add
 */
export function resolveTables(options: LazyAdapterOptions): Tables {
  const { passwordsTable, ...others } = schema
  const tables = { ...others, ...(options.usersTable ? {} : { passwordsTable }) }
  for (const key of Object.keys(RULES) as (keyof LazyAdapterOptions)[]) {
    const given = options[key]
    if (given === undefined) continue
    checkTable(key, given)
    Object.assign(tables, { [key]: given })
  }
  return tables
}

function checkTable(key: keyof LazyAdapterOptions, table: unknown): void {
  if (!is(table, PgTable)) throw new LazySetupError(`LazyAdapter: ${key} is not a table made with pgTable().`)
  const columns: Record<string, AnyPgColumn> = getTableColumns(table)
  for (const [property, { types, line }] of Object.entries(RULES[key])) {
    const column = columns[property]
    const where = `LazyAdapter: ${key} ("${getTableName(table)}")`
    if (!column) {
      const hint = property in schemaAdditions ? " (or spread lazyColumns() into the table)" : ""
      throw new LazySetupError(`${where} has no column \`${property}\`. Add to it: ${line}${hint}`)
    }
    if (!types.includes(column.columnType)) {
      throw new LazySetupError(
        `${where} has a column \`${property}\` of type ${column.getSQLType()}, which cannot work. Use: ${line}`,
      )
    }
    if (property === "id" && column.getSQLType().match(/^varchar\((\d|[12]\d|3[0-5])\)$/)) {
      throw new LazySetupError(
        `${where} has ids of type ${column.getSQLType()}, too short for a UUID (36 characters). Use: ${line}`,
      )
    }
  }
}

const schemaAdditions: Record<string, true> = { username: true, lazySince: true, convertedAt: true, seenAt: true }
