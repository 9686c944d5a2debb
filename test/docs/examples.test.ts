import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { request as httpRequest, type IncomingMessage } from "node:http"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { pathToFileURL } from "node:url"
import { handleAuth, type LazyAuth } from "authjs-lazy"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { drivers, type PostgresDatabase, postgresDatabase, type TestDatabase } from "../setup/databases.js"
import { password, secret } from "../setup/flow-app.js"
import { freshFolder, writeBlocks } from "./extract.js"
import { page, root } from "./pages.js"

const folder = freshFolder("docs-run")
writeBlocks(page("docs/getting-started.md"), join(folder, "getting-started"))
writeBlocks(page("docs/merging.md"), join(folder, "merging"))

/** What an example exports. */
async function load<Module>(file: string): Promise<Module> {
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)) as Module
}

describe("the app in getting-started.md", () => {
  let database: PostgresDatabase
  let server: ChildProcess
  let origin: string

  beforeAll(async () => {
    database = await postgresDatabase()
    const { AUTH_URL: _, ...inherited } = process.env
    server = spawn(process.execPath, ["--import", "tsx", join(folder, "getting-started/server.ts")], {
      cwd: root,
      // Any free port; the example says which one it was given, so it has to be asked for one.
      env: { ...inherited, DATABASE_URL: database.url, AUTH_SECRET: secret, PORT: String(await freePort()) },
      stdio: ["ignore", "pipe", "pipe"],
    })
    origin = await readOrigin(server)
  })

  afterAll(async () => {
    if (server?.exitCode === null) {
      const gone = once(server, "exit")
      server.kill()
      await gone
    }
    await database?.close()
  })

  const text = async (browser: Browser, path = "/") => (await browser.visit(path)).text()

  it("keeps a note from the first click through an account, signing out and signing in", async () => {
    const browser = new Browser(origin, navigate)
    const username = "ada.lovelace"
    expect(await text(browser)).toMatch(/You are guest-\w{10}\./)
    const { user } = (await browser.session()) ?? {}
    await browser.visit("/notes", { form: { text: "Buy <milk>" } })
    expect(await text(browser)).toContain("<li>Buy &lt;milk></li>")

    const settings = await browser.visit("/settings")
    expect([settings.status, settings.headers.get("location")]).toEqual([303, "/convert?callbackUrl=%2Fsettings"])
    const csrfToken = await browser.csrfToken()
    const form = { csrfToken, username, password, passwordConfirm: password }
    const converted = await browser.visit("/convert?callbackUrl=%2Fsettings", { form })
    expect(converted.headers.get("location")).toBe("/settings")
    expect(await text(browser, "/settings")).toBe("Only real users have settings.")
    expect((await browser.session())?.user).toMatchObject({ id: user?.id, isLazy: false, username })

    await browser.signOut()
    expect(await text(browser)).not.toContain("milk")
    await browser.signIn("password", { username, password })
    expect(await text(browser)).toContain("Buy &lt;milk>")
    expect((await browser.session())?.user.id).toBe(user?.id)
  })

  it("makes nobody of a crawler, and takes no note from another site", async () => {
    const users = await database.query(`select 1 from "user"`)
    const bot = await new Browser(origin).visit("/", { headers: { "user-agent": "Googlebot/2.1" } })
    expect(await bot.text()).toBe("<h1>Notes</h1>")
    const forged = await new Browser(origin).visit("/notes", {
      form: { text: "spam" },
      headers: { origin: "https://evil.example" },
    })
    expect(forged.status).toBe(403)
    expect(await database.query(`select 1 from "user"`)).toHaveLength(users.length)
  })
})

describe("the server without a framework in getting-started.md", () => {
  let database: PostgresDatabase
  const before = { ...process.env }

  beforeAll(async () => {
    database = await postgresDatabase()
    Object.assign(process.env, { DATABASE_URL: database.url, AUTH_SECRET: secret, AUTH_TRUST_HOST: "true" })
  })

  afterAll(async () => {
    const { db } = await load<{ db: { $client: { end: () => Promise<void> } } }>("getting-started/db.ts")
    await db.$client.end()
    for (const name of ["DATABASE_URL", "AUTH_SECRET", "AUTH_TRUST_HOST"])
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    await database?.close()
  })

  it("knows a visitor, who converts and stays the same user", async () => {
    const { serve } = await load<{ serve: (request: Request) => Promise<Response> }>("getting-started/serve.ts")
    const browser = new Browser("http://app.test", serve)
    const first = await (await browser.visit("/")).text()
    expect(first).toMatch(/^You are guest-/)
    expect(await (await browser.visit("/")).text()).toBe(first)
    const id = (await browser.session())?.user.id
    const form = { csrfToken: await browser.csrfToken(), username: "grace", password }
    expect((await browser.visit("/convert", { form })).status).toBe(303)
    expect(await (await browser.visit("/")).text()).toBe("You are grace.")
    expect((await browser.session())?.user.id).toBe(id)
  })
})

describe.each(drivers)("the cart in merging.md ($driver)", ({ open }) => {
  let database: TestDatabase
  let auth: LazyAuth

  beforeAll(async () => {
    database = await open()
    await database.query(
      `create table cart_item (user_id text not null references "user" (id) on delete cascade, article text not null, ` +
        `quantity integer not null, primary key (user_id, article))`,
    )
    const cart = await load<{ createAuthConfig: (db: TestDatabase["db"]) => LazyAuth }>("merging/cart.ts")
    const made = cart.createAuthConfig(database.db)
    auth = (request) => ({ ...made(request), secret, trustHost: true })
  })

  afterAll(() => database?.close())

  const put = (userId: unknown, article: string, quantity: number) =>
    database.query(`insert into cart_item values ('${userId}', '${article}', ${quantity})`)

  it("adds up what both carts have, and moves what only the lazy one has", async () => {
    const account = { username: "shopper", password }
    const visitor = () => new Browser("http://app.test", (request) => handleAuth(request, auth))
    const home = visitor()
    await home.signIn("convert", account)
    const into = (await home.session())?.user.id
    await put(into, "apples", 2)
    await put(into, "bread", 1)

    const phone = visitor()
    await phone.signIn("lazy")
    const from = (await phone.session())?.user.id
    await put(from, "apples", 3)
    await put(from, "pears", 4)
    await phone.signIn("password", account)

    expect((await phone.session())?.user).toMatchObject({ id: into, isLazy: false })
    expect(await database.query("select * from cart_item order by article")).toEqual([
      { user_id: into, article: "apples", quantity: 5 },
      { user_id: into, article: "bread", quantity: 1 },
      { user_id: into, article: "pears", quantity: 4 },
    ])
    expect(await database.query(`select id from "user"`)).toEqual([{ id: into }])
  })
})

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net")
  const probe = createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, "close")
  return port
}

/**
 * Sends a request as a browser that navigates to a page. `fetch` would send `Sec-Fetch-Mode: cors`.
 */
async function navigate({ url, method, headers, body }: Request): Promise<Response> {
  const sent = httpRequest(url, { method, headers: { ...Object.fromEntries(headers), "sec-fetch-mode": "navigate" } })
  sent.end(body === null ? undefined : await new Response(body).text())
  const [answer] = (await once(sent, "response")) as [IncomingMessage]
  const received = new Headers()
  for (const [name, values] of Object.entries(answer.headersDistinct))
    for (const value of values ?? []) received.append(name, value)
  return new Response(Readable.toWeb(answer) as ReadableStream, { status: answer.statusCode, headers: received })
}

/** The address that a server prints once it listens. */
async function readOrigin(server: ChildProcess): Promise<string> {
  const output: string[] = []
  server.stderr?.on("data", (chunk) => output.push(String(chunk)))
  for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
    const origin = /http:\/\/localhost:\d+/.exec(line)?.[0]
    if (!origin) continue
    // What nobody reads would block it in the end.
    server.stdout?.resume()
    return origin
  }
  throw new Error(`The example did not start: ${output.join("")}`)
}
