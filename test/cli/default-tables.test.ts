import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { emptyPostgres, type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { runCommand } from "./command.js"
import { usersIn } from "./lazy-users.js"

const OWN = (command: string) =>
  `If your tables are not the default ones, name your configuration: npx authjs-lazy ${command} --config auth.ts`

describe("tables that are not the default ones are refused in one line, with what to do:", () => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await emptyPostgres()
  })
  beforeEach(() => database.sql.unsafe("drop schema public cascade; create schema public"))
  afterAll(() => database.close())

  async function problem(command: string, statements: string, query = ""): Promise<string> {
    await database.sql.unsafe(statements)
    const { code, stdout, stderr } = await runCommand([command, "--database-url", `${database.url}${query}`])
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
    return stderr.trimEnd().replace("authjs-lazy: ", "")
  }

  const AUTH_JS = `create table "user" (id text primary key, name text, email text, "emailVerified" timestamp, image text)`
  const ADDED = `add "lazySince" timestamptz, add "convertedAt" timestamptz, add "seenAt" timestamptz`

  it.each(["purge", "stats"])("no table of users (%s)", async (command) => {
    expect(await problem(command, "")).toBe(
      `There is no table "user" in the database. Create the default tables: npx authjs-lazy migrate. ${OWN(command)}`,
    )
  })

  it.each(["purge", "stats"])("no columns of this library (%s)", async (command) => {
    expect(await problem(command, AUTH_JS)).toBe(
      `The table "user" lacks lazySince, convertedAt, seenAt. Add what is missing: npx authjs-lazy migrate. ${OWN(command)}`,
    )
  })

  it("columns in the manner of SQL", async () => {
    const table = `${AUTH_JS}; alter table "user" add lazy_since timestamptz, add "convertedAt" timestamptz, add "seenAt" timestamptz`
    expect(await problem("purge", table)).toContain('The table "user" lacks lazySince.')
  })

  it("another table without a column", async () => {
    const tables = `${AUTH_JS}; alter table "user" ${ADDED}; create table session (token text, "userId" text)`
    expect(await problem("purge", tables)).toBe(`The table "session" lacks expires. ${OWN("purge")}`)
  })

  it.each(["uuid", "integer"])("ids of type %s", async (type) => {
    const tables = `create table "user" (id ${type} primary key); alter table "user" ${ADDED}`
    expect(await problem("purge", tables)).toContain('In the table "user", id is of type')
  })

  it("sessions under another name, whose users can still be signed in", async () => {
    const tables = `${AUTH_JS}; alter table "user" ${ADDED};
      create table sessions (session_token text primary key, user_id text references "user", expires timestamptz);
      insert into "user" (id, "lazySince", "seenAt") values ('alive', now() - interval '60 days', now() - interval '50 days')`
    expect(await problem("purge", tables)).toBe(
      `There is no table "session", but sessions looks like a table of sessions. ${OWN("purge")}`,
    )
    expect(await usersIn(database)).toEqual(["alive"])
  })

  it("a search path that leads elsewhere than the schema in the URL", async () => {
    const tables = `${AUTH_JS}; alter table "user" ${ADDED}; create schema if not exists app; create table if not exists app."user" (id text)`
    const query = "?schema=public&search_path=app,public"
    expect(await problem("purge", tables, query)).toContain("finds the table user outside of the schema public.")
  })

  it("no PGlite folder", async () => {
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

it("the default tables of an earlier version, without outcomes and passwords, are purged and counted", async () => {
  const { url, sql, query, close } = await postgresDatabase()
  onTestFinished(close)
  await sql.unsafe(`drop table password; drop table "lazyOutcome";
    insert into "user" (id, "lazySince", "seenAt") values ('old', now() - interval '60 days', now() - interval '50 days')`)
  expect(await runCommand(["purge", "--database-url", url])).toMatchObject({ code: 0, stderr: "" })
  expect(await usersIn({ query })).toEqual([])
  expect((await runCommand(["stats", "--database-url", url])).stdout).toContain("There is no table of outcomes")
})

describe("without a configuration, sessions live for 30 days", () => {
  it("and a purge says so where no session was seen and nobody said how old users must be", async () => {
    const { url, query, close } = await postgresDatabase()
    onTestFinished(close)
    await query(
      `insert into "user" (id, "lazySince", "seenAt") values ('old', now() - interval '60 days', now() - interval '50 days')`,
    )
    const dry = await runCommand(["purge", "--dry-run", "--database-url", url])
    expect(dry.stdout).toContain("The purge assumed that these live for 30 days, the default of Auth.js")
    const said = await runCommand(["purge", "--dry-run", "--older-than", "30d", "--database-url", url])
    expect(said.stdout).toMatch(/^Would purge 1 lazy user last seen before .*\n$/)
  })
})

it.each([
  ["--users-table members", "the tables"],
  ["--sessions-table a --sessions-table b", "the tables"],
  ["--accounts-table=x", "the tables"],
  ["--authenticators-table x", "the tables"],
  ["--verification-tokens-table x", "the tables"],
  ["--passwords-table x", "the tables"],
  ["--lazy-outcomes-table x", "the tables"],
  ["--schema app", "the tables"],
  ["--schema=", "the tables"],
  ["--session-max-age 1h", "how long sessions live"],
])("%s is refused with the option to use in its place", async (args, what) => {
  for (const command of ["purge", "stats", "doctor"]) {
    const { code, stdout, stderr } = await runCommand([
      command,
      "--database-url",
      "postgres://127.0.0.1:1/nowhere",
      ...args.split(" "),
    ])
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
    expect(stderr.split("\n")[0]).toBe(
      `authjs-lazy: ${args.split(/[ =]/)[0]} was removed: the command reads ${what} from your configuration. Write: npx authjs-lazy ${command} --config auth.ts`,
    )
  }
})
