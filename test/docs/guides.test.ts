import { once } from "node:events"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { encode } from "@auth/core/jwt"
import type { CreationLimits } from "authjs-lazy"
import bcrypt from "bcryptjs"
import type { Express } from "express"
import type { RateLimiterAbstract } from "rate-limiter-flexible"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { emptyPostgres, type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { password, refusal, secret } from "../setup/flow-app.js"
import { freshFolder, writeBlocks } from "./extract.js"
import { migrating, page } from "./pages.js"

const folder = freshFolder("docs-guides")
for (const path of ["docs/bot-checks.md", "docs/limits.md"]) writeBlocks(page(path), join(folder, "gates"))
writeBlocks(page(migrating), join(folder, "migrating"))

/** What an example exports. */
async function load<Module>(file: string): Promise<Module> {
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)) as Module
}

/** Examples read their database, and Auth.js its secret, from the environment. */
function setEnvironment(database: PostgresDatabase): () => void {
  const changes: Record<string, string> = {
    DATABASE_URL: database.url,
    AUTH_SECRET: secret,
    AUTH_TRUST_HOST: "true",
    TURNSTILE_SECRET_KEY: "known to us and to Turnstile",
  }
  const before = Object.keys(changes).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, changes)
  return () => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  }
}

async function endClient(example: string): Promise<void> {
  const { db } = await load<{ db: { $client: { end: () => Promise<void> } } }>(`${example}/db.ts`)
  await db.$client.end()
}

describe("bot-checks.md and limits.md", () => {
  let database: PostgresDatabase
  let restore: () => void
  let server: Server
  const { fetch } = globalThis

  beforeAll(async () => {
    database = await postgresDatabase()
    restore = setEnvironment(database)
    await database.query("create table rate_limit (key text primary key, points integer not null, expire timestamptz)")
    // Turnstile itself takes no answers but those of its own widget.
    globalThis.fetch = async (input, init) => {
      if (String(input) !== "https://challenges.cloudflare.com/turnstile/v0/siteverify") return fetch(input, init)
      const body = new URLSearchParams(String(init?.body))
      return Response.json({
        success: body.get("response") === "solved" && body.get("secret") === process.env.TURNSTILE_SECRET_KEY,
      })
    }
    // Auth.js logs each refusal, and the example leaves it at that.
    vi.spyOn(console, "error").mockImplementation(() => {})
    await load("gates/turnstile.ts")
    const { app } = await load<{ app: Express }>("gates/app.ts")
    server = app.listen(0, "127.0.0.1")
    await once(server, "listening")
  })

  afterAll(async () => {
    globalThis.fetch = fetch
    vi.restoreAllMocks()
    server?.closeAllConnections()
    server?.close()
    await endClient("gates")
    restore?.()
    await database?.close()
  })

  const users = async () => (await database.query(`select 1 from "user"`)).length

  it("shows the widget to whoever has no session, and makes nobody, however often", async () => {
    const browser = new Browser(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    for (let n = 0; n < 35; n++) {
      const response = await browser.visit("/notes", { headers: { "sec-fetch-mode": "navigate" } })
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('class="cf-turnstile"')
    }
    expect(await users()).toBe(0)
  })

  it("makes a lazy user of somebody who has solved it, and of nobody else", async () => {
    const browser = new Browser(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const answers: Record<string, string>[] = [{}, { "cf-turnstile-response": "made up" }]
    for (const answer of answers) expect(refusal(await browser.signIn("lazy", answer))).toBe("lazy_not_verified")
    expect(await users()).toBe(0)
    const form = { "cf-turnstile-response": "solved", callbackUrl: "/notes" }
    expect((await browser.signIn("lazy", form)).headers.get("location")).toMatch(/\/notes$/)
    expect(await (await browser.visit("/notes")).text()).toMatch(/^Notes of guest-/)
    expect(await users()).toBe(1)
  })

  it("counts in the database, for all processes alike", async () => {
    const { limits, limiter } = await load<{
      limits: CreationLimits
      limiter: (prefix: string, points: number, duration: number) => RateLimiterAbstract
    }>("gates/limits.ts")
    await (limits.perAddress as RateLimiterAbstract).consume("192.0.2.1")
    const [here, there] = [limiter("lazy-test", 2, 60), limiter("lazy-test", 2, 60)]
    await Promise.all([here.consume("192.0.2.1"), there.consume("192.0.2.1")])
    await expect(there.consume("192.0.2.1")).rejects.toMatchObject({ remainingPoints: 0 })
    expect(await here.consume("192.0.2.2")).toMatchObject({ remainingPoints: 1 })
    expect(await database.query("select key, points from rate_limit order by key")).toEqual([
      { key: "lazy-address:192.0.2.1", points: 1 },
      { key: "lazy-test:192.0.2.1", points: 3 },
      { key: "lazy-test:192.0.2.2", points: 1 },
    ])
  })
})

describe("migrating", () => {
  let database: PostgresDatabase
  let restore: () => void
  let serve: (request: Request) => Promise<Response>

  const tables = [
    `create table users (id uuid primary key default gen_random_uuid(), email text not null unique, password text, name text,
      email_verified timestamp, image text, username text unique, "lazySince" timestamptz, "convertedAt" timestamptz, "seenAt" timestamptz)`,
    "create table board (id uuid primary key default gen_random_uuid(), user_id uuid not null references users, title text not null)",
    `create table account (user_id uuid not null references users on delete cascade, type text not null, provider text not null,
      provider_account_id text not null, primary key (provider, provider_account_id))`,
    "create table session (session_token text primary key, user_id uuid not null references users on delete cascade, expires timestamp not null)",
    "create table password (user_id uuid primary key references users on delete cascade, hash text not null, updated_at timestamptz not null default now())",
  ]

  beforeAll(async () => {
    database = await emptyPostgres()
    restore = setEnvironment(database)
    for (const table of tables) await database.query(table)
    await database.query(`insert into users (email, password) values ('guest-17@boards.example', '$2b$nobody knows'),
      ('guest-18@boards.example', '$2b$nobody knows'), ('ada@boards.example', '${bcrypt.hashSync(password, 4)}')`)
    await database.query(
      "insert into board (user_id, title) select id, 'drawn before' from users where email = 'guest-17@boards.example'",
    )
    await (await load<{ backfill: () => Promise<void> }>("migrating/backfill.ts")).backfill()
    serve = (await load<{ serve: typeof serve }>("migrating/serve.ts")).serve
  })

  afterAll(async () => {
    await endClient("migrating")
    restore?.()
    await database?.close()
  })

  it("makes lazy users of those who left something behind", async () => {
    const rows = await database.query(
      `select email, username, "lazySince" is not null as lazy from users order by lazy`,
    )
    expect(rows).toEqual([
      { email: "ada@boards.example", username: null, lazy: false },
      {
        email: expect.stringMatching(/@lazy\.invalid$/),
        username: expect.stringMatching(/^guest-\w{10}$/),
        lazy: true,
      },
    ])
  })

  it("lets somebody with a token from before sign up and keep the boards", async () => {
    const [row] = await database.query("select user_id as id from board")
    const id = row?.id as string
    const salt = "authjs.session-token"
    const token = await encode({ token: { sub: id, email: "guest-17@boards.example" }, secret, salt })
    const browser = new Browser("http://boards.example", serve)
    await browser.jar.setCookie(`${salt}=${token}; Path=/`, browser.origin)
    expect(await (await browser.visit("/")).text()).toBe(`Boards of ${id}`)
    expect((await browser.visit("/billing")).headers.get("location")).toBe("/register?callbackUrl=%2Fbilling")
    const form = { csrfToken: await browser.csrfToken(), email: "grace@boards.example", password }
    expect((await browser.visit("/register?callbackUrl=%2Fbilling", { form })).headers.get("location")).toBe("/billing")
    expect(await (await browser.visit("/billing")).text()).toBe(`Boards of ${id}`)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, email: "grace@boards.example" })
    expect(await database.query("select user_id as id, title from board")).toEqual([{ id, title: "drawn before" }])
  })

  it("takes an old password once, and merges what was drawn before it was typed", async () => {
    const browser = new Browser("http://boards.example", serve)
    const from = (await (await browser.visit("/")).text()).replace("Boards of ", "")
    expect((await browser.session())?.user).toMatchObject({ id: from, isLazy: true })
    await database.query(`insert into board (user_id, title) values ('${from}', 'drawn now')`)
    await browser.signIn("password", { username: "Ada@boards.example", password })
    const ada = (await browser.session())?.user
    expect(ada).toMatchObject({ isLazy: false, email: "ada@boards.example" })
    expect(await database.query("select user_id as id from board where title = 'drawn now'")).toEqual([{ id: ada?.id }])
    expect(await database.query(`select id from users where id = '${from}'`)).toEqual([])

    const again = new Browser("http://boards.example", serve)
    await again.signIn("password", { username: "ada@boards.example", password })
    expect((await again.session())?.user.id).toBe(ada?.id)
    expect(await database.query("select 1 from users where password is not null")).toEqual([])
  })
})
