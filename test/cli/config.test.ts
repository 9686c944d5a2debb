import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { emptyPostgres, type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { type AppFolder, appFolder, appModule } from "./app-folder.js"
import { runCommand, spawnCommand } from "./command.js"

let database: PostgresDatabase
let app: AppFolder

const BEFORE = `
  const shop = pgSchema("shop")
  const members = shop.table("members", {
    id: uuid("member_id").primaryKey(), name: text("display_name"), email: text("email"),
    emailVerified: timestamp("verified_at"), image: text("image"), plan: text("plan"), ...lazyColumns(),
  })
  const userId = () => uuid("member").notNull().references(() => members.id, { onDelete: "cascade" })
  const logins = shop.table("logins", { sessionToken: text("token").primaryKey(), userId: userId(), expires: timestamp("ends").notNull() })
  const accounts = shop.table("accounts", {
    userId: userId(), type: text("type").notNull(), provider: text("provider").notNull(), providerAccountId: text("provider_account_id").notNull(),
  })
  const notes = shop.table("notes", { id: text("id").primaryKey(), owner: uuid("owner") })
  const archive = shop.table("archive", { id: text("id").primaryKey() })`

const TABLES = "usersTable: members, sessionsTable: logins, accountsTable: accounts, references: [notes.owner]"

/** Tables as no default table is: another schema, other names, ids as uuid. */
const STATEMENTS = `
  drop schema if exists shop cascade;
  create schema shop;
  create table shop.members (
    member_id uuid primary key default gen_random_uuid(), display_name text, email text, verified_at timestamp, image text,
    plan text, username text unique, "lazySince" timestamptz, "convertedAt" timestamptz, "seenAt" timestamptz
  );
  create table shop.logins (token text primary key, member uuid not null references shop.members on delete cascade, ends timestamp not null);
  create table shop.accounts (
    member uuid not null references shop.members on delete cascade, type text not null, provider text not null,
    provider_account_id text not null, primary key (provider, provider_account_id)
  );
  create table shop.notes (id text primary key, owner uuid references shop.members on delete cascade);
  create table shop.archive (id text primary key);
  insert into shop.members (display_name, plan, "lazySince", "seenAt") values
    ('old', null, now() - interval '60 days', now() - interval '50 days'),
    ('paid', 'paid', now() - interval '60 days', now() - interval '50 days'),
    ('signed in', null, now() - interval '60 days', now() - interval '50 days'),
    ('a week away', null, now() - interval '60 days', now() - interval '7 days'),
    ('just seen', null, now(), now());
  insert into shop.members (display_name) values ('real');
  insert into shop.notes select display_name, member_id from shop.members;
  insert into shop.logins select display_name, member_id, now() + interval '1 day' from shop.members where display_name = 'signed in';
`

const PURGE = `export const purge = {
  keep: (user) => eq(user.plan, "paid"),
  async onPurge({ tx, userIds }) {
    await tx.insert(archive).select(tx.select({ id: notes.id }).from(notes).where(inArray(notes.owner, userIds)))
  },
}`

beforeAll(async () => {
  database = await emptyPostgres()
  app = await appFolder()
})
afterAll(async () => {
  await database.close()
  await app.remove()
})
beforeEach(() => database.sql.unsafe(STATEMENTS))

let counter = 0

/** Writes a module of the app with its own tables; returns its name. */
async function module(exported: string, options = "", parts: Parameters<typeof appModule>[0] = {}): Promise<string> {
  const file = `app-${counter++}.mjs`
  const text = appModule({ url: `"${database.url}"`, before: BEFORE, tables: TABLES, options, ...parts })
  await app.write(file, `${text}\n${exported}`)
  return file
}

const run = (...args: string[]) => runCommand(args, { cwd: app.path })
const members = async () =>
  (await database.query("select display_name as name from shop.members order by name")).map(({ name }) => name)
const ALL = ["a week away", "just seen", "old", "paid", "real", "signed in"]

describe("authjs-lazy purge --config", () => {
  it("takes tables, keep and onPurge of the app", async () => {
    const file = await module(`export const authConfig = made; ${PURGE}`)
    const { code, stdout, stderr } = await run("purge", "--json", "--config", file)
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(JSON.parse(stdout)).toMatchObject({ purged: 1, deleted: { "shop.notes": 1 }, failures: 0 })
    expect(await members()).toEqual(ALL.filter((name) => name !== "old"))
    expect(await database.query("select id from shop.archive")).toEqual([{ id: "old" }])
  })

  it("keeps those whom keep keeps and archives, also by another way into the database", async () => {
    const unreachable = `"postgres://127.0.0.1:1/nowhere"`
    const file = await module(`export const authConfig = made; ${PURGE}`, "", { url: unreachable })
    expect(await run("purge", "--config", file, "--database-url", database.url)).toMatchObject({ code: 0, stderr: "" })
    expect(await members()).toEqual(ALL.filter((name) => name !== "old"))
    expect(await database.query("select id from shop.archive")).toEqual([{ id: "old" }])
  })

  it("refuses a configuration without the table in which the app seems to keep its sessions", async () => {
    await database.sql.unsafe("alter table shop.logins rename token to session_token")
    const nowhere = `pgTable("nowhere", { sessionToken: text().primaryKey(), userId: uuid().notNull(), expires: timestamp().notNull() })`
    const parts = { tables: TABLES.replace("sessionsTable: logins", `sessionsTable: ${nowhere}`) }
    for (const args of [[], ["--dry-run"], ["--database-url", database.url]]) {
      const file = await module("export const authConfig = made", "", parts)
      const { code, stderr } = await run("purge", "--config", file, ...args)
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/no table "nowhere", and shop\.logins /),
      })
    }
    expect(await members()).toEqual(ALL)
    const tokens = await module("export const authConfig = made", 'session: { strategy: "jwt" }', parts)
    expect(await run("purge", "--dry-run", "--config", tokens)).toMatchObject({ code: 0 })
  })

  it("names the configuration whose server doesn't answer", async () => {
    const file = await module("export const authConfig = made", "", { url: `"postgres://127.0.0.1:1/nowhere"` })
    expect(await run("purge", "--config", file)).toEqual({
      code: 1,
      stdout: "",
      stderr: `authjs-lazy: No PostgreSQL server answers at the address in the configuration of ${file} (ECONNREFUSED).\n`,
    })
  })

  it.each([
    ["session: { maxAge: 3 * 24 * 3600 }", "", ["a week away", "old", "paid"]],
    ["session: { maxAge: 90 * 24 * 3600 }", "", []],
    [`session: { strategy: "jwt", maxAge: 3600 }, jwt: { maxAge: 55 * 24 * 3600 }`, "", []],
    ["session: { maxAge: 90 * 24 * 3600 }", "--older-than 45d --force", ["old", "paid"]],
    ["session: { maxAge: 3600 }", "--older-than 45d", ["old", "paid"]],
    ["session: { maxAge: 3600 }", "--older-than 55d", []],
  ])("knows from the app how long sessions live: %s %s", async (options, args, gone) => {
    const file = await module("export const authConfig = made", options)
    const { code } = await run("purge", "--config", file, ...args.split(" ").filter(Boolean))
    expect(code).toBe(0)
    expect(await members()).toEqual(ALL.filter((name) => !gone.includes(name)))
  })

  it("refuses an age below that of the app's sessions", async () => {
    const file = await module("export const authConfig = made", "session: { maxAge: 90 * 24 * 3600 }")
    const { code, stdout, stderr } = await run("purge", "--config", file, "--older-than", "45d")
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toContain(`--older-than is 45 days, but a session can live for 90 days (by ${file})`)
    expect(await members()).toEqual(ALL)
  })

  it.each([
    ["olderThan: 55 * 24 * 3600", "", 0],
    ["olderThan: 55 * 24 * 3600", "--older-than 45d", 2],
    ["limit: 1", "", 1],
    ["limit: 1", "--limit 2", 2],
    ["dryRun: true", "", 0],
    ["sessionMaxAge: 3600", "", 2],
    ["sessionMaxAge: 55 * 24 * 3600", "", 0],
    ["olderThan: 24 * 3600, force: true", "", 3],
    ["olderThan: 24 * 3600", "--force", 3],
  ])("joins purge = { %s } with %s", async (purge, args, gone) => {
    const file = await module(`export const authConfig = made; export const purge = { ${purge} }`)
    expect(await run("purge", "--config", file, ...args.split(" ").filter(Boolean))).toMatchObject({ code: 0 })
    expect(await members()).toHaveLength(ALL.length - gone)
  })

  it.each([
    [
      "{ olderThan: 24 * 3600, force: true }",
      "--older-than 2d",
      "--older-than is 2 days, but a session can live for 30 days",
    ],
    ["{ olderThan: 24 * 3600 }", "", "`olderThan` is 86400 seconds, but a session can live for 2592000"],
    ["{ keeps: () => undefined }", "", "there is no option keeps"],
    ["{ olderThan: '30d' }", "", "olderThan"],
    ["() => {}", "", "must be an object of options. Write: export const purge = { keep, onPurge }"],
    ["{ keep: () => { throw new Error('No plan.') } }", "", "The purge failed: No plan."],
  ])("deletes nobody with purge = %s %s", async (purge, args, message) => {
    const file = await module(`export const authConfig = made; export const purge = ${purge}`)
    const { code, stdout, stderr } = await run("purge", "--config", file, ...args.split(" ").filter(Boolean))
    expect({ code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 1, stdout: "", lines: 1 })
    expect(stderr).toContain(message)
    expect(await members()).toEqual(ALL)
  })

  it("reports whom onPurge would not let go", async () => {
    const hook = "export const purge = { onPurge() { throw new Error('The archive is full.') } }"
    const { code, stdout } = await run("purge", "--config", await module(`export const authConfig = made; ${hook}`))
    expect(code).toBe(3)
    expect(stdout).toContain("The archive is full.")
    expect(await members()).toEqual(ALL)
  })

  it("finds columns by the casing of the app's database", async () => {
    const before = `
      const users = pgTable("users", { id: text().primaryKey(), name: text(), email: text(), emailVerified: timestamp(), image: text(),
        username: text().unique(), lazySince: timestamp({ withTimezone: true }), convertedAt: timestamp({ withTimezone: true }), seenAt: timestamp({ withTimezone: true }) })
      const snake = drizzle(client, { casing: "snake_case" })`
    const exported = `export const authConfig = withLazy({ adapter: LazyAdapter(snake, { usersTable: users }), providers: [LazyProvider()] })`
    await database.sql.unsafe(`drop table if exists users; create table users (id text primary key, name text, email text, email_verified timestamp, image text,
      username text, lazy_since timestamptz, converted_at timestamptz, seen_at timestamptz);
      insert into users (id, lazy_since) values ('a', now() - interval '60 days'), ('b', now() - interval '60 days')`)
    const file = await module(exported, "", { before, tables: "" })
    expect(await run("purge", "--limit", "1", "--config", file)).toMatchObject({ code: 0, stderr: "" })
    const elsewhere = await run("purge", "--config", file, "--database-url", database.url)
    expect(elsewhere).toMatchObject({ code: 0, stderr: "" })
    expect(await database.query("select id from users")).toEqual([])
  })
})

describe("the other commands with --config", () => {
  it("stats counts the app's own users", async () => {
    const { code, stdout, stderr } = await run("stats", "--json", "--config", await module("export default made"))
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(JSON.parse(stdout)).toMatchObject({ lazyUsers: 5, exact: false })
  })

  it("doctor examines the app's own tables, and what it declares", async () => {
    const { stdout } = await run("doctor", "--json", "--config", await module("export const authConfig = made"))
    const { findings, purgeable } = JSON.parse(stdout)
    expect(purgeable).toBe(2)
    const codes = findings.map(({ code, where = "" }: { code: string; where?: string }) => `${code} ${where}`)
    expect(codes).toContainEqual(expect.stringMatching(/shop\.notes/))
    expect(codes.filter((code: string) => /missing_(table|column|reference)|migrations/.test(code))).toEqual([])
    await database.query("alter table shop.notes rename owner to holder")
    const after = await run("doctor", "--json", "--config", await module("export const authConfig = made"))
    expect(after.stdout).toContain("missing_reference")
  })

  it("migrate makes the default tables in the app's database", async () => {
    const other = await emptyPostgres()
    const file = await module("export const authConfig = made", "", { url: `"${other.url}"`, before: "", tables: "" })
    expect(await run("migrate", "--config", file)).toMatchObject({ code: 0, stdout: /^Applied: 0000_auth/ })
    expect(await other.query(`select id from "user"`)).toEqual([])
    await other.close()
  })

  it("migrate leaves the app's own tables to the app", async () => {
    const file = await module("export const authConfig = made")
    const { code, stdout, stderr } = await run("migrate", "--config", file)
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toContain(`its own: shop.members, shop.accounts, shop.logins`)
    expect(stderr).toContain(`npx authjs-lazy doctor --config ${file}`)
    expect(await database.query(`select to_regclass('public."user"') as made`)).toEqual([{ made: null }])
  })
})

describe("the configuration", () => {
  it.each([
    "export const authConfig = made",
    "export const auth = made",
    "export const lazyAuth = made",
    "export const config = made",
    "export default made",
    "export const authConfig = made; export default authConfig",
    "export const auth = (request) => ({ ...made(request), debug: false })",
    "export const authConfig = made; export const auth = async () => { throw new Error('There is no request.') }",
    "export const config = { matcher: [] }; export const auth = made",
    "export default class App {}; export const auth = made",
  ])("is found where it is exported like this: %s", async (exported) => {
    const { code, stdout, stderr } = await run("stats", "--json", "--config", await module(exported))
    expect({ code, stderr, lazyUsers: JSON.parse(stdout || "{}").lazyUsers }).toEqual({
      code: 0,
      stderr: "",
      lazyUsers: 5,
    })
  })

  it.each([
    ["exports none", "export const auth = () => 1; export const config = {}", "does not export what withLazy returned"],
    ["exports it under another name", "export const mine = made", "does not export what withLazy returned"],
    [
      "exports several",
      "export const auth = made; export const lazyAuth = made; export const config = configure()",
      "exports several configurations (auth, lazyAuth, config)",
    ],
    [
      "exports a plain configuration",
      "export const authConfig = { providers: [], adapter: LazyAdapter(db) }",
      "withLazy did not make the configuration that app-",
    ],
    [
      "makes a plain configuration",
      "export const auth = () => ({ providers: [], adapter: LazyAdapter(db) })",
      "withLazy did not make the configuration that app-",
    ],
    [
      "has another adapter",
      "export const authConfig = withLazy({ adapter: { lazy: {} }, providers: [] })",
      "must use LazyAdapter. Write: withLazy({ adapter: LazyAdapter(db), … })",
    ],
  ])("exits with 2 for a module that %s", async (_, exported, message) => {
    const file = await module(exported, "", { before: "", tables: "" })
    for (const command of ["purge", "stats", "migrate", "doctor"]) {
      const { code, stdout, stderr } = await run(command, "--config", file)
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr.split("\n")[0]).toContain(message)
    }
  })

  it.each([
    ["a file that is not there", ["nowhere.js"], "there is no file"],
    ["a folder", ["node_modules"], "there is no file"],
    ["two files", ["a.js", "--config", "b.js"], "--config takes one file."],
    ["no file", [], "value is missing"],
  ])("exits with 2 for %s", async (_, files, message) => {
    const { code, stdout, stderr } = await run("purge", "--config", ...files)
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
    expect(stderr.split("\n")[0]).toContain(message)
  })

  it.each([
    ["throws", `throw new Error("No key\\nin postgres://ada:secret@db/app")`, "No key in postgres://***@db/app"],
    ["throws what is no error", `throw "a fit"`, "could not be imported: a fit"],
    ["can't be set up", "withLazy({ adapter: {}, providers: [] })", "withLazy needs `adapter: LazyAdapter"],
  ])("exits with 1 and one line for a module that %s", async (_, exported, message) => {
    const file = await module(exported)
    const { code, stdout, stderr } = await run("purge", "--config", file)
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toMatch(new RegExp(`^authjs-lazy: --config: ${file} could not be imported: .+\\n$`))
    expect(stderr).toContain(message)
  })
})

describe("lazy.config", () => {
  it.each(["lazy.config.ts", "lazy.config.mts", "lazy.config.js", "lazy.config.mjs"])(
    "is read where nothing else is given: %s",
    async (name) => {
      const folder = await appFolder()
      await folder.write("package.json", `{ "type": "module" }`)
      await folder.write(
        name,
        `${appModule({ url: `"${database.url}"`, before: BEFORE, tables: TABLES })}; export const authConfig = made; ${PURGE}`,
      )
      // Not every Node that is supported reads TypeScript.
      const runHere = /ts$/.test(name) ? spawnCommand : runCommand
      const { code, stdout, stderr } = await runHere(["purge", "--json"], {
        cwd: folder.path,
        env: { DATABASE_URL: "postgres://127.0.0.1:1/nowhere", NODE_OPTIONS: "--import tsx" },
      })
      await folder.remove()
      expect({ code, stderr }).toEqual({ code: 0, stderr: `authjs-lazy: Reading the configuration from ${name}.\n` })
      expect(JSON.parse(stdout)).toMatchObject({ purged: 1 })
      expect(await members()).toContain("paid")
    },
  )

  it("gives way to --database-url and --config, and is named", async () => {
    const folder = await appFolder()
    const defaults = await postgresDatabase()
    await folder.write("lazy.config.mjs", "throw new Error('Read.')")
    const byUrl = await runCommand(["stats", "--json", "--database-url", defaults.url], { cwd: folder.path })
    expect(byUrl).toMatchObject({
      code: 0,
      stderr:
        "authjs-lazy: --database-url replaces lazy.config.mjs, which is not read. Add --config lazy.config.mjs to read it.\n",
    })
    await folder.write("other.mjs", `${appModule({ url: `"${defaults.url}"` })}; export const authConfig = made`)
    expect(await runCommand(["stats", "--config", "other.mjs"], { cwd: folder.path })).toMatchObject({
      code: 0,
      stderr: "",
    })
    await folder.write("lazy.config.ts", "")
    const both = await runCommand(["stats"], { cwd: folder.path })
    expect(both).toMatchObject({ code: 2, stdout: "" })
    expect(both.stderr).toContain("This folder has lazy.config.ts and lazy.config.mjs. Name the one to read: --config")
    await folder.remove()
    await defaults.close()
  })
})
