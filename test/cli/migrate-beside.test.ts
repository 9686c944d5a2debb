import { describe, expect, it, onTestFinished } from "vitest"
import { LazySetupError } from "../../src/index.js"
import { migrate } from "../../src/store/migrate.js"
import { emptyPglite, emptyPostgres, pgliteDatabase } from "../setup/databases.js"
import { catalogOf } from "../store/catalog.js"
import { runCommand } from "./command.js"

/** Tables as the adapters of Auth.js have them: https://authjs.dev/getting-started/database */
const ADAPTERS: Record<string, { tables: string; named: string }> = {
  "@auth/pg-adapter": {
    tables: `create table verification_token (identifier text not null, expires timestamptz not null, token text not null, primary key (identifier, token));
      create table accounts (id serial primary key, "userId" integer not null, type text not null, provider text not null, "providerAccountId" text not null);
      create table sessions (id serial primary key, "userId" integer not null, expires timestamptz not null, "sessionToken" text not null);
      create table users (id serial primary key, name text, email text, "emailVerified" timestamptz, image text)`,
    named: "accounts, sessions, verification_token",
  },
  "@auth/prisma-adapter": {
    tables: `create table "User" (id text primary key, email text unique);
      create table "Account" (id text primary key, "userId" text not null, type text not null, provider text not null, "providerAccountId" text not null);
      create table "Session" (id text primary key, "sessionToken" text not null, "userId" text not null, expires timestamp not null)`,
    named: "Account, Session",
  },
  "@auth/sequelize-adapter, with underscores": {
    tables: `create table users (id uuid primary key, email text);
      create table accounts (id uuid primary key, type text, provider text, provider_account_id text, user_id uuid)`,
    named: "accounts",
  },
  "tables of an app's own, with a prefix, in a schema": {
    tables: `create schema shop; create table shop.t3_user (id text primary key);
      create table shop.t3_session ("sessionToken" text primary key, "userId" text, expires timestamptz)`,
    named: "shop.t3_session",
  },
}

describe.each(Object.keys(ADAPTERS))("migrate beside the tables of %s", (adapter) => {
  const { tables, named } = ADAPTERS[adapter] as (typeof ADAPTERS)[string]

  it("is refused by the command, with nothing changed, until it is told to", async () => {
    const database = await emptyPostgres()
    onTestFinished(database.close)
    await database.query(tables)
    const before = await catalogOf(database)
    const refused = await runCommand(["migrate"], { env: { DATABASE_URL: database.url } })
    expect(refused).toMatchObject({ code: 1, stdout: "" })
    expect(refused.stderr).toContain(`another Auth.js adapter (${named}), and migrating would make a second, empty set`)
    expect(refused.stderr).toContain("authjs-lazy migrate --beside")
    expect(await catalogOf(database)).toEqual(before)
    expect(await database.query("select nspname from pg_namespace where nspname = 'drizzle'")).toEqual([])

    const { code, stdout } = await runCommand(["migrate", "--beside"], { env: { DATABASE_URL: database.url } })
    expect(code).toBe(0)
    expect(stdout).toContain(
      `Created next to the tables of another Auth.js adapter, which keep their users: ${named}\n`,
    )
    expect(await runCommand(["migrate"], { env: { DATABASE_URL: database.url } })).toMatchObject({ code: 0 })
  })

  it("is refused from code, and reported", async () => {
    const database = await emptyPostgres()
    onTestFinished(database.close)
    for (const statement of tables.split(";")) await database.query(statement)
    await expect(migrate(database.db)).rejects.toThrow(LazySetupError)
    expect(await migrate(database.db, { beside: true })).toMatchObject({ beside: named.split(", ") })
    expect(await migrate(database.db)).not.toHaveProperty("beside")
  })
})

it("is not kept from the default tables by themselves, nor by tables that only look a little like some", async () => {
  const database = await pgliteDatabase()
  onTestFinished(database.close)
  expect(await migrate(database.db)).not.toHaveProperty("beside")
  const other = await emptyPglite()
  onTestFinished(other.close)
  await other.query(`create table users (id text primary key, email text)`)
  await other.query(`create table accounts (id text primary key, user_id text, provider text)`)
  expect(await migrate(other.db)).not.toHaveProperty("beside")
})
