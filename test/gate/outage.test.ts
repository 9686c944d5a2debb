import { drizzle } from "drizzle-orm/postgres-js"
import { Redis } from "ioredis"
import postgres from "postgres"
import { RateLimiterRedis } from "rate-limiter-flexible"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type GateOptions, type GateResult, gate, handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { Browser } from "../setup/browser-jar.js"
import { type CutMoment, type CuttingProxy, startCuttingProxy } from "../setup/cutting-proxy.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { freePort } from "../setup/free-port.js"

const MOMENTS: CutMoment[] = ["before", "after"]
const CREATION = /insert into "user"/
const COMMIT = /commit\0/i

describe.each(["database", "jwt"] as const)("an outage (%s sessions)", (strategy) => {
  const app = new FlowApp(strategy)
  let direct: PostgresDatabase
  let proxy: CuttingProxy
  let sql: postgres.Sql
  beforeAll(async () => {
    direct = await postgresDatabase()
    await direct.query(`create table note (id serial primary key, "userId" text references "user" on delete cascade)`)
    const url = new URL(direct.url)
    proxy = await startCuttingProxy(Number(url.port))
    url.port = String(proxy.port)
    // A statement that is prepared goes out by its name from the second time on.
    sql = postgres(url.href, { max: 3, prepare: false, connect_timeout: 2, backoff: false, onnotice: () => {} })
    app.database = { ...direct, db: drizzle(sql) }
  })
  afterAll(async () => {
    await sql.end({ timeout: 1 })
    await proxy.close()
    await direct.close()
  })

  /** A browser on an app whose pages are behind a gate; the page answers with the id of the user. */
  function visitor(changes: Partial<LazyConfig> = {}, options: GateOptions = {}) {
    const auth = withLazy({ ...app.config, ...changes, lazy: { recheck: 0, ...changes.lazy } })
    const page = convertPage(auth)
    const results: GateResult[] = []
    const browser = new Browser("http://app.test", async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname.startsWith("/auth/")) return handleAuth(request, auth)
      if (pathname === "/convert") return page(request)
      const result = await gate(request, auth, options)
      results.push(result)
      return result.open ? result.apply(Response.json(result.session?.user.id ?? null)) : result.apply()
    })
    return { browser, results, id: async () => (await (await browser.visit("/")).json()) as string }
  }

  async function away(work: () => Promise<void>): Promise<void> {
    proxy.shut()
    try {
      await work()
    } finally {
      proxy.open()
    }
  }

  function expectUnavailable(answer: Response): void {
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0)
    expect(answer.headers.get("cache-control")).toBe("private, no-store")
    expect(answer.headers.getSetCookie().filter((cookie) => cookie.includes("session-token"))).toEqual([])
  }

  const users = () => app.count('"user"')

  it("answers a first visit with 503, and one user is made once the database is back", async () => {
    const before = await users()
    const { browser, results, id } = visitor()
    await away(async () => {
      const answer = await browser.visit("/")
      expectUnavailable(answer)
      expect(await answer.text()).toContain("Please try again")
      expect(results.at(-1)).toMatchObject({ open: false, reason: "unavailable", session: null })
      const api = await browser.visit("/", { headers: { accept: "application/json" } })
      expectUnavailable(api)
      expect(await api.json()).toEqual({ error: "unavailable" })
    })
    expect(await users()).toBe(before)
    expect(await id()).toBe(await id())
    expect(await users()).toBe(before + 1)
  })

  it.each([
    ["allowLazy", {}],
    ["a gate on writes", { on: "write" }],
    ["optionalSession", { create: false }],
    ["requireLazy", { require: "lazy" }],
    ["requireReal", { require: "real" }],
  ] as [string, GateOptions][])("keeps a session at %s", async (_, options) => {
    const { browser, id } = visitor()
    const user = await id()
    const before = await users()
    const gated = visitor({}, options)
    const headers = { cookie: await browser.jar.getCookieString(browser.origin) }
    await away(async () => {
      const answer = await gated.browser.visit("/", { headers })
      if (strategy === "database") expectUnavailable(answer)
      // A token holds until a check says otherwise.
      else expect(answer.status).toBe(options.require === "real" ? 303 : 200)
    })
    expect(await id()).toBe(user)
    expect(await users()).toBe(before)
  })

  it("keeps a session whose callback could not ask the database", async () => {
    const { browser, id } = visitor()
    const user = await id()
    const ask = () => app.database.db.execute("select 1")
    const callbacks: LazyConfig["callbacks"] = {
      async session({ session }) {
        await ask()
        return session
      },
    }
    const asking = visitor({ callbacks })
    const headers = { cookie: await browser.jar.getCookieString(browser.origin) }
    await away(async () => expectUnavailable(await asking.browser.visit("/", { headers })))
    expect(await id()).toBe(user)
  })

  it("has the routes of Auth.js answer 503, with the session kept", async () => {
    const { browser, id } = visitor()
    const user = await id()
    const csrfToken = await browser.csrfToken()
    const json = { "x-auth-return-redirect": "1", accept: "application/json" }
    await away(async () => {
      const session = await browser.visit("/auth/session")
      if (strategy === "database") expectUnavailable(session)
      else expect(await session.json()).toMatchObject({ user: { id: user } })
      for (const [route, fields] of [
        ["password", { username: "ada", password }],
        ["convert", { username: "grace", password }],
        ...(strategy === "database" ? [["lazy", {}] as const] : []),
      ] as const) {
        const form = { csrfToken, ...fields }
        const answer = await browser.visit(`/auth/callback/${route}`, { form })
        expectUnavailable(answer)
        expect(answer.headers.get("location")).toBeNull()
        const script = await browser.visit(`/auth/callback/${route}`, { form, headers: json })
        expectUnavailable(script)
        expect((await script.json()).url).toContain("error=")
      }
      if (strategy === "database") expectUnavailable(await browser.visit("/auth/signout", { form: { csrfToken } }))
      const page = await browser.visit("/convert", { form: { csrfToken, username: "ada", password } })
      expect([page.status, page.headers.get("retry-after")]).toEqual([503, "5"])
    })
    expect(await id()).toBe(user)
    const copy = await browser.copy()
    await browser.signOut()
    expect(await browser.session()).toBeNull()
    expect(await copy.session()).toBeNull()
  })

  it.each(MOMENTS)("cut in the making of a user, %s PostgreSQL heard, gives its browser one user", async (moment) => {
    const before = await users()
    const { browser, id } = visitor()
    const done = proxy.cut(CREATION, moment)
    expectUnavailable(await browser.visit("/"))
    await done
    expect(await users()).toBe(before + (moment === "after" ? 1 : 0))
    const user = await id()
    expect(await id()).toBe(user)
    expect(await users()).toBe(before + 1)

    // The next person at this browser gets another one.
    await browser.signOut()
    expect(await id()).not.toBe(user)
  })

  it.each(MOMENTS)("cut in COMMIT of a conversion, %s PostgreSQL heard, locks nobody out", async (moment) => {
    const { browser, id } = visitor()
    const user = await id()
    const form = { username: `cut-${moment}-${strategy}`, password }
    const before = await users()
    const csrfToken = await browser.csrfToken()
    const done = proxy.cut(COMMIT, moment)
    expectUnavailable(await browser.visit("/auth/callback/convert", { form: { csrfToken, ...form } }))
    await done
    expect((await app.user(user))?.convertedAt === null).toBe(moment === "before")
    await browser.signIn("convert", form)
    expect((await browser.session())?.user).toMatchObject({ id: user, isLazy: false })
    const other = visitor().browser
    await other.signIn("password", form)
    expect((await other.session())?.user.id).toBe(user)
    expect(await users()).toBe(before)
  })

  it.each(MOMENTS)("cut in COMMIT of a merge, %s PostgreSQL heard, loses nothing", async (moment) => {
    const form = { username: `owner-${moment}-${strategy}`, password }
    const owner = visitor()
    await owner.browser.signIn("convert", form)
    const real = (await owner.browser.session())?.user.id as string
    const { browser, id } = visitor()
    const user = await id()
    await direct.query(`insert into note ("userId") values ('${user}')`)
    const csrfToken = await browser.csrfToken()
    const done = proxy.cut(COMMIT, moment)
    expectUnavailable(await browser.visit("/auth/callback/password", { form: { csrfToken, ...form } }))
    await done
    await browser.signIn("password", form)
    expect((await browser.session())?.user.id).toBe(real)
    expect(await app.user(user)).toBeUndefined()
    expect(await app.count(`note where "userId" = '${real}'`)).toBe(1)
  })

  it("leaves a merge that a time-out stops to the sign-in page, with its code", async () => {
    const form = { username: `slow-${strategy}`, password }
    await visitor().browser.signIn("convert", form)
    const { browser, id } = visitor()
    const user = await id()
    await direct.query(`insert into note ("userId") values ('${user}');
      create function give_up() returns trigger language plpgsql as $$ begin raise sqlstate '57014'; end $$;
      create trigger give_up before update on note for each row execute function give_up()`)
    const answer = await browser.signIn("password", form)
    expect(answer.headers.get("location")).toContain("code=merge_failed")
    await direct.query("drop trigger give_up on note; drop function give_up")
    expect(await id()).toBe(user)
  })

  it("of what the app's events ask takes no answer away", async () => {
    const fail = () => Promise.reject(Object.assign(new Error("connect"), { code: "ECONNREFUSED" }))
    const { browser } = visitor({ events: { signIn: fail, signOut: fail, convertUser: fail } })
    await browser.signIn("lazy")
    const form = { username: `events-${strategy}`, password, callbackUrl: "/?error=OAuthAccountNotLinked" }
    const converted = await browser.signIn("convert", form)
    expect(converted.status).toBe(302)
    expect((await browser.session())?.user.isLazy).toBe(false)
    const answer = await browser.visit("/auth/signout", { form: { csrfToken: await browser.csrfToken() } })
    expect(answer.status).toBe(302)
    expect(await browser.session()).toBeNull()
  })

  it("of a limiter's store refuses new users alone", async () => {
    const client = new Redis({ port: await freePort(), host: "127.0.0.1", maxRetriesPerRequest: 0, lazyConnect: true })
    client.on("error", () => {})
    const overall = new RateLimiterRedis({ storeClient: client, points: 10, duration: 60 })
    const limited = visitor({ lazy: { limits: { overall } } })
    const before = await users()
    expectUnavailable(await limited.browser.visit("/"))
    expect(await users()).toBe(before)
    const { browser, id } = visitor()
    const user = await id()
    const headers = { cookie: await browser.jar.getCookieString(browser.origin) }
    expect(await (await limited.browser.visit("/", { headers })).json()).toBe(user)
    client.disconnect()
  })
})
