import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PGlite } from "@electric-sql/pglite"
import { generateDrizzleJson, generateMigration } from "drizzle-kit/api"
import { pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/pglite"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { defineTables } from "../../node_modules/@auth/drizzle-adapter/lib/pg.js"
import { withDatabase } from "../../src/cli/database/open-database.js"
import { LazyAdapter, schema } from "../../src/drizzle.js"
import { LazySetupError } from "../../src/errors.js"
import { internals } from "../../src/store/lazy-store.js"
import { type MigrateReport, migrate } from "../../src/store/migrate.js"
import { createTables } from "../contract/create-tables.js"
import { HASH, newSession, newUser, ownSession } from "../contract/fixtures.js"
import { emptyPglite, emptyPostgres, migrationsFolder, type PostgresDatabase } from "../setup/databases.js"
import { catalogOf } from "./catalog.js"

const migrateAt = (address: string) =>
  withDatabase(address, {
    run: (db) => migrate(db),
    failure: "The migration failed and nothing was changed",
    create: true,
  })

const ALL = ["0000_auth", "0001_authenticator", "0002_lazy", "0003_lazy_outcome"]
const NOTHING: MigrateReport = { applied: [], baselined: [], recorded: [], appManaged: false, missing: [] }

/** The tables of an Auth.js app that has never heard of this library. */
const plain = defineTables()

async function newDatabase(): Promise<PostgresDatabase> {
  const database = await emptyPostgres()
  onTestFinished(database.close)
  return database
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-migrate-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const recordOf = async (database: PostgresDatabase) =>
  (await database.query("select 1 from drizzle.__authjs_lazy_migrations")).length

const schemasOf = async (database: PostgresDatabase) =>
  (await database.query("select nspname from pg_namespace where nspname = 'drizzle'")).length

/** What migrating is refused with, after making sure that it changed nothing. */
async function refusal(database: PostgresDatabase): Promise<string> {
  const before = await catalogOf(database)
  const error: unknown = await migrateAt(database.url).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(LazySetupError)
  expect(await catalogOf(database)).toEqual(before)
  expect(await schemasOf(database)).toBe(0)
  return (error as LazySetupError).message
}

describe("the migrations", () => {
  let expected: string[]
  beforeAll(async () => {
    const database = await emptyPostgres()
    await createTables(database.db, schema)
    expected = await catalogOf(database)
    await database.close()
    expect(expected).toContain('column "user".username text')
  })

  it("agree with schema, so that drizzle-kit has nothing to generate", async () => {
    const latest = JSON.parse(await readFile(join(migrationsFolder, "meta", "0003_snapshot.json"), "utf8"))
    expect(await generateMigration(latest, generateDrizzleJson(schema))).toEqual([])
  })

  it("turn an empty database into schema", async () => {
    const database = await newDatabase()
    expect(await migrateAt(database.url)).toEqual({ ...NOTHING, applied: ALL })
    expect(await catalogOf(database)).toEqual(expected)
    expect(await recordOf(database)).toBe(ALL.length)
  })

  /** PGlite plays no engine. */
  const itOnPglite = it.skipIf(process.env.TEST_ENGINE !== undefined)

  itOnPglite("turn an empty PGlite folder into schema, and one that does not exist", async () => {
    const folder = join(await newFolder(), "not", "there")
    expect(await migrateAt(folder)).toEqual({ ...NOTHING, applied: ALL })
    expect(await migrateAt(folder)).toEqual({ ...NOTHING, recorded: ALL })
    const client = new PGlite(folder)
    onTestFinished(() => client.close())
    const query = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows
    const columns = expected.filter((line) => line.startsWith("column"))
    const made = await catalogOf({ db: drizzle(client), own: drizzle(client), query, close: () => client.close() })
    expect(made.filter((line) => line.startsWith("column"))).toEqual(columns)
  })

  it("run in a database that is open already", async () => {
    const database = await emptyPglite()
    onTestFinished(database.close)
    expect(await migrate(database.db)).toEqual({ ...NOTHING, applied: ALL })
    expect(await migrate(database.db)).toEqual({ ...NOTHING, recorded: ALL })
  })

  it("run once, however often they are started", async () => {
    const database = await newDatabase()
    await migrateAt(database.url)
    expect(await migrateAt(database.url)).toEqual({ ...NOTHING, recorded: ALL })
    expect(await recordOf(database)).toBe(ALL.length)
  })

  it("run once when eight start at once", async () => {
    const database = await newDatabase()
    const reports = await Promise.all(Array.from({ length: 8 }, () => migrateAt(database.url)))
    expect(reports.filter(({ applied }) => applied.length > 0)).toEqual([{ ...NOTHING, applied: ALL }])
    expect(reports.filter(({ recorded }) => recorded.length > 0)).toHaveLength(7)
    expect(await recordOf(database)).toBe(ALL.length)
  })

  it("run only where they were not recorded", async () => {
    const database = await newDatabase()
    await migrateAt(database.url)
    await database.query("delete from drizzle.__authjs_lazy_migrations where id = 3")
    await database.query(`drop table password; drop index "account_userId_idx", "session_userId_idx", user_lazy_idx;
      alter table "user" drop column username, drop column "lazySince", drop column "convertedAt", drop column "seenAt"`)
    expect(await migrateAt(database.url)).toEqual({
      ...NOTHING,
      applied: ["0002_lazy"],
      recorded: ["0000_auth", "0001_authenticator", "0003_lazy_outcome"],
    })
    expect(await catalogOf(database)).toHaveLength(expected.length)
  })

  it("are recorded where another tool made after us what they make", async () => {
    const database = await newDatabase()
    await migrateAt(database.url)
    await database.query("delete from drizzle.__authjs_lazy_migrations where id > 1")
    expect(await migrateAt(database.url)).toEqual({
      ...NOTHING,
      baselined: ["0001_authenticator", "0002_lazy", "0003_lazy_outcome"],
      recorded: ["0000_auth"],
    })
    expect(await catalogOf(database)).toEqual(expected)
  })

  it("go to the schema public, whatever the search path says", async () => {
    const database = await newDatabase()
    const name = new URL(database.url).pathname.slice(1)
    await database.query(`create schema elsewhere; alter database ${name} set search_path = elsewhere`)
    await migrateAt(database.url)
    expect(await catalogOf(database)).toHaveLength(expected.length)
  })

  it("are not mixed up with the app's own Drizzle migrations", async () => {
    const database = await newDatabase()
    await database.query(`create schema drizzle;
      create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
      insert into drizzle.__drizzle_migrations (hash, created_at) values ('theirs', 99999999999999)`)
    expect(await migrateAt(database.url)).toEqual({ ...NOTHING, applied: ALL })
    expect(await database.query("select hash from drizzle.__drizzle_migrations")).toEqual([{ hash: "theirs" }])
  })

  it("leave the app's other tables alone", async () => {
    const database = await newDatabase()
    await database.query(`create table note (id int, "userId" text); insert into note values (1, 'ada')`)
    await migrateAt(database.url)
    expect(await database.query("select * from note")).toEqual([{ id: 1, userId: "ada" }])
  })

  describe("over the tables of @auth/drizzle-adapter with rows in them", () => {
    let database: PostgresDatabase
    const user = newUser()
    let session: ReturnType<typeof newSession>
    let before: Record<string, unknown>[]
    let report: MigrateReport

    beforeAll(async () => {
      database = await emptyPostgres()
      await createTables(database.db, plain)
      await database.query(`insert into "user" (id, name, email, image) values
        ('${user.id}', '${user.name}', '${user.email}', '${user.image}')`)
      session = newSession(user.id)
      await database.query(`insert into session values
        ('${session.sessionToken}', '${user.id}', '${session.expires.toISOString()}')`)
      before = await database.query('select * from "user", session')
      report = await migrateAt(database.url)
    })
    afterAll(() => database.close())

    it("record the tables that are there, and add the rest", () => {
      expect(report).toEqual({
        ...NOTHING,
        baselined: ["0000_auth", "0001_authenticator"],
        applied: ["0002_lazy", "0003_lazy_outcome"],
      })
    })

    it("end at schema", async () => {
      expect(await catalogOf(database)).toEqual(expected)
    })

    it("keep every row", async () => {
      const added = { username: null, lazySince: null, convertedAt: null, seenAt: null }
      expect(await database.query('select * from "user", session')).toEqual(before.map((row) => ({ ...row, ...added })))
    })

    it("leave an adapter that works, with the old users real and signed in", async () => {
      const adapter = LazyAdapter(database.db)
      const found = await adapter.getSessionAndUser(session.sessionToken)
      expect(found).toMatchObject({ session, user: { ...user, lazySince: null } })
      expect(await adapter.lazy.deleteLazyUser(user.id)).toBe(false)
      const lazy = await adapter.lazy.createLazyUser({ generateName: () => "guest", session: ownSession() })
      const { user: converted } = await internals(adapter.lazy).convert({
        userId: lazy.user.id,
        set: { username: "grace" },
        passwordHash: HASH,
        by: { provider: "convert", type: "credentials" },
      })
      expect(converted).toMatchObject({ id: lazy.user.id, username: "grace" })
    })

    it("have nothing left to do", async () => {
      expect(await migrateAt(database.url)).toEqual({ ...NOTHING, recorded: ALL })
    })
  })

  it("add the authenticator table where an app has none", async () => {
    const database = await newDatabase()
    const { authenticatorsTable: _, ...tables } = plain
    await createTables(database.db, tables)
    expect(await migrateAt(database.url)).toEqual({
      ...NOTHING,
      baselined: ["0000_auth"],
      applied: ["0001_authenticator", "0002_lazy", "0003_lazy_outcome"],
    })
    expect(await catalogOf(database)).toEqual(expected)
  })

  describe("over tables that the app's own drizzle-kit made from schema", () => {
    it("change nothing and say so", async () => {
      const database = await newDatabase()
      await createTables(database.db, schema)
      expect(await migrateAt(database.url)).toEqual({ ...NOTHING, appManaged: true })
      expect(await catalogOf(database)).toEqual(expected)
      expect(await schemasOf(database)).toBe(0)
    })

    it("say what the app has left out", async () => {
      const database = await newDatabase()
      const { passwordsTable: _, authenticatorsTable: __, ...tables } = schema
      await createTables(database.db, tables)
      await database.query(`alter table account drop column scope`)
      expect(await migrateAt(database.url)).toEqual({
        ...NOTHING,
        appManaged: true,
        missing: ["account.scope", "authenticator", "password"],
      })
    })
  })

  describe("are refused, with nothing changed, over", () => {
    it("some of the adapter's tables", async () => {
      const database = await newDatabase()
      await createTables(database.db, { users: plain.usersTable, accounts: plain.accountsTable })
      const message = await refusal(database)
      expect(message).toContain("some of what 0000_auth makes")
      expect(message).toContain("it lacks session, verificationToken.")
    })

    it("a user table with other column names", async () => {
      const database = await newDatabase()
      const usersTable = pgTable("user", { id: text("id").primaryKey(), email_verified: timestamp("email_verified") })
      await createTables(database.db, { usersTable })
      expect(await refusal(database)).toContain("user.emailVerified")
    })

    it("a user table with some of the lazy columns", async () => {
      const database = await newDatabase()
      await createTables(database.db, plain)
      await database.query(`alter table "user" add column username text`)
      const message = await refusal(database)
      expect(message).toContain("some of what 0002_lazy makes")
      expect(message).toContain("user.lazySince, user.convertedAt, user.seenAt")
    })

    it("a table named password that is the app's own", async () => {
      const database = await newDatabase()
      await createTables(database.db, {
        ...plain,
        own: pgTable("password", { id: text("id"), secret: text("secret") }),
      })
      expect(await refusal(database)).toContain("password.userId")
    })

    it("ids that are no text", async () => {
      const database = await newDatabase()
      await createTables(database.db, plain)
      for (const table of ["account", "session", "authenticator"])
        await database.query(`alter table ${table} drop constraint "${table}_userId_user_id_fk"`)
      await database.query(`alter table "user" alter column id type uuid using id::uuid`)
      expect(await refusal(database)).toContain('The ids in the table "user" are of type uuid, not text.')
    })

    it("something that a statement runs into halfway", async () => {
      const database = await newDatabase()
      await createTables(database.db, plain)
      await database.query(`create index "session_userId_idx" on session (expires)`)
      expect(await refusal(database)).toBe(
        'The migration failed and nothing was changed: relation "session_userId_idx" already exists',
      )
    })
  })
})
