import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"
import { emptyPostgres, type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { type AppFolder, appFolder, appModule } from "./app-folder.js"
import { runCommand } from "./command.js"

let app: AppFolder
let database: PostgresDatabase
let module: string
let calls = 0

const TABLES = `
  const users = pgTable("users", {
    id: uuid("id").primaryKey().defaultRandom(), email: text("email").notNull(), name: text("name"), image: text("image"),
    emailVerified: timestamp("email_verified"), ...lazyColumns(),
  })
  const userId = () => uuid("user_id").notNull().references(() => users.id, { onDelete: "cascade" })
  const accounts = pgTable("accounts", {
    userId: userId(), type: text("type").notNull(), provider: text("provider").notNull(), providerAccountId: text("account_id").notNull(),
  })
  const sessions = pgTable("sessions", {
    sessionToken: text("token").primaryKey(), userId: userId(), expires: timestamp("expires").notNull(),
  })
`

beforeAll(async () => {
  database = await emptyPostgres()
  for (const statement of [
    `create table users (id uuid primary key default gen_random_uuid(), email text not null, password text, name text, image text,
      email_verified timestamp, made_at timestamptz not null default '2026-01-02', username text unique, "lazySince" timestamptz,
      "convertedAt" timestamptz, "seenAt" timestamptz)`,
    "create table accounts (user_id uuid not null references users, type text not null, provider text not null, account_id text not null)",
    "create table sessions (token text primary key, user_id uuid not null references users, expires timestamp not null)",
  ])
    await database.query(statement)
  app = await appFolder()
  module = appModule({
    url: JSON.stringify(database.url),
    before: TABLES,
    tables: "usersTable: users, accountsTable: accounts, sessionsTable: sessions",
    options: 'session: { strategy: "jwt", maxAge: 3600 }',
  }).replace("LazyProvider()", "LazyProvider({ generateEmail: ({ username }) => username + '@guests.invalid' })")
})

afterAll(async () => {
  await app?.remove()
  await database?.close()
})

beforeEach(async () => {
  await database.query("truncate users cascade")
  await database.query(`insert into users (email, password)
    select 'guest-' || n || '@app.dev', '$2b$10$' || repeat('a', 53) from generate_series(1, 12) n
    union all select 'ada@app.dev', '$2b$10$' || repeat('b', 53)`)
})

/** Runs the command on a module of its own, whose connections it closes. */
async function adopt(...args: string[]) {
  const file = `auth-${calls++}.mjs`
  await app.write(file, `${module}\nexport const authConfig = made`)
  return runCommand(["adopt", "--config", file, ...args], { cwd: app.path })
}
const adopted = async () => database.query(`select * from users where "lazySince" is not null`)

it("shows ten of the guests, counts the rest, and changes nothing in a dry run", async () => {
  const { code, stdout } = await adopt("--where", "email like 'guest-%'", "--dry-run", "--created-at", "made_at")
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^Would make lazy users of 12 guests\.\n( {2}[\da-f-]{36} {2}gu\*\*\*@app\.dev {2}2026-01-02T00:00:00\.000Z\n){10} {2}and 2 more\n/,
  )
  expect(stdout).toContain("app.dev  12")
  expect(stdout).toContain("users.password  12")
  expect(await adopted()).toEqual([])
})

it("adopts them with the names and addresses of the configuration, and finds nothing the next time", async () => {
  const { code, stdout } = await adopt("--where", "email like 'guest-%'", "--created-at", "made_at", "--json")
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ adopted: 12, left: 0, hashes: { "users.password": 12 } })
  for (const user of await adopted()) {
    expect(user).toMatchObject({ email: `${user.username}@guests.invalid`, password: null })
    expect(new Date(String(user.lazySince)).toISOString()).toBe("2026-01-02T00:00:00.000Z")
  }
  const again = await adopt("--where", "email like 'guest-%'")
  expect(again).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Made lazy users of 0 guests\.\n.*\n {2}12 who are lazy/),
  })
})

it("exits with 3 for guests who are left, and users whom the condition should not match", async () => {
  await database.query(
    `insert into accounts select id, 'oauth', 'github', 'x' from users where email = 'guest-7@app.dev'`,
  )
  const { code, stdout } = await adopt("--where", "email like 'guest-%'", "--limit", "4")
  expect(code).toBe(3)
  expect(stdout).toContain("Made lazy users of 4 guests.")
  expect(stdout).toContain("1 who sign in with an identity of a provider")
  expect(stdout).toContain("Still to adopt: 7.")
})

it.each([
  [[], 2, "--where is missing"],
  [["--where", "true; drop table users"], 2, "without a semicolon"],
  [["--where", "email = $1"], 2, "not parameters"],
  [["--where", "true", "--dry-run=no"], 2, "--dry-run takes no value"],
  [["--where", "email like 'guest-%'", "--old-app-until", "soon"], 2, "--old-app-until takes a day"],
  [["--where", "emial like 'guest-%'"], 1, "emial"],
  [["--where", "email like"], 1, "`where` does not work"],
  [["--where", "email like 'guest-%'", "--created-at", "made_on"], 1, "`createdAt` does not work"],
  [["--where", "true"], 1, "every user"],
])("refuses %j, and changes nothing", async (args, expected, message) => {
  const { code, stdout, stderr } = await adopt(...args)
  expect({ code, stdout }).toEqual({ code: expected, stdout: "" })
  expect(stderr).toContain(message)
  expect(await adopted()).toEqual([])
  expect(await database.query("select 1 from users")).toHaveLength(13)
})

it("takes a semicolon and a quote in a text of the condition", async () => {
  await database.query("update users set name = 'gue;st''s' where email = 'guest-3@app.dev'")
  expect(await adopt("--where", "name = 'gue;st''s'")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("1 guest."),
  })
})

it("works on the default tables by a database URL alone", async () => {
  const own = await postgresDatabase()
  try {
    await own.query(`insert into "user" (id, email) values ('1', 'guest-1@app.dev'), ('2', 'ada@app.dev')`)
    await own.query(`insert into password values ('1', '$2b$10$nobody')`)
    const args = ["adopt", "--database-url", own.url, "--where", "email like 'guest-%'"]
    expect(await runCommand(args)).toMatchObject({ code: 0, stdout: expect.stringContaining("1 guest.") })
    expect(await own.query(`select id, email from "user" where "lazySince" is not null`)).toEqual([
      { id: "1", email: null },
    ])
    expect(await own.query("select 1 from password")).toEqual([])
  } finally {
    await own.close()
  }
})
