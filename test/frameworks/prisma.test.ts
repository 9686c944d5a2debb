import { copyFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { password, secret } from "../setup/flow-app.js"
import { PRISMA_ENGINE } from "../setup/npm-install.js"
import { type Installed, installExample, type Running, startProcess } from "./installed.js"
import { walkNotes } from "./notes-story.js"

const DIFF = fileURLToPath(new URL("prisma-diff.mjs", import.meta.url))

describe("the example for Prisma", () => {
  let example: Installed
  let database: PostgresDatabase
  let server: Running
  let env: Record<string, string>
  const run = (command: string, ...args: string[]) =>
    example.run(`node_modules/.bin/${command}`, args, ".", { ...env, NODE_ENV: "development" })
  const authjsLazy = (command: string) =>
    run("tsx", "node_modules/authjs-lazy/dist/cli/main.js", command, "--config", "auth.ts", "--json")
  const count = async (what: string) => Number((await database.query(`select count(*) as n from ${what}`))[0]?.n)

  beforeAll(async () => {
    ;[example, database] = await Promise.all([installExample("prisma", PRISMA_ENGINE), emptyPostgres()])
    // Prisma looks for an engine that this command does not run, and would download it.
    const engine = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" }
    env = { DATABASE_URL: database.url, AUTH_SECRET: secret, ...engine }
    await copyFile(DIFF, join(example.folder, "diff.mjs"))
    const [statements] = await Promise.all([example.run("node", ["diff.mjs"], ".", env), run("prisma", "generate")])
    await database.query(statements)
    server = await startProcess(example.folder, "node_modules/.bin/tsx", ["server.ts"], env)
  }, 300_000)
  afterAll(async () => {
    await server?.stop()
    await Promise.all([example?.remove(), database?.close()])
  })

  it("keeps a note of PrismaClient from the first click through signing up", async () => {
    // Prisma gives the table the name of its model.
    await walkNotes(server.port, { ...database, query: (text) => database.query(text.replace('"user"', '"User"')) })
  })

  it("merges what Prisma keeps, in database sessions that Prisma could read", async () => {
    const browser = () => new Browser(`http://localhost:${server.port}`)
    const visitor = async (note: string) => {
      const it = browser()
      await it.signIn("lazy")
      await it.visit("/", { form: { text: note }, headers: { "sec-fetch-site": "same-origin", origin: it.origin } })
      return { it, id: (await it.session())?.user.id as string }
    }
    const ada = await visitor("at home")
    await ada.it.signIn("convert", { username: "ada", password })
    expect((await ada.it.session())?.user).toMatchObject({ id: ada.id, isLazy: false, username: "ada" })
    const guest = await visitor("on the phone")
    await guest.it.signIn("password", { username: "ada", password })
    expect((await guest.it.session())?.user).toMatchObject({ id: ada.id, username: "ada" })
    const page = await (await guest.it.visit("/", { headers: { "sec-fetch-mode": "navigate" } })).text()
    expect(page).toMatch(/at home.*on the phone/s)
    expect(await count(`"User" where id = '${guest.id}'`)).toBe(0)
    // What Prisma requires of each row, and PostgreSQL does not make.
    expect(await count(`"User" where "updatedAt" is null or "updatedAt" > localtimestamp + interval '1 day'`)).toBe(0)
    expect(await count(`"Session" where "updatedAt" is not null and "userId" = '${ada.id}'`)).toBe(2)
  })

  it("is purged by the command, which reads its configuration, with what hangs on it", async () => {
    const browser = new Browser(`http://localhost:${server.port}`)
    await browser.signIn("lazy")
    const id = (await browser.session())?.user.id
    const own = { "sec-fetch-site": "same-origin", origin: browser.origin }
    await browser.visit("/", { form: { text: "forgotten" }, headers: own })
    await database.query(`update "User" set "seenAt" = now() - interval '1 year' where id = '${id}'`)
    await database.query(`update "Session" set expires = now() - interval '1 year' where "userId" = '${id}'`)
    expect(await count(`"Note" where text = 'forgotten'`)).toBe(1)
    expect(JSON.parse(await authjsLazy("purge"))).toMatchObject({ purged: 1 })
    expect(await count(`"Note" where text = 'forgotten'`)).toBe(0)
  })

  it("satisfies the doctor, with tables as Prisma made them", async () => {
    const said = JSON.parse(await authjsLazy("doctor").catch(stdoutOf))
    const ofTables = said.findings.filter(({ code }: { code: string }) => !/secret|trust_host/.test(code))
    expect(ofTables).toEqual([])
  })

  it("passes the checks of TypeScript, sessions without casts included", { timeout: 120_000 }, async () => {
    await expect(run("tsc")).resolves.toBe("")
  })
})

/** What a command printed that found something. */
function stdoutOf(error: unknown): string {
  return (error as { stdout: string }).stdout
}
