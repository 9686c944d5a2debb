import { getTableColumns } from "drizzle-orm"
import { mysqlTable } from "drizzle-orm/mysql-core"
import {
  boolean,
  date,
  integer,
  type PgColumnBuilderBase,
  pgTable,
  text,
  timestamp,
  uuid,
  varchar,
} from "drizzle-orm/pg-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, type LazyAdapterOptions, lazyColumns, schema } from "../../src/drizzle.js"
import { LazySetupError } from "../../src/errors.js"
import { internals } from "../../src/store/lazy-store.js"
import { emptyPglite, type TestDatabase } from "../setup/databases.js"

type Columns = Record<string, PgColumnBuilderBase>
type TableOption = Exclude<
  keyof LazyAdapterOptions,
  "references" | "credentials" | "activeUsers" | "isActive" | "legacyHash"
>

const moment = (name: string) => timestamp(name, { mode: "date", withTimezone: true })

/** The columns that the library relies on, as an app would write them, by option and property. */
const complete = {
  usersTable: () => ({
    id: text("id").primaryKey(),
    name: text("name"),
    email: text("email").unique(),
    emailVerified: moment("emailVerified"),
    image: text("image"),
    ...lazyColumns(),
  }),
  accountsTable: () => ({
    userId: text("userId").notNull(),
    type: text("type").notNull(),
    provider: text("provider").notNull(),
    providerAccountId: text("providerAccountId").notNull(),
  }),
  sessionsTable: () => ({
    sessionToken: text("sessionToken").primaryKey(),
    userId: text("userId").notNull(),
    expires: moment("expires").notNull(),
  }),
  verificationTokensTable: () => ({
    identifier: text("identifier").notNull(),
    token: text("token").notNull(),
    expires: moment("expires").notNull(),
  }),
  authenticatorsTable: () => ({
    credentialID: text("credentialID").notNull().unique(),
    userId: text("userId").notNull(),
    providerAccountId: text("providerAccountId").notNull(),
    credentialPublicKey: text("credentialPublicKey").notNull(),
    counter: integer("counter").notNull(),
    credentialDeviceType: text("credentialDeviceType").notNull(),
    credentialBackedUp: boolean("credentialBackedUp").notNull(),
    transports: text("transports"),
  }),
  passwordsTable: () => ({
    userId: text("userId").primaryKey(),
    hash: text("hash").notNull(),
    updatedAt: moment("updatedAt").notNull().defaultNow(),
  }),
  lazyOutcomesTable: () => ({
    id: text("id").primaryKey(),
    at: moment("at").notNull(),
    outcome: text("outcome").notNull(),
    way: text("way"),
    since: moment("since").notNull(),
    users: integer("users").notNull(),
  }),
} satisfies Record<TableOption, () => Columns>

const everyColumn = Object.entries(complete).flatMap(([option, columns]) =>
  Object.keys(columns()).map((column) => ({ option: option as TableOption, column })),
)

let database: TestDatabase
beforeAll(async () => {
  database = await emptyPglite()
})
afterAll(() => database.close())

/** What constructing an adapter with one such table says; null when it says nothing. */
function refusal(option: TableOption, changes: Columns, without?: string): string | null {
  const { [without ?? ""]: _, ...columns } = { ...(complete[option]() as Columns), ...changes }
  return refusalOf({ [option]: pgTable("mine", columns) })
}

/** The options are untyped, as in plain JavaScript: the compiler refuses most of these. */
function refusalOf(options: Record<string, unknown>): string | null {
  try {
    LazyAdapter(database.db, options)
    return null
  } catch (error) {
    if (error instanceof LazySetupError) return error.message
    throw error
  }
}

describe("a table that lacks a column is refused at construction", () => {
  it.each(everyColumn)("$option without $column", ({ option, column }) => {
    const message = refusal(option, {}, column)
    expect(message).toContain(`${option} ("mine") has no column \`${column}\`. Add to it: ${column}: `)
    expect(message).toContain(`("${column}"`)
  })

  it.each(["username", "lazySince", "convertedAt", "seenAt"])("and told of lazyColumns() for %s", (column) => {
    expect(refusal("usersTable", {}, column)).toContain("lazyColumns()")
  })
})

describe("a table with a column of another type is refused at construction", () => {
  it.each(everyColumn)("$option with $column of type date", ({ option, column }) => {
    expect(refusal(option, { [column]: date(column) })).toContain(
      `${option} ("mine") has a column \`${column}\` of type date, which cannot work. Use: ${column}: `,
    )
  })

  it("timestamps that Drizzle reads as strings", () => {
    const message = refusal("usersTable", { lazySince: timestamp("lazySince", { mode: "string" }) })
    expect(message).toContain("`lazySince` of type timestamp in string mode")
    expect(message).toContain(`mode: "date"`)
  })

  it.each([
    ["usersTable", "id"],
    ["sessionsTable", "sessionToken"],
    ["sessionsTable", "userId"],
  ] as const)("%s with %s too short for a UUID", (option, column) => {
    expect(refusal(option, { [column]: varchar(column, { length: 35 }) })).toContain("too short for a UUID")
    expect(refusal(option, { [column]: varchar(column, { length: 36 }) })).toBeNull()
  })

  it("numeric ids", () => {
    expect(refusal("usersTable", { id: integer("id").primaryKey() })).toContain('Use: id: text("id").primaryKey()')
  })
})

describe("a column that would make real users lazy, or break their sign-up, is refused at construction", () => {
  it.each(["username", "lazySince", "convertedAt", "seenAt"] as const)("%s that is NOT NULL", (column) => {
    expect(refusal("usersTable", { [column]: lazyColumns()[column].notNull() })).toContain(
      `has a column \`${column}\` that is NOT NULL; not every user has one. Use: ${column}: `,
    )
  })

  it.each(["lazySince", "convertedAt"] as const)("%s with a default", (column) => {
    expect(refusal("usersTable", { [column]: moment(column).defaultNow() })).toContain(
      `has a column \`${column}\` with a default`,
    )
    expect(refusal("usersTable", { [column]: moment(column).$defaultFn(() => new Date()) })).toContain(
      `has a column \`${column}\` with a default`,
    )
  })
})

describe("user ids that can't be compared are refused at construction", () => {
  const usersTable = pgTable("users", { ...complete.usersTable(), id: uuid("id").primaryKey() })
  const own = (option: "accountsTable" | "sessionsTable" | "passwordsTable") =>
    pgTable("mine", { ...complete[option](), userId: uuid("userId").notNull() })
  const fitting = { usersTable, accountsTable: own("accountsTable"), sessionsTable: own("sessionsTable") }

  it.each(["accountsTable", "sessionsTable", "passwordsTable"] as const)("text in %s, uuid in usersTable", (option) => {
    const message = refusalOf({ ...fitting, [option]: pgTable("mine", complete[option]()) })
    expect(message).toContain(`${option} ("mine") has a column \`userId\` of type text, but the ids in usersTable`)
    expect(message).toContain('Use: userId: uuid("userId")')
  })

  it("uuid in sessionsTable, text in usersTable", () => {
    expect(refusalOf({ sessionsTable: own("sessionsTable") })).toContain('Use: userId: text("userId")')
  })

  it.each(["accountsTable", "sessionsTable"] as const)("the default %s with uuid users", (option) => {
    const { [option]: _, ...options } = fitting
    expect(refusalOf(options)).toContain(`Pass your own ${option} with: userId: uuid("userId")`)
  })

  it("not the default authenticators with uuid users, which only passkeys need", () => {
    expect(refusalOf(fitting)).toBeNull()
  })

  it("not varchar with text", () => {
    expect(refusal("sessionsTable", { userId: varchar("userId", { length: 255 }).notNull() })).toBeNull()
  })
})

describe("what is not a PostgreSQL table is refused at construction", () => {
  it.each([
    ["a string", "user"],
    ["null", null],
    ["columns without pgTable()", { id: true }],
    ["a MySQL table", mysqlTable("user", {})],
  ])("%s", (_, usersTable) => {
    expect(refusalOf({ usersTable })).toBe("LazyAdapter: usersTable is not a table made with pgTable().")
  })
})

describe("what an adapter is made of", () => {
  it("accepts every complete table", () => {
    const tables = Object.entries(complete).map(([option, columns]) => [option, pgTable("mine", columns() as Columns)])
    expect(refusalOf(Object.fromEntries(tables))).toBeNull()
  })

  it("has passwords by default, and with the default tables passed one by one", () => {
    expect(internals(LazyAdapter(database.db).lazy).hasPasswords).toBe(true)
    expect(internals(LazyAdapter(database.db, { usersTable: schema.usersTable }).lazy).hasPasswords).toBe(true)
  })

  it("has no passwords with an own usersTable alone, and says what to add when one is to be checked", async () => {
    const lazy = internals(LazyAdapter(database.db, { usersTable: pgTable("users", complete.usersTable()) }).lazy)
    expect(lazy.hasPasswords).toBe(false)
    const refused = lazy.checkPassword({ username: "ada" }, async () => ({ ok: true }))
    await expect(refused).rejects.toThrow(LazySetupError)
    await expect(refused).rejects.toThrow('export const passwords = pgTable("password"')
  })

  it("leaves the options and the default schema as they were", () => {
    const options = { usersTable: pgTable("users", complete.usersTable()) }
    const before = Object.keys(schema)
    LazyAdapter(database.db, options)
    expect(Object.keys(options)).toEqual(["usersTable"])
    expect(Object.keys(schema)).toEqual(before)
    expect(Object.keys(getTableColumns(schema.usersTable))).toContain("lazySince")
  })
})
