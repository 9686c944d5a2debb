import { index, integer, pgSchema, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { LazyAdapter, lazyIndex } from "../../src/drizzle.js"
import { createTables } from "../contract/create-tables.js"
import { tableShapes } from "../contract/table-shapes.js"
import { dropEverything, emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { Patient } from "./patient.js"

const moment = (name: string) => timestamp(name, { mode: "date", withTimezone: true })

/** An app's tables in a schema of their own, with snake_case columns and uuid ids. */
const app = pgSchema("app auth")
const users = app.table(
  "users",
  {
    id: uuid("user_id").primaryKey().defaultRandom(),
    name: text("full_name"),
    email: text("e_mail").unique(),
    emailVerified: moment("e_mail_verified"),
    image: text("picture"),
    username: text("user_name").unique(),
    lazySince: moment("lazy_since"),
    convertedAt: moment("converted_at"),
    seenAt: moment("seen_at"),
    plan: text("plan").notNull().default("it's free"),
  },
  (user) => [lazyIndex(user, "app_lazy")],
)
const userId = () =>
  uuid("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" })
const accounts = app.table(
  "accounts",
  {
    userId: userId(),
    type: text("type").notNull(),
    provider: text("provider").notNull(),
    providerAccountId: text("provider_account_id").notNull(),
  },
  (account) => [
    primaryKey({ columns: [account.provider, account.providerAccountId] }),
    index("by_user").on(account.userId),
  ],
)
const sessions = app.table(
  "sessions",
  { sessionToken: text("token").primaryKey(), userId: userId(), expires: moment("expires_at").notNull() },
  (session) => [index("sessions_by_user").on(session.userId)],
)
const passwords = app.table("passwords", {
  userId: userId().primaryKey(),
  hash: text("hash").notNull(),
  updatedAt: moment("updated_at").notNull().defaultNow(),
})
const outcomes = app.table("outcomes", {
  id: uuid("id").primaryKey(),
  at: moment("at").notNull(),
  outcome: text("outcome").notNull(),
  way: text("way"),
  since: moment("since").notNull(),
  users: integer("users").notNull(),
})
const tables = {
  usersTable: users,
  accountsTable: accounts,
  sessionsTable: sessions,
  passwordsTable: passwords,
  lazyOutcomesTable: outcomes,
}

let database: PostgresDatabase
beforeAll(async () => {
  database = await emptyPostgres()
})
beforeEach(() => dropEverything(database))
afterAll(() => database.close())

describe("an app's own tables in a schema of their own", () => {
  const definitions = { app, users, accounts, sessions, passwords, outcomes }
  let patient: Patient

  beforeEach(async () => {
    await createTables(database.db, definitions)
    patient = new Patient(database, { tables })
  })

  // What the app has no tables for is not asked for as a matter of life and death.
  const unneeded = ["info missing_table verificationToken", "info missing_table authenticator"]

  it("are in good health as drizzle-kit makes them", async () => {
    // The definition of an authenticators table with text ids would not fit; nothing is to be made.
    expect(await patient.summary()).toEqual(unneeded)
  })

  it.each([
    { harm: `alter table "app auth".users drop column converted_at`, where: "app auth.users.converted_at" },
    { harm: `alter table "app auth".users drop column plan`, where: "app auth.users.plan" },
    { harm: `drop table "app auth".passwords`, where: "app auth.passwords" },
    { harm: `drop table "app auth".sessions`, where: "app auth.sessions" },
    { harm: `drop table "app auth".outcomes`, where: "app auth.outcomes" },
    { harm: `drop index "app auth".app_lazy`, where: "app auth.users" },
    { harm: `drop index "app auth".sessions_by_user`, where: "app auth.sessions.user_id" },
    { harm: `alter table "app auth".users drop constraint users_user_name_unique`, where: "app auth.users.user_name" },
    { harm: `alter table "app auth".users alter column seen_at set not null`, where: "app auth.users.seen_at" },
    {
      harm: `create table "app auth".note (by uuid references "app auth".users)`,
      where: "app auth.note.by",
    },
  ])("are healed by what is pasted: $harm", async ({ harm, where }) => {
    await patient.paste(harm)
    expect((await patient.findings()).map((finding) => finding.where)).toContain(where)
    for (let round = 0; round < 5; round++)
      for (const { fix, severity } of await patient.findings()) if (severity !== "info") await patient.paste(fix)
    expect(await patient.summary()).toEqual(unneeded)
    const { user } = await LazyAdapter(database.db, tables).lazy.createLazyUser({ generateName: () => "guest" })
    expect((user as typeof users.$inferSelect).plan).toBe("it's free")
  })

  it("says that the definition has to follow where ids are of another type", async () => {
    await patient.paste(`drop table "app auth".outcomes; create table "app auth".outcomes (id uuid primary key, at timestamptz not null,
      outcome text not null, way text, since timestamptz not null, users int not null)`)
    const { id: _, ...columns } = outcomesColumns()
    const asText = app.table("outcomes", { id: text("id").primaryKey(), ...columns })
    const finding = await patient.finding("column_type", { tables: { ...tables, lazyOutcomesTable: asText } })
    expect(finding.fix).toBe(`id: uuid("id")`)
  })

  const outcomesColumns = () => ({
    id: uuid("id").primaryKey(),
    at: moment("at").notNull(),
    outcome: text("outcome").notNull(),
    way: text("way"),
    since: moment("since").notNull(),
    users: integer("users").notNull(),
  })
})

it.each(tableShapes)("finds no error in tables that the library promises to work with: $shape", async (shape) => {
  const { definitions, casing } = shape
  await createTables(database.db, definitions, casing)
  const { usersTable, accountsTable, sessionsTable, passwordsTable, authenticatorsTable } =
    definitions as typeof tables & {
      authenticatorsTable?: never
    }
  const options = { usersTable, accountsTable, sessionsTable, passwordsTable, authenticatorsTable }
  const patient = new Patient({ ...database, db: drizzle(database.sql, { casing }) }, { tables: options })
  const errors = (await patient.findings()).filter(({ severity }) => severity === "error")
  // Some of the shapes leave out the key of the accounts, which is worth an error.
  expect(errors.filter(({ code, where }) => !(code === "missing_unique" && /account/i.test(where ?? "")))).toEqual([])
})
