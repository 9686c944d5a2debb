import { PGlite } from "@electric-sql/pglite"
import { citext } from "@electric-sql/pglite/contrib/citext"
import { sql } from "drizzle-orm"
import {
  bigint,
  bigserial,
  char,
  customType,
  date,
  integer,
  type PgColumnBuilderBase,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  varchar,
} from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/pglite"
import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js"
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type Database, LazyAdapter, lazyColumns } from "../../src/drizzle.js"
import { LazySetupError } from "../../src/errors.js"
import { LazyProvider, withLazy } from "../../src/index.js"
import { internals } from "../../src/store/lazy-store.js"
import { createTables } from "../contract/create-tables.js"
import { HASH, newAccount, ownSession, unique } from "../contract/fixtures.js"
import { emptyPostgres, pgliteDatabase, type TestDatabase } from "../setup/databases.js"

type Columns = Record<string, PgColumnBuilderBase>

const as = (type: string) => customType<{ data: string }>({ dataType: () => type })
const moment = (name: string) => timestamp(name, { mode: "date", withTimezone: true })
const users = (changes: Columns = {}) =>
  pgTable("users", {
    id: text("id").primaryKey(),
    name: text("name"),
    email: text("email").unique(),
    emailVerified: moment("emailVerified"),
    image: text("image"),
    ...lazyColumns(),
    ...changes,
  })

let database: TestDatabase | undefined
const adapt = async (options: object) => {
  database ??= await pgliteDatabase()
  return LazyAdapter(database.db, options as never)
}
afterAll(() => database?.close())
const refusal = async (options: object) => {
  try {
    await adapt(options)
    return null
  } catch (error) {
    if (error instanceof LazySetupError) return error.message
    throw error
  }
}

let warnings: string[] = []
beforeEach(() => {
  warnings = []
  vi.spyOn(console, "warn").mockImplementation((message) => void warnings.push(message))
})
afterEach(() => vi.restoreAllMocks())

describe("types that are known to work are taken without a word", () => {
  it.each([
    ["char(36) ids", { id: char("id", { length: 36 }).primaryKey() }],
    ["varchar(64) ids", { id: varchar("id", { length: 64 }).primaryKey() }],
    ["custom text ids", { id: as("text")("id").primaryKey() }],
    ["custom varchar(90) ids", { id: as("varchar(90)")("id").primaryKey() }],
    ["custom CHAR ( 36 ) ids", { id: as("CHAR(36)")("id").primaryKey() }],
    ["a citext address", { email: as("citext")("email").unique() }],
    ["a citext username", { username: as("public.citext".slice(7))("username").unique() }],
    [
      "a custom timestamp",
      { lazySince: customType<{ data: Date }>({ dataType: () => "timestamp(3) with time zone" })("lazySince") },
    ],
    [
      "an encrypted name",
      {
        name: customType<{ data: string; driverData: string }>({
          dataType: () => "text",
          toDriver: (value) => `${Math.random()}|${value}`,
          fromDriver: (value) => value.split("|")[1] as string,
        })("name"),
      },
    ],
  ])("%s", async (_, columns) => {
    expect(await refusal({ usersTable: users(columns as Columns) })).toBeNull()
    expect(warnings).toEqual([])
  })

  it("an enum for the type of an account", async () => {
    const type = pgEnum("account_type", ["oauth", "oidc", "email", "webauthn"])
    const accountsTable = pgTable("accounts", {
      userId: text("userId").notNull(),
      type: type("type").notNull(),
      provider: text("provider").notNull(),
      providerAccountId: text("providerAccountId").notNull(),
    })
    expect(await refusal({ accountsTable })).toBeNull()
  })
})

describe("types of which nothing is known are taken with one warning", () => {
  it("a domain", async () => {
    const usersTable = users({ email: as("email_address_1")("email").unique() })
    expect(await refusal({ usersTable })).toBeNull()
    expect(await refusal({ usersTable })).toBeNull()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(`usersTable ("users") has a column \`email\` of type email_address_1`)
  })
})

describe("what is known not to work is refused", () => {
  const uuidWithPrefix = customType<{ data: string; driverData: string }>({
    dataType: () => "uuid",
    toDriver: (value) => value.replace("user_", ""),
    fromDriver: (value) => `user_${value}`,
  })
  const strict = customType<{ data: string; driverData: string }>({
    dataType: () => "uuid",
    toDriver(value) {
      if (!value.startsWith("user_")) throw new Error("no TypeID")
      return value.slice(5)
    },
  })
  const nondeterministic = customType<{ data: string; driverData: string }>({
    dataType: () => "text",
    toDriver: (value) => `${Math.random()}|${value}`,
    fromDriver: (value) => value.split("|")[1] as string,
  })
  it.each([
    ["bigint ids", { id: bigint("id", { mode: "number" }).primaryKey() }, "of type bigint, which cannot work"],
    ["bigserial ids", { id: bigserial("id", { mode: "number" }).primaryKey() }, "which cannot work"],
    ["integer identities", { id: integer("id").primaryKey().generatedAlwaysAsIdentity() }, "which cannot work"],
    ["custom bigint ids", { id: as("bigint")("id").primaryKey() }, "of type bigint, which cannot work"],
    ["custom bytea ids", { id: as("bytea")("id").primaryKey() }, "of type bytea, which cannot work"],
    ["an array", { username: text("username").array() }, "which cannot work"],
    ["char(40) ids", { id: char("id", { length: 40 }).primaryKey() }, "pads with blanks"],
    ["char(20) ids", { id: char("id", { length: 20 }).primaryKey() }, "too short for a UUID"],
    ["custom varchar(20) ids", { id: as("varchar(20)")("id").primaryKey() }, "too short for a UUID"],
    ["a char username", { username: char("username", { length: 20 }) }, "pads with blanks"],
    ["ids with a prefix", { id: uuidWithPrefix("id").primaryKey() }, "changes ids on their way"],
    ["ids of another form", { id: strict("id").primaryKey() }, "does not take a UUID"],
    ["an encrypted address", { email: nondeterministic("email") }, "writes one value in several forms"],
    ["an enum address", { email: pgEnum("e", ["a", "b"])("email") }, "which cannot work"],
    ["a custom date", { lazySince: as("date")("lazySince") }, "of type date, which cannot work"],
    [
      "a string for a moment",
      {
        seenAt: customType<{ data: Date; driverData: string }>({
          dataType: () => "timestamptz",
          fromDriver: (v) => String(v) as never,
        })("seenAt"),
      },
      "does not return a Date",
    ],
    ["emailVerified NOT NULL", { emailVerified: moment("emailVerified").notNull().defaultNow() }, "that is NOT NULL"],
    [
      "a generated emailVerified",
      { emailVerified: moment("emailVerified").generatedAlwaysAs(sql`now()`) },
      "that the database generates",
    ],
    [
      "a generated username",
      { username: text("username").generatedAlwaysAs(sql`name`) },
      "that the database generates",
    ],
    [
      "emailVerified with $onUpdate",
      { emailVerified: moment("emailVerified").$onUpdate(() => new Date()) },
      "with $onUpdate",
    ],
    ["username with $onUpdate", { username: text("username").$onUpdate(() => "x") }, "with $onUpdate"],
    [
      "convertedAt with $onUpdate",
      { convertedAt: moment("convertedAt").$onUpdate(() => new Date()) },
      "with $onUpdate",
    ],
  ])("%s", async (_, columns, why) => {
    const message = await refusal({ usersTable: users(columns as Columns) })
    expect(message).toContain(`usersTable ("users") has a column \`${Object.keys(columns)[0]}\``)
    expect(message).toContain(why)
    expect(message).toContain(`Use: ${Object.keys(columns)[0]}: `)
  })

  it("a hash column that is too short", async () => {
    const passwordsTable = pgTable("passwords", {
      userId: text("userId").primaryKey(),
      hash: varchar("hash", { length: 60 }).notNull(),
      updatedAt: moment("updatedAt").notNull(),
    })
    expect(await refusal({ passwordsTable })).toContain("too short for a password hash")
  })

  it("an enum that lacks an outcome", async () => {
    const lazyOutcomesTable = pgTable("outcomes", {
      id: text("id").primaryKey(),
      at: moment("at").notNull(),
      outcome: pgEnum("outcome", ["converted", "purged"])("outcome").notNull(),
      way: text("way"),
      since: moment("since").notNull(),
      users: integer("users").notNull(),
    })
    expect(await refusal({ lazyOutcomesTable })).toContain("which lacks merged, deleted")
  })
})

describe("a column that nobody gives a value is refused by name", () => {
  const session = (more: Columns) =>
    pgTable("sessions", {
      sessionToken: text("sessionToken").primaryKey(),
      userId: text("userId").notNull(),
      expires: moment("expires").notNull(),
      ...more,
    })
  const account = (more: Columns) =>
    pgTable("accounts", {
      userId: text("userId").notNull(),
      type: text("type").notNull(),
      provider: text("provider").notNull(),
      providerAccountId: text("providerAccountId").notNull(),
      ...more,
    })
  const password = (more: Columns) =>
    pgTable("passwords", {
      userId: text("userId").primaryKey(),
      hash: text("hash").notNull(),
      updatedAt: moment("updatedAt").notNull(),
      ...more,
    })

  it.each([
    ["usersTable", users({ tenantId: text("tenant_id").notNull() }), "tenantId"],
    ["usersTable", users({ name: text("name").notNull() }), "name"],
    ["usersTable", users({ image: text("image").notNull() }), "image"],
    ["usersTable", users({ born: date("born").notNull() }), "born"],
    ["sessionsTable", session({ ip: text("ip").notNull() }), "ip"],
    ["accountsTable", account({ id: text("id").primaryKey() }), "id"],
    ["accountsTable", account({ constructor: text("constructor").notNull() }), "constructor"],
    ["passwordsTable", password({ salt: text("salt").notNull() }), "salt"],
  ])("%s: %#", async (option, table, column) => {
    const message = await refusal({ [option]: table })
    expect(message).toContain(`LazyAdapter: ${option} (`)
    expect(message).toContain(
      `has a column \`${column}\` that is NOT NULL without a default, but no insert gives it a value`,
    )
  })

  it.each([
    ["a default", { plan: text("plan").notNull().default("free") }],
    [
      "a default of Drizzle",
      {
        plan: text("plan")
          .notNull()
          .$defaultFn(() => "free"),
      },
    ],
    [
      "$onUpdate",
      {
        changed: moment("changed")
          .notNull()
          .$onUpdate(() => new Date()),
      },
    ],
    ["an expression", { shown: text("shown").notNull().generatedAlwaysAs(sql`coalesce(name, '')`) }],
    ["an identity", { no: integer("no").notNull().generatedAlwaysAsIdentity() }],
    ["a sequence", { no: bigserial("no", { mode: "number" }).notNull() }],
    ["null", { age: smallint("age") }],
    ["a name with a default", { name: text("name").notNull().default("") }],
  ])("not one with %s", async (_, columns) => {
    expect(await refusal({ usersTable: users(columns as Columns) })).toBeNull()
  })

  it("an address only where LazyProvider makes none", async () => {
    const adapter = await adapt({ usersTable: users({ email: text("email").notNull().unique() }) })
    const config = { adapter, secret: "x".repeat(40) }
    expect(() => withLazy({ ...config, providers: [LazyProvider()] })).toThrow("generateEmail")
    withLazy({ ...config, providers: [LazyProvider({ generateEmail: ({ id }) => `${id}@lazy.invalid` })] })
  })
})

const stories = [
  [
    "postgres.js",
    async () => {
      const database = await emptyPostgres()
      return { db: drizzlePostgres(database.sql) as Database, close: database.close }
    },
  ],
  [
    "PGlite",
    async () => {
      const client = new PGlite({ extensions: { citext } })
      return { db: drizzle(client) as Database, close: () => client.close() }
    },
  ],
] as const
const played = stories.filter(([driver]) => driver === "postgres.js" || !process.env.TEST_ENGINE)

describe.each(played)("a story on such tables, on %s", (_, open) => {
  let close: (() => Promise<void>) | undefined
  afterEach(() => close?.())

  it("create-t3-app's schema, citext, custom and char(36) ids, an enum", async () => {
    const made = await open()
    close = made.close
    const { db } = made
    await db.execute(sql`create extension citext`)
    const accountType = pgEnum("account_type", ["oauth", "oidc", "email", "webauthn"])
    const usersTable = pgTable("post_user", {
      id: as("varchar(255)")("id")
        .primaryKey()
        .$defaultFn(() => crypto.randomUUID()),
      name: varchar("name", { length: 255 }),
      email: as("citext")("email").unique(),
      emailVerified: timestamp("email_verified", { mode: "date", withTimezone: true })
        .$defaultFn(() => new Date())
        .default(sql`CURRENT_TIMESTAMP`),
      image: varchar("image", { length: 255 }),
      ...lazyColumns(),
      username: as("citext")("username").unique(),
    })
    const userId = () =>
      char("userId", { length: 36 })
        .notNull()
        .references(() => usersTable.id, { onDelete: "cascade" })
    const accountsTable = pgTable(
      "post_account",
      {
        userId: userId(),
        type: accountType("type").notNull(),
        provider: varchar("provider", { length: 255 }).notNull(),
        providerAccountId: varchar("providerAccountId", { length: 255 }).notNull(),
      },
      (account) => [primaryKey({ columns: [account.provider, account.providerAccountId] })],
    )
    const sessionsTable = pgTable("post_session", {
      sessionToken: char("sessionToken", { length: 36 }).primaryKey(),
      userId: userId(),
      expires: moment("expires").notNull(),
    })
    const passwordsTable = pgTable("post_password", {
      userId: userId().primaryKey(),
      hash: text("hash").notNull(),
      updatedAt: moment("updatedAt").notNull(),
    })
    await createTables(db, { accountType, usersTable, accountsTable, sessionsTable, passwordsTable })
    const adapter = LazyAdapter(db, { usersTable, accountsTable, sessionsTable, passwordsTable })
    const session = ownSession(crypto.randomUUID())
    const { user } = await adapter.lazy.createLazyUser({ session })
    expect(user.emailVerified).toBeNull()
    expect((await adapter.getSessionAndUser(session.sessionToken))?.user.id).toBe(user.id)

    const by = { provider: "convert", type: "credentials" }
    const username = unique("ada")
    await internals(adapter.lazy).convert({
      userId: user.id,
      set: { username, email: "ada@example.com" },
      passwordHash: HASH,
      by,
    })
    await adapter.linkAccount(newAccount(user.id))
    expect(
      await internals(adapter.lazy).checkPassword({ email: "ADA@example.com" }, async () => ({ ok: true })),
    ).toMatchObject({
      id: user.id,
      emailVerified: null,
    })
    const other = (await adapter.lazy.createLazyUser()).user
    for (const set of [{ email: "ADA@EXAMPLE.COM" }, { username: username.toUpperCase() }])
      await expect(internals(adapter.lazy).convert({ userId: other.id, set, by })).rejects.toMatchObject({
        code: "identifier_taken",
        identifier: Object.keys(set)[0],
      })
    const report = await adapter.lazy.merge(other.id, user.id)
    expect(report.into.id).toBe(user.id)
    expect(await adapter.createUser({ id: crypto.randomUUID(), email: "bob@example.com" } as never)).toMatchObject({
      emailVerified: null,
    })
  })
})
