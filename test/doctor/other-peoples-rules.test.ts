import { isNull, sql } from "drizzle-orm"
import { customType, pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"
import { LazyAdapter, lazyColumns, lazyIndex, schema } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase, recreateTables } from "../setup/databases.js"
import { since } from "../setup/server-version.js"
import { Patient } from "./patient.js"

let database: PostgresDatabase
let patient: Patient
beforeAll(async () => {
  database = await postgresDatabase()
  patient = new Patient(database)
})
beforeEach(() => recreateTables(database))
afterAll(() => database.close())

it.each([
  ["phone text not null default ''", "add unique (phone)"],
  ["phone int default 0", "add unique (phone)"],
  ...since(15, [
    ["phone text", "add unique nulls not distinct (phone)"],
    ["phone text", "add unique nulls not distinct (phone, name)"],
  ]),
])("a second lazy user that %s, %s does not let be", async (column, rule) => {
  await database.query(`alter table "user" add column ${column}, ${rule}`)
  const finding = await patient.finding("unique_default")
  expect(finding).toMatchObject({ severity: "error", where: expect.stringMatching(/^user\.phone/) })
  const { lazy } = LazyAdapter(database.db)
  await lazy.createLazyUser()
  await expect(lazy.createLazyUser()).rejects.toMatchObject({ code: "setup" })

  await patient.paste(finding.fix)
  await lazy.createLazyUser()
  expect(await patient.summary()).not.toContain(`error unique_default ${finding.where}`)
})

it.each([
  ["phone text", "add unique (phone)"],
  ["phone uuid not null default gen_random_uuid()", "add unique (phone)"],
  ["phone bigserial", "add unique (phone)"],
  ["phone text default ''", "add unique (phone, email)"],
])("nothing is said of %s, %s", async (column, rule) => {
  await database.query(`alter table "user" add column ${column}, ${rule}`)
  const { lazy } = LazyAdapter(database.db)
  await lazy.createLazyUser()
  if (!rule.includes("email")) await lazy.createLazyUser()
  expect((await patient.findings()).map(({ code }) => code)).not.toContain("unique_default")
})

it("a default by which people look verified", async () => {
  await database.query(`alter table "user" alter "emailVerified" set default current_timestamp`)
  const finding = await patient.finding("column_default")
  expect(finding).toMatchObject({ severity: "warning", where: "user.emailVerified" })
  await patient.paste(finding.fix)
  expect(await patient.summary()).toEqual([])
  await database.query(`alter table "user" alter "emailVerified" set not null`)
  expect(await patient.finding("column_null")).toMatchObject({ severity: "error", where: "user.emailVerified" })
})

it("users who are gone but for their rows, until it is told who counts", async () => {
  await database.query(`alter table "user" add column "deletedAt" timestamptz, drop constraint user_email_unique`)
  await database.query(`create unique index live on "user" (lower(email)) where "deletedAt" is null`)
  const usersTable = pgTable(
    "user",
    {
      id: text("id").primaryKey(),
      name: text("name"),
      email: customType<{ data: string }>({ dataType: () => "citext" })("email"),
      emailVerified: timestamp("emailVerified", { mode: "date" }),
      image: text("image"),
      deletedAt: timestamp("deletedAt", { mode: "date", withTimezone: true }),
      ...lazyColumns(),
    },
    (user) => [lazyIndex(user)],
  )
  const tables = { ...schema, usersTable }
  expect(await patient.summary({ tables })).toEqual(["warning active_users user.email"])
  expect(await patient.summary({ tables: { ...tables, activeUsers: () => isNull(usersTable.deletedAt) } })).toEqual([])
})

it.each([
  ["api_key", "id int", "apiKey"],
  ["ApiKeys", "id int", "apiKeys"],
  ["personal_access_token", "id int", "personalAccessToken"],
  ["feed_token", "id int", "feedToken"],
  ["webhook", "id int", "webhook"],
  ["device", "id int", "device"],
  ["integration", "access_token text", "integration"],
  ["integration", '"secretKey" text', "integration"],
])("a table %s with a column %s looks like credentials", async (table, column, name) => {
  await database.query(
    `create table "${table}" (${column}, "userId" text references "user" on delete cascade); create index on "${table}" ("userId")`,
  )
  const definition = pgTable(table, { userId: text("userId").references(() => schema.usersTable.id) })
  const finding = await patient.finding("credentials")
  expect(finding).toMatchObject({ severity: "info", where: table })
  expect(finding.fix).toBe(`LazyAdapter(db, { credentials: [${name}] })`)
  expect(await patient.summary({ tables: { credentials: [definition] } })).toEqual([])
})

it.each(["note", "tokenizer_run", "keyboard", "practice_session"])("a table %s does not", async (table) => {
  await database.query(
    `create table "${table}" (id int, "userId" text references "user" on delete cascade); create index on "${table}" ("userId")`,
  )
  expect(await patient.summary()).toEqual([])
})

it("a table of credentials that is not there", async () => {
  const keys = pgTable("keys", { userId: text("userId").notNull() })
  const finding = await patient.finding("missing_credentials", { tables: { credentials: [keys] } })
  expect(finding).toMatchObject({ severity: "error", where: "keys.userId" })
  await patient.paste(finding.fix)
  expect((await patient.findings({ tables: { credentials: [keys] } })).map(({ code }) => code)).not.toContain(
    "missing_credentials",
  )
})

it("a hash column that is too short, and a domain that is not", async () => {
  await database.query(`alter table password alter hash type varchar(90)`)
  await database.query(`create domain handle as text`)
  await database.query(`alter table "user" alter username type handle`)
  expect(await patient.summary()).toEqual(["error column_type password.hash"])
  await patient.paste((await patient.finding("column_type")).fix)
  expect(await patient.summary()).toEqual([])
})

it("a custom type over another kind of column", async () => {
  const usersTable = pgTable(
    "user",
    {
      id: text("id").primaryKey(),
      name: text("name"),
      email: customType<{ data: string }>({ dataType: () => "text" })("email").unique(),
      emailVerified: timestamp("emailVerified", { mode: "date" }),
      image: text("image"),
      ...lazyColumns(),
    },
    (user) => [lazyIndex(user)],
  )
  await database.db.execute(sql`alter table "user" drop column email, add column email bytea unique`)
  expect(await patient.summary({ tables: { ...schema, usersTable } })).toEqual(["error column_type user.email"])
})
