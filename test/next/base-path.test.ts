import { fileURLToPath } from "node:url"
import type { Browser as Chromium } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { send } from "../contract/gate-contract-visitor.js"
import { Browser, type VisitOptions } from "../setup/browser-jar.js"
import { launchChromium } from "../setup/chromium.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { userAgent } from "../setup/demo-server.js"
import { password, secret } from "../setup/flow-app.js"
import { type BuiltApp, buildInPlace, freePort, type StartedApp, startDevelopment } from "./next-app.js"

// An app at /app, behind a proxy that ends TLS for https://app.test and says nothing of it: AUTH_URL does.

const source = fileURLToPath(new URL("base-path-app", import.meta.url))

let database: PostgresDatabase
let built: BuiltApp
let app: StartedApp
let port: number

beforeAll(async () => {
  ;[built, database, port] = await Promise.all([buildInPlace(source), postgresDatabase(), freePort()])
  app = await built.start(port, {
    DATABASE_URL: database.url,
    AUTH_URL: "https://app.test/app/api/auth",
    AUTH_SECRET: secret,
  })
}, 200_000)

afterAll(async () => {
  await app?.close()
  await database?.close()
})

const users = async () => Number((await database.query(`select count(*) as n from "user"`))[0]?.n)

/** A browser at https://app.test, whose requests come to the app as plain HTTP for the host it listens on. */
class Visitor extends Browser {
  constructor() {
    super("https://app.test", async (request) => {
      const { pathname, search } = new URL(request.url)
      const method = request.method
      const headers = { ...Object.fromEntries(request.headers), host: `127.0.0.1:${port}` }
      const body = request.body ? await request.text() : undefined
      return seenFromOutside(await send({ port, method, path: `${pathname}${search}`, headers, body }))
    })
  }

  /** The JSON that a page shows, or that a route handler answers with. */
  async read<Told>(path: string, options?: VisitOptions): Promise<Told> {
    const answer = await this.visit(path, options)
    const text = await answer.text()
    const shown = text.startsWith("{") ? text : /<pre>(.*?)<\/pre>/s.exec(text)?.[1]
    if (answer.status !== 200 || !shown) throw new Error(`${path} answered ${answer.status}: ${text}`)
    return JSON.parse(unescapeHtml(shown))
  }

  /** Posts the form of /app/form as a browser without JavaScript does. */
  async act(fields: Record<string, string>): Promise<Response> {
    const page = await (await this.visit("/app/form")).text()
    const form = new FormData()
    for (const [, name = "", value = ""] of page.matchAll(/<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?/g))
      form.append(name, unescapeHtml(value))
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    const sent = new Response(form)
    const body = await sent.text()
    const headers = { "content-type": sent.headers.get("content-type") ?? "", origin: this.origin }
    const url = new URL("/app/form", this.origin).href
    const cookie = await this.jar.getCookieString(url)
    const userAgent = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0" }
    const host = { host: `127.0.0.1:${port}` }
    const answer = await send({
      port,
      method: "POST",
      path: "/app/form",
      headers: { ...host, ...headers, ...userAgent, cookie },
      body,
    })
    for (const each of answer.headers.getSetCookie()) await this.jar.setCookie(each, url)
    return seenFromOutside(answer)
  }
}

/** Behind a proxy no answer may name the host that the app listens on. */
function seenFromOutside(answer: Response): Response {
  const location = answer.headers.get("location")
  if (location !== null) expect(new URL(location, "https://app.test").origin).toBe("https://app.test")
  return answer
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&#x27;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
}

interface Told {
  user: { id: string; isLazy: boolean }
}

async function signedUp(): Promise<Visitor> {
  const visitor = new Visitor()
  await visitor.act({ what: "convert", username: `real-${crypto.randomUUID().slice(0, 8)}`, password })
  return visitor
}

describe("a proxy", () => {
  it("shows the page a lazy user at once, and all that is streamed later", async () => {
    const visitor = new Visitor()
    const answer = await visitor.visit("/app/gated")
    const text = unescapeHtml(await answer.text())
    const { user } = JSON.parse(/<pre>(.*?)<\/pre>/.exec(text)?.[1] ?? "") as Told
    expect(user).toMatchObject({ id: expect.any(String), isLazy: true })
    expect(text).toContain(`<output>{"id":"${user.id}","names":["__Secure-authjs.session-token"]}</output>`)
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Secure-authjs\.session-token=.*; Secure/)])
    expect(answer.headers.get("cache-control")).toBe("private, no-cache, no-store, max-age=0, must-revalidate")
    expect(answer.headers.has("x-middleware-request-cookie")).toBe(false)
    expect((await visitor.read<Told>("/app/gated")).user).toEqual(user)
  })

  it("is composed with an app's own, whatever that answers", async () => {
    const answered = await new Visitor().visit("/app/marked")
    expect(((await answered.json()) as { auth: Told }).auth.user.isLazy).toBe(true)
    expect(answered.headers.getSetCookie().map((cookie) => cookie.split("=")[0])).toEqual([
      "__Secure-authjs.session-token",
      "theme",
    ])

    expect((await new Visitor().read<Told>("/app/rewritten")).user.isLazy).toBe(true)

    const visitor = new Visitor()
    const sent = await visitor.visit("/app/sent")
    expect(sent.headers.get("location")).toBe("/app/gated")
    const before = await users()
    expect((await visitor.read<Told>("/app/gated")).user.isLazy).toBe(true)
    expect(await users()).toBe(before)
  })

  it("takes whatever the router asks for to be loaded ahead, where Next hides which it is", async () => {
    const before = await users()
    const headers = { rsc: "1", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" }
    const loads: Record<string, string>[] = [headers, { ...headers, "next-router-prefetch": "1" }]
    for (const headers of loads)
      expect((await new Visitor().visit("/app/gated", { headers })).headers.getSetCookie()).toEqual([])
    expect(await users()).toBe(before)
  })
})

describe("a route handler", () => {
  it("is given the session and the cookies of the lazy user that its gate has made", async () => {
    const visitor = new Visitor()
    const first = await visitor.read<{ auth: Told; cookies: string[] }>("/app/api/open")
    expect(first).toMatchObject({ auth: { user: { isLazy: true } }, cookies: ["__Secure-authjs.session-token"] })
    const posted = await visitor.read<{ auth: Told; body: string }>("/app/api/open", {
      json: { some: "body" },
      headers: { origin: "https://app.test" },
    })
    expect(posted).toMatchObject({ auth: { user: first.auth.user }, body: '{"some":"body"}' })
    const body = await new Visitor().read<{ body: string }>("/app/api/open", {
      json: 1,
      headers: { origin: "https://app.test" },
    })
    expect(body.body).toBe("1")
  })

  it("is kept from whom it is not for", async () => {
    const visitor = new Visitor()
    const sent = await visitor.visit("/app/api/real")
    expect([sent.status, sent.headers.get("location")]).toEqual([303, "/app/form?callbackUrl=%2Fapp%2Fapi%2Freal"])
    const api = { accept: "application/json" }
    expect((await visitor.visit("/app/api/real", { headers: api })).status).toBe(401)
    const real = await signedUp()
    expect((await real.read<{ auth: Told }>("/app/api/real")).auth.user.isLazy).toBe(false)
  })
})

describe("a server component", () => {
  it("that asks for a lazy user gets a clear error, and nobody is made", async () => {
    const before = await users()
    const told = await new Visitor().read<Error>("/app/wanting")
    expect(told).toMatchObject({
      message: expect.stringContaining("allowLazy(auth) in proxy.ts"),
    })
    expect(await users()).toBe(before)
  })

  it("that asks for one finds who is there, and nobody for a crawler", async () => {
    const visitor = new Visitor()
    const { auth } = await visitor.read<{ auth: Told }>("/app/api/open")
    expect((await visitor.read<Told>("/app/wanting")).user.id).toBe(auth.user.id)
    const text = await (
      await new Visitor().visit("/app/wanting", { headers: { "user-agent": "Twitterbot/1.0" } })
    ).text()
    expect(text).toContain("<pre>null</pre>")
  })

  it.each([
    ["lazy", ""],
    ["convert", `&username=somebody&password=${encodeURIComponent(password)}`],
  ])('that calls signIn("%s") gets a clear error, and nobody is made', async (provider, fields) => {
    const before = await users()
    const told = await new Visitor().read<Error>(`/app/signing-in?provider=${provider}${fields}`)
    expect(told.message).toContain(`signIn("${provider}") needs to set a cookie, which a server component can't`)
    expect(await users()).toBe(before)
  })

  it("sends away whom it is not for, and shows itself to whom it is", async () => {
    const visitor = new Visitor()
    const sent = await visitor.visit("/app/guarded")
    expect(sent.status).toBe(307)
    expect(sent.headers.get("location")).toBe("https://app.test/app/form?callbackUrl=%2Fapp%2Fguarded%3Ftab%3D1")
    expect((await (await signedUp()).read<Told>("/app/guarded")).user.isLazy).toBe(false)
  })
})

describe("a server action", () => {
  it('signs a lazy user in with signIn("lazy"), once', async () => {
    const visitor = new Visitor()
    const before = await users()
    const answer = await visitor.act({ what: "sign in" })
    expect([answer.status, answer.headers.get("location")]).toEqual([303, expect.stringMatching(/\/app\/gated$/)])
    const { user } = await visitor.read<Told>("/app/gated")
    await visitor.act({ what: "sign in" })
    expect((await visitor.read<Told>("/app/gated")).user.id).toBe(user.id)
    expect(await users()).toBe(before + 1)
  })

  it('converts with signIn("convert"), under the same id', async () => {
    const visitor = new Visitor()
    const { user } = await visitor.read<Told>("/app/gated")
    const before = await users()
    const old = await visitor.sessionCookie()
    await visitor.act({ what: "convert", username: "Grace", password })
    expect((await visitor.read<Told>("/app/gated")).user).toMatchObject({
      id: user.id,
      isLazy: false,
      username: "grace",
    })
    expect(await visitor.sessionCookie()).not.toBe(old)
    expect(await users()).toBe(before)
  })

  it("makes a lazy user with the gate itself, and keeps away whom it is not for", async () => {
    const visitor = new Visitor()
    const told = await visitor.act({ what: "allowLazy" })
    const id = new URL(told.headers.get("location") ?? "", "https://app.test").searchParams.get("told")
    expect((await visitor.read<Told>("/app/gated")).user).toMatchObject({ id, isLazy: true })
    const sent = await visitor.act({ what: "requireReal" })
    expect(sent.headers.get("location")).toMatch(/\/app\/form\?callbackUrl=%2F$/)
    const passed = await visitor.act({ what: "requireLazy" })
    expect(passed.headers.get("location")).toContain(`told=${id}`)
  })
})

it("has the routes of Auth.js where next-auth/react looks for them", async () => {
  const visitor = new Visitor()
  const { csrfToken } = await visitor.read<{ csrfToken: string }>("/app/api/auth/csrf")
  const answer = await visitor.visit("/app/api/auth/callback/lazy", {
    form: { csrfToken, callbackUrl: "/app/gated", json: "true" },
    headers: { "x-auth-return-redirect": "1" },
  })
  expect(await answer.json()).toEqual({ url: "https://app.test/app/gated" })
  const { user } = await visitor.read<Told>("/app/api/auth/session")
  expect(user.isLazy).toBe(true)
  expect((await visitor.read<Told>("/app/gated")).user.id).toBe(user.id)
})

/** Where people open the app if no proxy stands before it. Next takes 127.0.0.1 in an address for localhost. */
const siteAt = (port: number) => `http://localhost:${port}`
const environmentAt = (port: number) => ({
  DATABASE_URL: database.url,
  AUTH_URL: `${siteAt(port)}/app/api/auth`,
  AUTH_SECRET: secret,
})

describe("next-auth/react in Chromium", () => {
  let chromium: Chromium
  let direct: StartedApp
  let site: string

  beforeAll(async () => {
    const port = await freePort()
    site = siteAt(port)
    ;[chromium, direct] = await Promise.all([launchChromium(), built.start(port, environmentAt(port))])
  }, 60_000)
  afterAll(async () => {
    await chromium?.close()
    await direct?.close()
  })

  it.each([
    ["comes back to the page", "Start"],
    ["stays on it", "Start here"],
  ])(
    'makes a lazy user by a click on signIn("lazy") that %s, whom useSession() shows',
    async (_, button) => {
      const context = await chromium.newContext({ baseURL: site, userAgent })
      context.setDefaultTimeout(20_000)
      const page = await context.newPage()
      const shown = async () => JSON.parse((await page.locator("output").textContent()) ?? "")
      const before = await users()
      await page.goto("/app/clicking")
      await expect.poll(shown, { timeout: 20_000 }).toEqual({ status: "unauthenticated", user: null })
      expect(await users()).toBe(before)

      await page.getByRole("button", { name: button, exact: true }).click()
      await expect.poll(shown, { timeout: 20_000 }).toMatchObject({ status: "authenticated", user: { isLazy: true } })
      const { user } = await shown()
      expect(await database.query(`select id, "convertedAt" from "user" where id = '${user.id}'`)).toEqual([
        { id: user.id, convertedAt: null },
      ])
      expect(await database.query(`select count(*)::int as n from session where "userId" = '${user.id}'`)).toEqual([
        { n: 1 },
      ])
      // Behind the gate it is the same user.
      await page.goto("/app/gated")
      expect(JSON.parse((await page.locator("pre").textContent()) ?? "").user).toEqual(user)
      expect(await users()).toBe(before + 1)
      await context.close()
    },
    60_000,
  )
})

it("shows a gated page its lazy user in the very first request to next dev", async () => {
  const port = await freePort()
  const development = await startDevelopment(source, port, environmentAt(port))
  try {
    const browser = new Browser(development.origin)
    const before = await users()
    const answer = await browser.visit("/app/gated")
    const text = unescapeHtml(await answer.text())
    const { user } = JSON.parse(/<pre>(.*?)<\/pre>/s.exec(text)?.[1] ?? "null") as Told
    expect(user).toMatchObject({ id: expect.any(String), isLazy: true })
    expect(text).toContain(`<output>{"id":"${user.id}","names":["authjs.session-token"]}</output>`)
    expect(await users()).toBe(before + 1)
    expect(unescapeHtml(await (await browser.visit("/app/gated")).text())).toContain(user.id)
    expect(await users()).toBe(before + 1)
  } finally {
    await development.close()
  }
}, 180_000)
