import { pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { doctor } from "../../src/doctor.js"
import { LazyAdapter, lazyColumns, migrate } from "../../src/drizzle.js"
import { LazySetupError } from "../../src/index.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { runCommand } from "./command.js"

let database: PostgresDatabase
beforeAll(async () => {
  database = await emptyPostgres()
})
afterAll(() => database.close())
beforeEach(() =>
  database.sql.unsafe("drop schema if exists shop, drizzle cascade; drop schema public cascade; create schema public"),
)

const run = (...args: string[]) => runCommand([...args, "--database-url", database.url])
const migrated = () => migrate(database.db, { beside: true })

/** Tables of an app, each with a lazy user. */
const OTHERS: Record<string, { label: string; table: string }> = {
  "another name": {
    label: "members",
    table: `create table members (id uuid primary key default gen_random_uuid(), "lazySince" timestamptz, "convertedAt" timestamptz);
      insert into members ("lazySince") values (now())`,
  },
  "another schema": {
    label: "shop.user",
    table: `create schema shop; create table shop."user" (id text primary key, "lazySince" timestamptz, "convertedAt" timestamptz);
      insert into shop."user" values ('1', now())`,
  },
  snake_case: {
    label: "app_users",
    table: `create table app_users (id text primary key, lazy_since timestamp, converted_at timestamp);
      insert into app_users values ('1', now())`,
  },
  "names that want quotes, and a prefix": {
    label: 'shop."The ""Users"',
    table: `create schema shop; create table shop."The ""Users" ("Id" text primary key, "User_Lazy-Since" timestamptz, "User_Converted-At" timestamptz);
      insert into shop."The ""Users" values ('1', now())`,
  },
  partitions: {
    label: "people",
    table: `create table people (id text, lazy_since timestamptz, converted_at timestamptz) partition by hash (id);
      create table people_0 partition of people for values with (modulus 1, remainder 0);
      insert into people values ('1', now())`,
  },
}

describe.each(Object.keys(OTHERS))("lazy users under %s", (kind) => {
  const { label, table } = OTHERS[kind] as (typeof OTHERS)[string]
  const name = label.replaceAll('"The ""Users"', 'The "Users')

  it("are noticed by every command, before and after the default tables were made", async () => {
    await database.sql.unsafe(table)
    const before = await run("migrate")
    expect(before).toMatchObject({ code: 1, stdout: "" })
    expect(before.stderr).toContain(`columns of lazy users in ${name}, and migrating would make a second`)

    for (const command of ["purge", "stats"]) {
      const { code, stderr } = await run(command)
      expect({ command, code }).toEqual({ command, code: 1 })
      expect(stderr).toContain(`But ${name} has them`)
      expect(stderr).not.toContain("npx authjs-lazy migrate")
    }
    const unmade = await run("doctor")
    expect(unmade.code).toBe(3)
    expect(unmade.stdout).toContain("error other_tables: user\n")
    expect(unmade.stdout).not.toMatch(/create table|authjs-lazy migrate/)

    await migrated()
    for (const args of [["purge"], ["purge", "--dry-run"], ["stats"], ["purge", "--json"]]) {
      const { code, stdout, stderr } = await run(...args)
      expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: "" })
      expect(stderr).toContain(`default table user, and there is no lazy user in it, but there are some in ${name}.`)
      expect(stderr).toContain(`npx authjs-lazy ${args[0]} --config auth.ts`)
    }
    expect((await run("doctor")).stdout).toContain("error other_tables: user\n")
    expect(await run("purge", "--beside")).toMatchObject({ code: 0, stderr: "" })
    expect(await run("stats", "--beside")).toMatchObject({ code: 0, stderr: "" })
    expect((await run("doctor", "--beside")).stdout).toBe("0 errors, 0 warnings. 0 lazy users to purge.\n")
  })

  it("are noticed from code where the tables that were passed never had one", async () => {
    await database.sql.unsafe(table)
    await expect(migrate(database.db)).rejects.toThrow(LazySetupError)
    await migrated()
    const { lazy } = LazyAdapter(database.db)
    await expect(lazy.purge()).rejects.toThrow(`there are some in ${name}. Pass the tables of your app`)
    await expect(lazy.stats()).rejects.toThrow(LazySetupError)
    expect(await lazy.purge({ beside: true })).toMatchObject({ purged: 0 })
    expect(await lazy.stats({ beside: true })).toMatchObject({ lazyUsers: 0 })
    const { findings } = await doctor({ db: database.db, tables: {} })
    expect(findings).toContainEqual(expect.objectContaining({ code: "other_tables", severity: "error", where: "user" }))

    // Once it had one, an app without lazy users is an app without lazy users.
    const { user } = await lazy.createLazyUser()
    await lazy.deleteLazyUser(user.id)
    expect(await lazy.purge()).toMatchObject({ purged: 0 })
    expect((await doctor({ db: database.db, tables: {} })).findings.map(({ code }) => code)).not.toContain(
      "other_tables",
    )
    // The command without a configuration knows no better than before.
    expect(await run("purge")).toMatchObject({ code: 1 })
  })
})

it("columns of the default user table under other names are not made a second time", async () => {
  await database.sql.unsafe(`create table "user" (id text primary key, name text, email text, "emailVerified" timestamp, image text,
    lazy_since timestamptz, converted_at timestamptz, seen_at timestamptz, username text)`)
  for (const args of [["migrate"], ["migrate", "--beside"]]) {
    const { code, stderr } = await run(...args)
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /The table user has the columns of lazy users under other names \("lazy_since"\)|other tables of the same names/,
    )
  }
  expect((await run("doctor")).stdout).not.toContain("npx authjs-lazy migrate")
  const names = await database.query(
    `select attname from pg_attribute where attrelid = '"user"'::regclass and attname = 'lazySince'`,
  )
  expect(names).toEqual([])
})

it("empty tables with columns for lazy users make the doctor unsure, and stop no purge", async () => {
  await database.sql.unsafe(
    "create table members (id text primary key, lazy_since timestamptz, converted_at timestamptz)",
  )
  await migrated()
  expect(await run("purge")).toMatchObject({ code: 0 })
  expect((await run("doctor")).stdout).toContain("warning other_tables: user\n")
})

it("an app with lazy users of its own is purged beside another one, which stderr names", async () => {
  await database.sql.unsafe(OTHERS.snake_case?.table as string)
  await migrated()
  await database.query(
    `insert into "user" (id, "lazySince", "seenAt") values ('1', now() - interval '60 days', now() - interval '50 days'), ('2', now(), now())`,
  )
  const { code, stdout, stderr } = await run("purge")
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: "authjs-lazy: There are lazy users in app_users as well, at which purge did not look.\n",
  })
  expect(stdout).toContain("Purged 1 lazy user")
  const seen = await run("doctor")
  expect(seen.code).toBe(0)
  expect(seen.stdout).toContain("info other_tables: user\n")
})

it("users of an app without any column for lazy users are noticed while the default table is empty", async () => {
  await database.sql.unsafe(`create table "User" (id uuid primary key default gen_random_uuid(), email varchar(64) not null);
    insert into "User" (email) values ('ada@example.com')`)
  const unmade = await run("doctor")
  expect(unmade.stdout).toContain("error other_tables: user\n")
  expect(unmade.stdout).not.toMatch(/create table/)
  await migrated()
  expect((await run("doctor")).stdout).toContain("warning other_tables: user\n")
  expect((await run("purge")).stderr).toContain("nor any user, but there are users in User.")
  await database.query(`insert into "user" (id) values ('1')`)
  expect(await run("purge")).toMatchObject({ code: 0, stderr: "" })
})

it("a role that can't see the other users is told so, and one that sees no user at all", async () => {
  await database.sql.unsafe(OTHERS.snake_case?.table as string)
  await migrated()
  await database.sql.unsafe(`create role blind login password 'blind';
    grant usage on schema public to blind; grant all on "user", session, "lazyOutcome" to blind`)
  const url = Object.assign(new URL(database.url), { username: "blind", password: "blind" }).href
  const as = (...args: string[]) => runCommand([...args, "--database-url", url])
  expect((await as("purge")).stderr).toContain("this role can't see whether there are some in app_users.")
  expect(await as("purge", "--beside")).toMatchObject({ code: 0 })

  await database.sql.unsafe(`alter table "user" enable row level security;
    insert into "user" (id, "lazySince", "seenAt") values ('1', now() - interval '60 days', now() - interval '50 days')`)
  const client = postgres(url, { max: 1 })
  const { lazy } = LazyAdapter(drizzle(client))
  await expect(lazy.purge()).rejects.toThrow("row-level security hides the rows of user from this role")
  await expect(lazy.stats()).rejects.toThrow(LazySetupError)
  await client.end()
  await database.sql.unsafe("drop owned by blind; drop role blind")
})

it("a search path that finds another table of the same name is noticed", async () => {
  await migrated()
  await database.sql.unsafe(`create schema shop; create table shop."user" (like "user" including all); create table shop.session (like session including all);
    insert into "user" (id, "lazySince", "seenAt") values ('1', now(), now())`)
  const { stderr } = await runCommand(["purge", "--database-url", `${database.url}?search_path=shop`])
  expect(stderr).toContain("default table shop.user, and there is no lazy user in it, but there are some in user.")
  const named = await runCommand(["purge", "--database-url", `${database.url}?schema=shop`])
  expect(named.stderr).toContain(
    "default table shop.user, and there is no lazy user in it, but there are some in user.",
  )
})

it("no more columns are asked for than a command reads", async () => {
  await database.sql.unsafe(`create table "user" (id text primary key, "lazySince" timestamptz, "convertedAt" timestamptz, "seenAt" timestamptz);
    create table account (iban text primary key); create table password (site text primary key); create table authenticator (serial text)`)
  expect((await run("purge")).stdout).toMatch(/^Purged 0 lazy users .*\nLooked at the table user\.\n/)
  await database.sql.unsafe(`alter table "user" drop column "seenAt"; create table session (token text)`)
  const { code, stdout } = await run("stats")
  expect(code).toBe(0)
  expect(stdout).toContain("\n\nLooked at the table user.\n")
})

it("the address may be in POSTGRES_URL, after DATABASE_URL", async () => {
  await migrated()
  expect(await runCommand(["stats"], { env: { POSTGRES_URL: database.url } })).toMatchObject({ code: 0 })
  expect(await runCommand(["stats"], { env: { DATABASE_URL: "", POSTGRES_URL: database.url } })).toMatchObject({
    code: 0,
  })
  const nowhere = "postgres://127.0.0.1:1/nowhere"
  expect(await runCommand(["stats"], { env: { DATABASE_URL: database.url, POSTGRES_URL: nowhere } })).toMatchObject({
    code: 0,
  })
  const missing = await runCommand(["stats"])
  expect(missing.code).toBe(2)
  expect(missing.stderr).toContain("set DATABASE_URL or POSTGRES_URL")
})

it("the doctor takes the tables from the configuration that it is given", async () => {
  const { withLazy, LazyProvider } = await import("../../src/index.js")
  const usersTable = pgTable("members", {
    id: text("id").primaryKey(),
    name: text("name"),
    email: text("email").unique(),
    emailVerified: timestamp("emailVerified", { mode: "date" }),
    image: text("image"),
    ...lazyColumns(),
  })
  const auth = withLazy({ adapter: LazyAdapter(database.db, { usersTable }), providers: [LazyProvider()] })
  const { findings } = await doctor({ db: database.db, auth })
  expect(findings.map(({ code }) => code)).not.toContain("migrations_pending")
  expect(findings).toContainEqual(expect.objectContaining({ code: "missing_table", where: "members" }))
})
