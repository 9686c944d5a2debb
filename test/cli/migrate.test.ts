import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import postgres from "postgres"
import { describe, expect, it, onTestFinished } from "vitest"
import { defineTables } from "../../node_modules/@auth/drizzle-adapter/lib/pg.js"
import { schema } from "../../src/drizzle.js"
import { createTables } from "../contract/create-tables.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { type CommandResult, runCommand, spawnCommand } from "./command.js"

const SECRET = "s3cr3t-of-the-test"

async function newDatabase(): Promise<PostgresDatabase> {
  const database = await emptyPostgres()
  onTestFinished(database.close)
  return database
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-cli-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The address of a database with something else in one of its parts. */
function changed(url: string, parts: Partial<Pick<URL, "username" | "password" | "pathname" | "host">>): string {
  return Object.assign(new URL(url), parts).href
}

/** What a command that must fail says, on one line; nothing on stdout, and no password anywhere. */
function failure({ code, stdout, stderr }: CommandResult, secret = SECRET): string {
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
  expect(stderr).not.toContain(secret)
  expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  return stderr.trimEnd()
}

describe("authjs-lazy migrate", () => {
  it("migrates the database of --database-url", async () => {
    const { url, query } = await newDatabase()
    expect(await runCommand(["migrate", "--database-url", url])).toEqual({
      code: 0,
      stdout: "Applied: 0000_auth, 0001_authenticator, 0002_lazy, 0003_lazy_outcome\n",
      stderr: "",
    })
    expect(await query(`select count(*)::int as n from "user"`)).toEqual([{ n: 0 }])
  })

  it("migrates the database of DATABASE_URL", async () => {
    const { url } = await newDatabase()
    expect(await runCommand(["migrate"], { env: { DATABASE_URL: url } })).toMatchObject({ code: 0, stderr: "" })
    expect(await runCommand(["migrate"], { env: { DATABASE_URL: url } })).toMatchObject({
      code: 0,
      stdout: "Nothing to do: every migration is already applied.\n",
    })
  })

  it("takes --database-url rather than DATABASE_URL", async () => {
    const { url } = await newDatabase()
    const env = { DATABASE_URL: "postgres://127.0.0.1:1/nowhere" }
    expect(await runCommand(["migrate", `--database-url=${url}`], { env })).toMatchObject({ code: 0 })
  })

  it("prints the report as JSON with --json", async () => {
    const { url } = await newDatabase()
    const { code, stdout } = await runCommand(["migrate", "--json", "--database-url", url])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      applied: ["0000_auth", "0001_authenticator", "0002_lazy", "0003_lazy_outcome"],
      baselined: [],
      recorded: [],
      appManaged: false,
      missing: [],
    })
  })

  it("says which tables it found", async () => {
    const { db, url } = await newDatabase()
    await createTables(db, defineTables())
    expect((await runCommand(["migrate", "--database-url", url])).stdout).toBe(
      "Recorded as applied, because their tables exist: 0000_auth, 0001_authenticator\nApplied: 0002_lazy, 0003_lazy_outcome\n",
    )
  })

  it("says when the app looks after the tables itself", async () => {
    const { db, url } = await newDatabase()
    const { passwordsTable: _, ...tables } = schema
    await createTables(db, tables)
    const { code, stdout } = await runCommand(["migrate", "--database-url", url])
    expect(code).toBe(0)
    expect(stdout).toContain("Nothing changed: the user table already has the columns")
    expect(stdout).toContain("The default schema also has: password\n")
  })

  it("works when eight start at once", async () => {
    const { url, query } = await newDatabase()
    const runs = await Promise.all(Array.from({ length: 8 }, () => runCommand(["migrate", "--database-url", url])))
    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(runs.map(() => ({ code: 0, stderr: "" })))
    expect(runs.filter(({ stdout }) => stdout.startsWith("Applied"))).toHaveLength(1)
    expect(await query("select 1 from drizzle.__authjs_lazy_migrations")).toHaveLength(4)
  })
})

describe("authjs-lazy migrate fails in one line, without the password, for", () => {
  const migrateUrl = (url: string) => runCommand(["migrate", "--database-url", url])

  it("a server that is not there", async () => {
    const probe = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => probe.once("listening", resolve))
    const { port } = probe.address() as { port: number }
    await new Promise((resolve) => probe.close(resolve))
    expect(failure(await migrateUrl(`postgres://ada:${SECRET}@127.0.0.1:${port}/notes`))).toBe(
      `authjs-lazy: No PostgreSQL server answers at 127.0.0.1:${port} (ECONNREFUSED).`,
    )
  })

  it("a wrong password", async () => {
    const { url } = await newDatabase()
    expect(failure(await migrateUrl(changed(url, { password: SECRET })))).toContain("wrong name or password.")
  })

  it("a database that does not exist", async () => {
    const { url } = await newDatabase()
    const role = await newRole(url)
    expect(failure(await migrateUrl(changed(url, { ...role, pathname: "/nowhere" })))).toContain(
      'has no database "nowhere".',
    )
  })

  it("a user who may not make tables", async () => {
    const { url } = await newDatabase()
    expect(failure(await migrateUrl(changed(url, await newRole(url))))).toMatch(
      /^authjs-lazy: The migration failed and nothing was changed: permission denied for database /,
    )
  })

  it("a driver error that quotes what happens to be the password", async () => {
    const { db, url, query } = await newDatabase()
    await createTables(db, defineTables())
    await query(`create index "session_userId_idx" on session (expires)`)
    const role = await newRole(url, { password: "session_userId_idx", superuser: true })
    expect(failure(await migrateUrl(changed(url, role)), role.password)).toBe(
      'authjs-lazy: The migration failed and nothing was changed: relation "***" already exists',
    )
  })

  it("a password that is somewhere else in the URL, with a percent sign in it", async () => {
    const { url } = await newDatabase()
    expect(failure(await migrateUrl(`${url}?password=${SECRET}%zz`))).toMatch(
      /^authjs-lazy: The server at 127\.0\.0\.1:\d+ refused the user "postgres": wrong name or password\.$/,
    )
  })

  it.each([
    ["a password with a slash in it", `postgres://ada:12/${SECRET}@127.0.0.1/notes`],
    ["a password with a question mark in it", `postgres://ada:12?${SECRET}@127.0.0.1/notes`],
    ["a password with a hash sign in it", `postgres://ada:12#${SECRET}@127.0.0.1/notes`],
    ["a password with a percent sign in it", `postgres://ada:${SECRET}%zz@127.0.0.1/notes`],
    ["a port that is no number", `postgres://ada:${SECRET}@127.0.0.1:port/notes`],
  ])("%s", async (_, url) => {
    expect(failure(await migrateUrl(url))).toContain("The database URL is not valid.")
  })

  it("another kind of database", async () => {
    expect(failure(await migrateUrl(`mysql://ada:${SECRET}@127.0.0.1/notes`))).toContain("not mysql:")
  })

  it("a folder with other things in it", async () => {
    const folder = await newFolder()
    await writeFile(join(folder, "notes.txt"), "mine")
    expect(failure(await migrateUrl(folder))).toContain("has files, but no PGlite database")
  })

  it("a file", async () => {
    const file = join(await newFolder(), "notes.txt")
    await writeFile(file, "mine")
    expect(failure(await migrateUrl(file))).toContain("is not a folder that can be read (ENOTDIR)")
    expect(await readFile(file, "utf8")).toBe("mine")
  })

  it("a PGlite folder where PGlite is not installed", async () => {
    const root = fileURLToPath(new URL("../../", import.meta.url))
    const copy = await newFolder()
    for (const part of ["dist", "drizzle", "package.json"])
      await cp(join(root, part), join(copy, part), { recursive: true })
    const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
    for (const name of [...Object.keys(dependencies), "@auth/core", "drizzle-orm"]) {
      const link = join(copy, "node_modules", name)
      await mkdir(dirname(link), { recursive: true })
      await symlink(join(root, "node_modules", name), link, "dir")
    }
    const command = join(copy, "dist", "cli", "main.js")
    const result = await spawnCommand(["migrate", "--database-url", join(copy, "data")], { command })
    expect(failure(result)).toContain("npm install @electric-sql/pglite")
    const { url } = await newDatabase()
    expect(await spawnCommand(["migrate", "--database-url", url], { command })).toMatchObject({ code: 0, stderr: "" })
  })
})

describe("authjs-lazy", () => {
  it.each([
    ["no command", [], "The command is missing."],
    ["an unknown command", ["purify"], "Unknown command: purify"],
    ["an unknown option", ["migrate", "--force"], "Unknown option `--force`"],
    ["no database", ["migrate"], "The database is missing."],
    ["an empty --database-url", ["migrate", "--database-url", ""], "--database-url takes one URL"],
    ["--database-url without a value", ["migrate", "--database-url"], "option `--database-url <url>` value is missing"],
    ["two databases", ["migrate", "--database-url", "a", "--database-url", "b"], "--database-url takes one URL"],
    [
      "a database without its option",
      ["migrate", `postgres://ada:${SECRET}@localhost/notes`],
      "Only options can follow",
    ],
    ["a database for a command", [`postgres://ada:${SECRET}@localhost/notes`], "The command is missing."],
  ])("exits with 2 and shows its help on stderr for %s", async (_, args, message) => {
    const { code, stdout, stderr } = await runCommand(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
    expect(stderr).toContain(`authjs-lazy: ${message}`)
    expect(stderr).toContain("Usage:\n  $ authjs-lazy")
    expect(stderr).not.toContain(SECRET)
  })

  it.each(["--help", "-h", "migrate --help"])("shows its help on stdout for %s", async (args) => {
    const { code, stdout, stderr } = await runCommand(args.split(" "))
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout).toContain("Usage:\n  $ authjs-lazy")
  })

  it.each(["--version", "-v", "migrate --version"])("says its version for %s", async (args) => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"))
    const { code, stdout } = await runCommand(args.split(" "))
    expect(code).toBe(0)
    expect(stdout).toContain(`authjs-lazy/${version} `)
  })
})

/** Makes a role that can sign in and, unless it is a superuser, do nothing else. */
async function newRole(url: string, { password = SECRET, superuser = false } = {}) {
  const database = postgres(url, { max: 1, onnotice: () => {} })
  const username = `role_${new URL(url).pathname.slice(1)}`
  await database.unsafe(`create role ${username} login password '${password}' ${superuser ? "superuser" : ""}`)
  onTestFinished(async () => {
    await database.unsafe(`drop role ${username}`)
    await database.end()
  })
  return { username, password }
}
