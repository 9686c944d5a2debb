import { fileURLToPath } from "node:url"
import type { Browser as Chromium } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { launchChromium } from "../setup/chromium.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { userAgent } from "../setup/demo-server.js"
import { password, secret } from "../setup/flow-app.js"
import { type Told, unescapeHtml, Visitor } from "./base-path-visitor.js"
import { type BuiltApp, buildInPlace, freePort, type StartedApp, startDevelopment } from "./next-app.js"
import { describeActions } from "./server-actions.js"

// An app at /app, behind a proxy that ends TLS for https://app.test and forwards no header.
// AUTH_URL names the public address.

const source = fileURLToPath(new URL("base-path-app", import.meta.url))

let database: PostgresDatabase
let built: BuiltApp
let app: StartedApp
let port: number

beforeAll(async () => {
  // Both bundlers of Next must take the package; the examples are built by Turbopack.
  ;[built, database, port] = await Promise.all([buildInPlace(source, ["--webpack"]), postgresDatabase(), freePort()])
  app = await built.start(port, {
    DATABASE_URL: database.url,
    AUTH_URL: "https://app.test/app/api/auth",
    AUTH_SECRET: secret,
  })
}, 400_000)

afterAll(async () => {
  await app?.close()
  await database?.close()
})

const users = async () => Number((await database.query(`select count(*) as n from "user"`))[0]?.n)

async function signedUp(): Promise<Visitor> {
  const visitor = new Visitor(port)
  await visitor.act({ what: "convert", username: `real-${crypto.randomUUID().slice(0, 8)}`, password })
  return visitor
}

it("prerenders a page with useLazy, where the session is still loading", async () => {
  const answer = await new Visitor(port).visit("/app/clicking")
  expect(answer.headers.get("x-nextjs-prerender")).toMatch(/^1/)
  const shown = /<code>(.*?)<\/code>/.exec(await answer.text())?.[1] ?? ""
  expect(JSON.parse(unescapeHtml(shown))).toEqual({
    status: "loading",
    isLazy: false,
    username: null,
    convertUrl: "/app/convert?from=click",
  })
})

describe("a proxy", () => {
  it("shows the page a lazy user at once, and all that is streamed later", async () => {
    const visitor = new Visitor(port)
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
    const answered = await new Visitor(port).visit("/app/marked")
    expect(((await answered.json()) as { auth: Told }).auth.user.isLazy).toBe(true)
    expect(answered.headers.getSetCookie().map((cookie) => cookie.split("=")[0])).toEqual([
      "__Secure-authjs.session-token",
      "theme",
    ])

    expect((await new Visitor(port).read<Told>("/app/rewritten")).user.isLazy).toBe(true)

    const visitor = new Visitor(port)
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
      expect((await new Visitor(port).visit("/app/gated", { headers })).headers.getSetCookie()).toEqual([])
    expect(await users()).toBe(before)
  })
})

describe("a route handler", () => {
  it("is given the session and the cookies of the lazy user that its gate has made", async () => {
    const visitor = new Visitor(port)
    const first = await visitor.read<{ auth: Told; cookies: string[] }>("/app/api/open")
    expect(first).toMatchObject({ auth: { user: { isLazy: true } }, cookies: ["__Secure-authjs.session-token"] })
    const posted = await visitor.read<{ auth: Told; body: string }>("/app/api/open", {
      json: { some: "body" },
      headers: { origin: "https://app.test" },
    })
    expect(posted).toMatchObject({ auth: { user: first.auth.user }, body: '{"some":"body"}' })
    const body = await new Visitor(port).read<{ body: string }>("/app/api/open", {
      json: 1,
      headers: { origin: "https://app.test" },
    })
    expect(body.body).toBe("1")
  })

  it("is kept from whom it is not for", async () => {
    const visitor = new Visitor(port)
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
    const told = await new Visitor(port).read<Error>("/app/wanting")
    expect(told).toMatchObject({
      message: expect.stringContaining("allowLazy(authConfig).proxy` in proxy.ts"),
    })
    expect(await users()).toBe(before)
  })

  it("that asks for one finds who is there, and nobody for a crawler", async () => {
    const visitor = new Visitor(port)
    const { auth } = await visitor.read<{ auth: Told }>("/app/api/open")
    expect((await visitor.read<Told>("/app/wanting")).user.id).toBe(auth.user.id)
    const text = await (
      await new Visitor(port).visit("/app/wanting", { headers: { "user-agent": "Twitterbot/1.0" } })
    ).text()
    expect(text).toContain("<pre>null</pre>")
  })

  it.each([
    ["lazy", ""],
    ["convert", `&username=somebody&password=${encodeURIComponent(password)}`],
  ])('that calls signIn("%s") gets a clear error, and nobody is made', async (provider, fields) => {
    const before = await users()
    const told = await new Visitor(port).read<Error>(`/app/signing-in?provider=${provider}${fields}`)
    expect(told.message).toContain(`signIn("${provider}") needs to set a cookie, which a server component can't`)
    expect(await users()).toBe(before)
  })

  it("that only reads finds who is there, and makes nobody", async () => {
    const before = await users()
    expect(await (await new Visitor(port).visit("/app/reading")).text()).toContain("<pre>null</pre>")
    expect(await users()).toBe(before)
    const visitor = new Visitor(port)
    const { user } = await visitor.read<Told>("/app/gated")
    expect((await visitor.read<Told>("/app/reading")).user).toEqual(user)
    expect((await (await signedUp()).read<Told>("/app/reading")).user.isLazy).toBe(false)
  })

  it("sends away whom it is not for, and shows itself to whom it is", async () => {
    const visitor = new Visitor(port)
    const sent = await visitor.visit("/app/guarded")
    expect(sent.status).toBe(307)
    expect(sent.headers.get("location")).toBe("https://app.test/app/form?callbackUrl=%2Fapp%2Fguarded%3Ftab%3D1")
    expect((await (await signedUp()).read<Told>("/app/guarded")).user.isLazy).toBe(false)
  })
})

describe("a server action", () => {
  it('signs a lazy user in with signIn("lazy"), once', async () => {
    const visitor = new Visitor(port)
    const before = await users()
    const answer = await visitor.act({ what: "sign in" })
    expect([answer.status, answer.headers.get("location")]).toEqual([303, expect.stringMatching(/\/app\/gated$/)])
    const { user } = await visitor.read<Told>("/app/gated")
    await visitor.act({ what: "sign in" })
    expect((await visitor.read<Told>("/app/gated")).user.id).toBe(user.id)
    expect(await users()).toBe(before + 1)
  })

  it('converts with signIn("convert"), under the same id', async () => {
    const visitor = new Visitor(port)
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
    const visitor = new Visitor(port)
    const told = await visitor.act({ what: "allowLazy" })
    const id = new URL(told.headers.get("location") ?? "", "https://app.test").searchParams.get("told")
    expect((await visitor.read<Told>("/app/gated")).user).toMatchObject({ id, isLazy: true })
    const sent = await visitor.act({ what: "requireReal" })
    expect(sent.headers.get("location")).toMatch(/\/app\/form\?callbackUrl=%2F$/)
    const passed = await visitor.act({ what: "requireLazy" })
    expect(passed.headers.get("location")).toContain(`told=${id}`)
  })

  it("that only reads finds who is there, and makes nobody", async () => {
    const visitor = new Visitor(port)
    const before = await users()
    const nobody = await visitor.act({ what: "optionalSession" })
    expect(nobody.headers.get("location")).toContain("told=undefined")
    expect([nobody.headers.getSetCookie(), await users()]).toEqual([[], before])
    const { user } = await visitor.read<Told>("/app/gated")
    const found = await visitor.act({ what: "optionalSession" })
    expect(found.headers.get("location")).toContain(`told=${user.id}`)
  })
})

describeActions(() => ({ built, database }))

it("has the routes of Auth.js where next-auth/react looks for them", async () => {
  const visitor = new Visitor(port)
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

/** The address of the app without a proxy. Next takes 127.0.0.1 in a URL for localhost. */
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
      const known = async () => JSON.parse((await page.locator("code").textContent()) ?? "")
      const convertUrl = "/app/convert?from=click&redirectTo=%2Fapp%2Fclicking"
      const nobody = { isLazy: false, username: null, convertUrl }
      expect(await known()).toEqual({ status: "unauthenticated", ...nobody })
      expect(await users()).toBe(before)

      await page.getByRole("button", { name: button, exact: true }).click()
      await expect.poll(shown, { timeout: 20_000 }).toMatchObject({ status: "authenticated", user: { isLazy: true } })
      const { user } = await shown()
      const { username } = user
      await expect.poll(known).toEqual({ status: "authenticated", isLazy: true, username, convertUrl })
      expect(await database.query(`select id, "convertedAt" from "user" where id = '${user.id}'`)).toEqual([
        { id: user.id, convertedAt: null },
      ])
      expect(await database.query(`select count(*)::int as n from session where "userId" = '${user.id}'`)).toEqual([
        { n: 1 },
      ])
      // The router has written the address: useLazy asks below the base path, and knows the page it is on.
      const read = page.waitForResponse("**/api/auth/session")
      await page.evaluate(() => window.history.pushState(null, "", "?moved"))
      const { pathname } = new URL((await read).url())
      expect([pathname, (await read).status()]).toEqual(["/app/api/auth/session", 200])
      await expect.poll(known).toMatchObject({ username, convertUrl: `${convertUrl}%3Fmoved` })
      // A page that is prerendered shows who is there after it has loaded, too.
      await page.goto("/app/clicking")
      await expect.poll(known).toEqual({ status: "authenticated", isLazy: true, username, convertUrl })
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
