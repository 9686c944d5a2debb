import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { runCommand } from "./command.js"

const NAMES = [
  "--schema",
  "app",
  "--users-table",
  "members",
  "--sessions-table",
  "logins",
  "--lazy-outcomes-table",
  "lazy_ends",
]

/** Tables in a schema of their own, with uuid ids and columns in the manner of SQL. */
async function ownTables(): Promise<PostgresDatabase> {
  const database = await emptyPostgres()
  onTestFinished(database.close)
  await database.sql.unsafe(`
    create schema app;
    create domain app.moment as timestamptz;
    create table app.members (
      member_id uuid primary key default gen_random_uuid(), display_name varchar(80), email text, email_verified timestamp,
      user_name text unique, lazy_since timestamptz, converted_at app.moment, seen_at timestamp
    );
    create table app.logins (
      session_token text primary key, user_id uuid not null references app.members on delete cascade, expires timestamptz not null
    );
    create table app.notes (id serial primary key, member uuid references app.members on delete cascade);
    create table app.lazy_ends (
      id uuid primary key, at timestamptz not null, outcome varchar(20) not null, way text, since timestamptz not null, users bigint not null
    );
    create table public.session ("sessionToken" text primary key, "userId" text, expires timestamptz);
  `)
  return database
}

const run = ({ url }: PostgresDatabase, command: string, ...args: string[]) =>
  runCommand([command, "--database-url", url, ...args])

describe("tables of an app", () => {
  it("are purged and counted under their own names, in their own schema", async () => {
    const database = await ownTables()
    await database.sql.unsafe(`
      insert into app.members (lazy_since, seen_at)
        select now() - interval '50 days', timezone('UTC', now()) - interval '40 days' from generate_series(1, 3);
      insert into app.members (lazy_since, seen_at) select now(), timezone('UTC', now());
      insert into app.members (display_name) values ('Ada');
      insert into app.notes (member) select member_id from app.members;
      insert into app.logins select member_id::text, member_id, now() + interval '1 hour' from app.members
        where seen_at < now() limit 1;
    `)
    const purged = await run(database, "purge", "--json", ...NAMES)
    expect(purged).toMatchObject({ code: 0, stderr: "" })
    expect(JSON.parse(purged.stdout)).toMatchObject({ purged: 2, deleted: { "app.notes": 2 } })
    const stats = await run(database, "stats", "--json", "--since", "60d", ...NAMES)
    expect(stats).toMatchObject({ code: 0, stderr: "" })
    const { lazyUsers, exact, days } = JSON.parse(stats.stdout)
    const sum = (event: string) =>
      days.reduce((total: number, day: Record<string, number>) => total + (day[event] ?? 0), 0)
    expect({ lazyUsers, exact, created: sum("created"), purged: sum("purged") }).toEqual({
      lazyUsers: 2,
      exact: true,
      created: 4,
      purged: 2,
    })
    expect(await database.query("select count(*)::int as n from app.members")).toEqual([{ n: 3 }])
  })

  it("are examined under their own names", async () => {
    const database = await ownTables()
    const { stdout } = await run(database, "doctor", "--json", ...NAMES)
    const wheres = JSON.parse(stdout).findings.flatMap(({ where = "" }: { where?: string }) => where)
    expect(wheres.filter((where: string) => where.startsWith("app.notes"))).toHaveLength(1)
    expect(wheres.filter((where: string) => /lazySince|convertedAt|seenAt|expires|userId/.test(where))).toEqual([])
  })
})

describe("what is missing is named, with what to do, in one line:", () => {
  async function problem(command: string, statements: string, ...args: string[]): Promise<string> {
    const database = await emptyPostgres()
    onTestFinished(database.close)
    await database.sql.unsafe(statements)
    const { code, stdout, stderr } = await run(database, command, ...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
    return stderr.trimEnd().replace("authjs-lazy: ", "")
  }

  const AUTH_JS = `create table "user" (id text primary key, name text, email text, "emailVerified" timestamp, image text)`

  it.each(["purge", "stats"])("any table (%s)", async (command) => {
    expect(await problem(command, "")).toBe(
      'There is no table "user" in the database. Say what it is called by --users-table, and where it is by --schema, or make the default tables: authjs-lazy migrate.',
    )
  })

  it.each(["purge", "stats"])("the columns of this library (%s)", async (command) => {
    expect(await problem(command, AUTH_JS)).toBe(
      'The table "user" lacks lazySince, convertedAt, seenAt. Add what is missing: authjs-lazy migrate',
    )
  })

  it("one of its columns in a table of the app", async () => {
    const table = "create table members (id text primary key, lazy_since timestamptz, seen_at timestamptz)"
    expect(await problem("purge", table, "--users-table", "members")).toBe(
      'The table "members" lacks convertedAt. Spread lazyColumns() into the definition of your table, and migrate it.',
    )
  })

  it("a table that was named", async () => {
    const tables = `create schema app; create table app."user" (id text primary key, lazy_since timestamptz, converted_at timestamptz, seen_at timestamptz)`
    expect(await problem("purge", tables, "--schema", "app", "--sessions-table", "logins")).toBe(
      'There is no table "app"."logins" in the database. Say what it is called by --sessions-table, and where it is by --schema.',
    )
  })

  it("a column of another table", async () => {
    const tables = `${AUTH_JS}; alter table "user" add lazysince timestamptz, add convertedat timestamptz, add seenat timestamptz; create table session (token text, user_id text)`
    expect(await problem("purge", tables)).toBe(
      'The table "session" lacks expires. Columns are found by these names, whatever their case and underscores.',
    )
  })

  it("which of two columns is meant", async () => {
    const tables = `${AUTH_JS}; alter table "user" add lazysince timestamptz, add lazy_since timestamptz, add convertedat timestamptz, add seenat timestamptz`
    expect(await problem("purge", tables)).toBe(
      'In the table "user", both "lazysince" and "lazy_since" could be lazySince.',
    )
  })

  it("ids that can't work", async () => {
    const tables = `create table "user" (id serial primary key, lazy_since timestamptz, converted_at timestamptz, seen_at timestamptz)`
    expect(await problem("purge", tables)).toContain("has a column `id` of type integer, which cannot work.")
  })

  it("a default by which everybody would look lazy", async () => {
    const tables = `${AUTH_JS}; alter table "user" add lazy_since timestamptz default now(), add converted_at timestamptz, add seen_at timestamptz`
    expect(await problem("purge", tables)).toContain("users who sign up would look lazy")
  })

  it("a PGlite folder", async () => {
    const parent = await mkdtemp(join(tmpdir(), "authjs-lazy-cli-"))
    onTestFinished(() => rm(parent, { recursive: true, force: true }))
    const folder = join(parent, "data")
    expect(await runCommand(["purge", "--database-url", folder])).toEqual({
      code: 1,
      stdout: "",
      stderr: `authjs-lazy: There is no PGlite database in ${folder}.\n`,
    })
    expect(existsSync(folder)).toBe(false)
  })
})
