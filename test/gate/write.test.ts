import { readFileSync } from "node:fs"
import { drizzle } from "drizzle-orm/postgres-js"
import { expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { type GateOptions, gate, handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { Browser, type VisitOptions } from "../setup/browser-jar.js"
import type { PostgresDatabase } from "../setup/databases.js"
import { describeFlows, earlyInWindow, type FlowApp, password } from "../setup/flow-app.js"

const ORIGIN = "http://app.test"
const SESSION = "authjs.session-token"
const CSRF = "authjs.csrf-token"
const CLICK = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "same-origin" }
const SCRIPT = { accept: "*/*", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "sec-fetch-site": "same-origin" }
const FOREIGN = { origin: "https://other.test", "sec-fetch-site": "cross-site" }
const BOT = { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)" }
const PAGE: VisitOptions = { headers: CLICK }
const FORM: VisitOptions = { form: { text: "a note" }, headers: CLICK }
const FETCH: VisitOptions = { method: "POST", headers: SCRIPT }

/** What the page behind the gate shows. */
interface Shown {
  id: string | null
  created: boolean
  skipped?: string
  /** The `Cookie` header that the page sees. */
  cookie: string
}

/** Makes a browser for pages behind a gate that makes lazy users on a write. */
class Visitor extends Browser {
  static of(app: FlowApp, options: GateOptions = {}, changes: Partial<LazyConfig> = {}): Visitor {
    const auth = withLazy({ ...app.config, lazy: { recheck: 0 }, ...changes })
    return new Visitor(ORIGIN, async (request) => {
      if (new URL(request.url).pathname.startsWith("/auth/")) return handleAuth(request, auth)
      const result = await gate(request, auth, { on: "write", ...options })
      if (!result.open) return result.apply()
      const { session, created, skipped, cookie } = result
      const headers = new Headers(request.headers.has("x-shared") ? { "cache-control": "public, max-age=60" } : {})
      if (request.headers.has("x-cookie")) headers.append("set-cookie", "theme=dark")
      return result.apply(Response.json({ id: session?.user.id ?? null, created, skipped, cookie }, { headers }))
    })
  }

  async shown(sent: VisitOptions): Promise<Shown> {
    return (await (await this.visit("/", sent)).json()) as Shown
  }
}

const setOf = (response: Response, name: string) => response.headers.getSetCookie().filter((set) => set.includes(name))

describeFlows("a gate that makes lazy users on a write", (app, strategy) => {
  const rows = async () => [await app.count('"user"'), await app.count("session")]

  async function expectUsers(made: number, work: () => Promise<void>): Promise<void> {
    const [users = 0, sessions = 0] = await rows()
    await work()
    expect(await rows()).toEqual([users + made, sessions + (strategy === "database" ? made : 0)])
  }

  it("shows pages to nobody, and makes the user at the first write of any kind, for that very request", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const visitor = Visitor.of(app)
      await expectUsers(0, async () => {
        expect(await visitor.shown(PAGE)).toMatchObject({ id: null, created: false, skipped: "method" })
        expect(await visitor.sessionCookie()).toBeUndefined()
      })
      await expectUsers(1, async () => {
        const first = await visitor.shown({ method, headers: SCRIPT })
        expect(first).toMatchObject({ id: expect.any(String), created: true })
        expect(first.cookie).toContain(SESSION)
        expect(await visitor.shown(PAGE)).toMatchObject({ id: first.id, created: false })
        expect((await visitor.session())?.user).toMatchObject({ id: first.id, isLazy: true })
      })
    }
  })

  it.each<[string, VisitOptions]>([
    ["a script that reads", { headers: SCRIPT }],
    ["HEAD", { method: "HEAD", headers: CLICK }],
    ["OPTIONS", { method: "OPTIONS", headers: SCRIPT }],
    ["a method of WebDAV", { method: "PROPFIND", headers: SCRIPT }],
    ["a GET that names another method", { headers: { ...SCRIPT, "x-http-method-override": "POST" } }],
    ["GraphQL in a query", { headers: { ...SCRIPT, "content-type": "application/json" } }],
    ["a prefetch of the browser", { headers: { ...CLICK, "sec-purpose": "prefetch" } }],
    ["a prefetch of a router", { headers: { ...SCRIPT, "next-router-prefetch": "1" } }],
    ["a bot", { headers: { ...BOT, ...CLICK } }],
    ["a bot that writes", { method: "POST", headers: { ...BOT, ...SCRIPT } }],
    ["a frame on another site", { headers: { ...CLICK, ...FOREIGN, "sec-fetch-dest": "iframe" } }],
    ["a form of another site", { ...FORM, headers: { ...CLICK, ...FOREIGN } }],
    ["a form of another site, in an old browser", { form: { a: "b" }, headers: { origin: "https://other.test" } }],
    ["a script of another site", { method: "POST", headers: { ...SCRIPT, ...FOREIGN } }],
  ])("makes nobody and sets nothing for %s", async (_, sent) => {
    await expectUsers(0, async () => {
      const answer = await Visitor.of(app).visit("/?query=mutation{add}", sent)
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
    })
  })

  it("gives a page a CSRF cookie that Auth.js takes for its own, once", async () => {
    const visitor = Visitor.of(app)
    const first = await visitor.visit("/", PAGE)
    expect(setOf(first, CSRF)).toHaveLength(1)
    expect(setOf(first, CSRF)[0]).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/)
    const { cookie } = (await first.json()) as Shown
    expect(cookie).toBe(await visitor.jar.getCookieString(ORIGIN))
    const [token] = decodeURIComponent(cookie.slice(CSRF.length + 1)).split("|")
    expect(await visitor.csrfToken()).toBe(token)
    expect((await visitor.visit("/", PAGE)).headers.getSetCookie()).toEqual([])
    await visitor.signIn("lazy")
    expect((await visitor.session())?.user.isLazy).toBe(true)
  })

  it("replaces a CSRF cookie that Auth.js would not take", async () => {
    const visitor = Visitor.of(app)
    await visitor.jar.setCookie(`${CSRF}=made|up; Path=/`, ORIGIN)
    expect(setOf(await visitor.visit("/", PAGE), CSRF)).toHaveLength(1)
    expect((await visitor.visit("/", PAGE)).headers.getSetCookie()).toEqual([])
  })

  it("names and secures the CSRF cookie as the configuration says", async () => {
    const auth = withLazy(app.config)
    const secure = await gate(new Request("https://app.test/", PAGE), auth, { on: "write" })
    expect(setOf(secure.apply(new Response()), CSRF)[0]).toMatch(/^__Host-authjs\.csrf-token=.*; Secure/)
    const named = withLazy({ ...app.config, cookies: { csrfToken: { name: "c", options: { sameSite: "strict" } } } })
    const own = await gate(new Request("https://app.test/", PAGE), named, { on: "write" })
    expect(own.headers.getSetCookie().join()).toMatch(
      /^c=[\da-f]{64}%7C[\da-f]{64}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
  })

  it.each<[string, GateOptions, Partial<LazyConfig>]>([
    ["csrfCookie is false", { csrfCookie: false }, {}],
    ["no lazy users are made", {}, { lazy: { enabled: false } }],
  ])("sets no CSRF cookie where %s", async (_, options, changes) => {
    expect((await Visitor.of(app, options, changes).visit("/", PAGE)).headers.getSetCookie()).toEqual([])
  })

  it("makes one user of first writes that are sent at once", async () => {
    const visitor = Visitor.of(app)
    await visitor.visit("/", PAGE)
    await earlyInWindow()
    const before = await app.count('"user"')
    const shown = await Promise.all([visitor.shown(FETCH), visitor.shown(FETCH), visitor.shown(FORM)])
    expect(new Set(shown.map(({ id }) => id)).size).toBe(1)
    expect(await app.count('"user"')).toBe(before + 1)
  })

  it("finds real users on pages and on writes", async () => {
    const visitor = Visitor.of(app)
    await visitor.signIn("convert", { username: `write-${crypto.randomUUID().slice(0, 8)}`, password })
    const { user } = (await visitor.session()) ?? {}
    await expectUsers(0, async () => {
      for (const sent of [PAGE, FORM, FETCH]) expect((await visitor.shown(sent)).id).toBe(user?.id)
    })
  })

  it("limits new users by address, and shows pages all the same", async () => {
    const getClientAddress = () => "192.0.2.1"
    const options = { getClientAddress }
    const changes = { lazy: { limits: { perAddress: 1 } }, secret: `limits of ${crypto.randomUUID()}` }
    await Visitor.of(app, options, changes).visit("/", FETCH)
    await expectUsers(0, async () => {
      const late = Visitor.of(app, options, changes)
      expect((await late.visit("/", FETCH)).status).toBe(429)
      expect((await late.visit("/", PAGE)).status).toBe(200)
    })
  })

  it("removes the cookie of a session that is gone once the browser was asked for another, so that a script can write", async () => {
    const visitor = Visitor.of(app)
    const { id } = await visitor.shown(FETCH)
    await app.database.query(`delete from "user" where id = '${id}'`)
    await expectUsers(0, async () => {
      const sent = await visitor.visit("/", PAGE)
      expect([sent.status, setOf(sent, SESSION)]).toEqual([307, []])
      expect(await visitor.shown(PAGE)).toMatchObject({ id: null, skipped: "method" })
      expect(await visitor.sessionCookie()).toBeUndefined()
    })
    await expectUsers(1, async () => expect((await visitor.shown(FETCH)).created).toBe(true))
  })

  it("removes a cookie that never was a session, but no session that the app hides", async () => {
    const visitor = Visitor.of(app)
    const value = `made-up-${crypto.randomUUID()}`
    await visitor.jar.setCookie(`${SESSION}=${value}; Path=/`, ORIGIN)
    expect((await visitor.visit("/", PAGE)).status).toBe(307)
    expect(await visitor.sessionCookie()).toBe(value)
    await visitor.visit("/", PAGE)
    expect(await visitor.sessionCookie()).toBeUndefined()
    const session = () => null as never
    const hidden = Visitor.of(app, {}, { callbacks: { session } })
    await hidden.signIn("lazy")
    await hidden.visit("/", PAGE)
    expect(await hidden.sessionCookie()).toBeDefined()
  })

  it("lets a session that was made meanwhile in the same browser win over its late answer", async () => {
    const username = `late-${crypto.randomUUID().slice(0, 8)}`
    const jwt: NonNullable<LazyConfig["callbacks"]>["jwt"] = ({ token }) => ({ ...token, read: crypto.randomUUID() })
    await Visitor.of(app).signIn("convert", { username, password })
    // A token that Auth.js writes in chunks.
    const long: typeof jwt = ({ token }) => ({ ...token, long: "x".repeat(token.isLazy ? 1 : 6000) })
    for (const callbacks of [{}, { jwt }, { jwt: long }])
      for (const sent of [FORM, FETCH])
        for (const first of ["password", "convert"]) {
          const visitor = Visitor.of(app, {}, { callbacks })
          await visitor.visit("/", PAGE)
          const late = await (await visitor.copy()).visit("/", sent)
          const { id, created } = (await late.json()) as Shown
          expect(created).toBe(true)
          // A sign-in, or a lazy user of another tab who has converted.
          if (first === "convert") await visitor.visit("/", sent)
          const name = first === "password" ? username : `${username}-${crypto.randomUUID().slice(0, 8)}`
          await visitor.signIn(first, { username: name, password })
          for (const cookie of late.headers.getSetCookie()) await visitor.jar.setCookie(cookie, ORIGIN)
          const shown = await visitor.shown(PAGE)
          expect((await visitor.session())?.user).toMatchObject({ id: shown.id, username: name, isLazy: false })
          expect((await visitor.shown(FETCH)).id).toBe(shown.id)
          if (first === "password") expect(shown.id).not.toBe(id)
          await visitor.signOut()
          expect(await visitor.session()).toBeNull()
          expect((await visitor.shown(PAGE)).id).toBeNull()
        }
  })

  it("leaves no session behind at a sign-out with the cookies of two, and converts by the page meanwhile", async () => {
    const auth = withLazy({ ...app.config, lazy: { recheck: 0 } })
    const both = async () => {
      const [visitor, late] = [Visitor.of(app), Visitor.of(app)]
      await visitor.signIn("lazy")
      const held = await late.visit("/", FETCH)
      // A late answer's chunk beside a whole cookie.
      const whole = (await visitor.session())?.user.id
      const cookie = await visitor.jar.getCookieString(ORIGIN)
      for (const set of held.headers.getSetCookie()) await visitor.jar.setCookie(set, ORIGIN)
      expect(cookie).not.toContain(`${SESSION}.`)
      return { visitor, whole, late }
    }
    const { visitor, late } = await both()
    const keys = (await visitor.jar.getCookies(ORIGIN)).filter(({ key }) => key.startsWith(SESSION))
    expect(keys).toHaveLength(2)
    await visitor.signOut()
    expect(await visitor.session()).toBeNull()
    expect((await late.session()) ?? null).toBeNull()

    const next = await both()
    const page = convertPage(auth)
    const headers = { accept: "application/json" }
    const send = async (init: VisitOptions) => {
      const cookie = await next.visitor.jar.getCookieString(ORIGIN)
      const sent = { ...headers, ...(init.headers as object), cookie }
      const answer = await page(new Request(`${ORIGIN}/convert`, { ...(init as RequestInit), headers: sent }))
      for (const set of answer.headers.getSetCookie()) await next.visitor.jar.setCookie(set, ORIGIN)
      return (await answer.json()) as { ok?: boolean; csrfToken: string; user: { id: string } }
    }
    const { csrfToken, user } = await send({})
    expect(user.id).toBe(next.whole)
    const form = { csrfToken, username: `page-${crypto.randomUUID().slice(0, 8)}`, password, passwordConfirm: password }
    const done = await send({
      method: "POST",
      headers: { "content-type": "application/json", origin: ORIGIN },
      body: JSON.stringify(form),
    } as VisitOptions)
    expect(done).toMatchObject({ ok: true, user: { id: next.whole, isLazy: false } })
    expect((await next.visitor.session())?.user).toMatchObject({ id: next.whole, isLazy: false })
  })

  it("lets a session that was made meanwhile win over the late answer to a page with a dead cookie", async () => {
    const dead = [
      `${SESSION}=made-up`,
      `${SESSION}=${crypto.randomUUID()}`,
      `${SESSION}.50=made-up`,
      `${SESSION}.0=made`,
    ]
    if (strategy === "database") {
      const expired = crypto.randomUUID()
      const { id } = await Visitor.of(app).shown(FETCH)
      await app.database.query(
        `insert into session ("sessionToken", "userId", expires) values ('${expired}', '${id}', now() - interval '1 day')`,
      )
      dead.push(`${SESSION}=${expired}`)
    }
    for (const cookie of dead)
      for (const sent of [PAGE, { headers: SCRIPT }]) {
        const late = await Visitor.of(app).visit("/", { ...sent, headers: { ...sent.headers, cookie } })
        expect(setOf(late, SESSION), cookie).toEqual([])
      }
  })

  it("lets a session that was made meanwhile win over the late answer to a read of the lazy one", async () => {
    const username = `read-${crypto.randomUUID().slice(0, 8)}`
    await Visitor.of(app).signIn("convert", { username, password })
    const jwt: NonNullable<LazyConfig["callbacks"]>["jwt"] = ({ token }) => ({ ...token, read: crypto.randomUUID() })
    const long: typeof jwt = ({ token }) => ({ ...token, long: "x".repeat(6000), read: crypto.randomUUID() })
    for (const callbacks of [{}, { jwt }, { jwt: long }])
      for (const path of ["/", "/auth/session"])
        for (const beside of ["nothing", "an ended session"]) {
          // A session that is due for an extension.
          const visitor = Visitor.of(app, {}, { callbacks, session: { strategy, updateAge: 0 } })
          if (beside !== "nothing") await visitor.jar.setCookie(`${SESSION}=${crypto.randomUUID()}; Path=/`, ORIGIN)
          await visitor.visit("/", FETCH)
          const { id } = await visitor.shown(FETCH)
          const before = await visitor.copy()
          const late: Response[] = []
          for (const sent of [PAGE, { headers: SCRIPT }]) {
            const answer = await before.visit(path, sent)
            const body = (await answer.clone().json()) as { id?: string; user?: { id: string } }
            expect(body.id ?? body.user?.id).toBe(id)
            late.push(answer)
          }
          await visitor.signIn("password", { username, password })
          for (const answer of late)
            for (const cookie of answer.headers.getSetCookie()) await visitor.jar.setCookie(cookie, ORIGIN)
          expect((await visitor.shown(PAGE)).id).not.toBe(id)
          expect((await visitor.session())?.user).toMatchObject({ username, isLazy: false })
          expect((await visitor.shown(FETCH)).id).not.toBe(id)
        }
  })

  it("finds the session of its late answer where none was made meanwhile", async () => {
    for (const sent of [FORM, FETCH]) {
      const visitor = Visitor.of(app)
      const { id } = await visitor.shown(sent)
      expect((await visitor.session())?.user).toMatchObject({ id, isLazy: true })
      expect((await visitor.shown(PAGE)).id).toBe(id)
      await visitor.signIn("convert", { username: `late-${crypto.randomUUID().slice(0, 8)}`, password })
      expect((await visitor.session())?.user).toMatchObject({ id, isLazy: false })
      const names = (await visitor.jar.getCookies(ORIGIN)).map(({ key }) => key)
      expect(names.filter((name) => name.startsWith(SESSION))).toEqual([SESSION])
    }
  })

  it("asks a script that writes with an ended session once more, since no page makes it a user", async () => {
    const visitor = Visitor.of(app)
    const { id } = await visitor.shown(FETCH)
    await app.database.query(`delete from "user" where id = '${id}'`)
    await expectUsers(0, async () => {
      expect((await visitor.visit("/", { headers: SCRIPT })).status).toBe(200)
      const sent = await visitor.visit("/", FETCH)
      expect([sent.status, sent.headers.get("location"), setOf(sent, SESSION)]).toEqual([307, "/", []])
    })
    await expectUsers(1, async () => {
      const { id: next, created, cookie } = await visitor.shown(FETCH)
      expect(created).toBe(true)
      expect(next).not.toBe(id)
      expect(cookie.split("; ").filter((pair) => pair.startsWith(SESSION))).toHaveLength(1)
      expect((await visitor.shown(PAGE)).id).toBe(next)
    })
  })

  it("makes a user for a write with a cookie that never was a session", async () => {
    const visitor = Visitor.of(app)
    await visitor.jar.setCookie(`${SESSION}=made-up; Path=/`, ORIGIN)
    await expectUsers(1, async () => {
      const { id, created } = await visitor.shown(FETCH)
      expect(created).toBe(true)
      expect((await visitor.shown(FETCH)).id).toBe(id)
    })
  })

  it("tells caches which pages are for one visitor", async () => {
    const control = async (visitor: Visitor, sent: VisitOptions, headers = {}) => {
      const answer = await visitor.visit("/", { ...sent, headers: { ...sent.headers, ...headers } })
      expect(answer.headers.get("vary")).toBe("Cookie")
      return answer.headers.get("cache-control")
    }
    const shared = { "x-shared": "1" }
    // Checked at every request, a JWT is written anew whenever a second has passed.
    const visitor = Visitor.of(app, {}, { lazy: {} })
    // The handler's page is public, and the gate's cookie is not.
    expect(await control(visitor, PAGE)).toBe("private, no-store")
    expect(await control(Visitor.of(app), PAGE, shared)).toBe("private, no-store")
    // A person who opened it would be given a cookie.
    expect(await control(Visitor.of(app), { headers: SCRIPT }, shared)).toBe("private, no-store")
    expect(await control(Visitor.of(app), PAGE, { ...BOT, ...shared })).toBe("private, no-store")
    for (const each of [visitor, Visitor.of(app, { csrfCookie: false })])
      for (const sent of [PAGE, { headers: SCRIPT }, { method: "HEAD", headers: CLICK }]) {
        expect(await control(each, sent)).toBeNull()
        expect(await control(each, sent, shared)).toBe("public, max-age=60")
      }
    expect(await control(visitor, PAGE, { ...shared, "x-cookie": "1" })).toBe("private, no-store")
    expect(await control(visitor, FORM, shared)).toBe("private, no-store")
    expect(await control(visitor, PAGE)).toBe("private, no-cache")
    expect(await control(visitor, PAGE, shared)).toBe("private, no-store")
    expect(await control(visitor, { headers: { ...SCRIPT, cookie: `${SESSION}=made-up` } }, shared)).toBe(
      "private, no-store",
    )
  })

  it("costs the statements and rows that docs/write-gate.md says", async () => {
    const statements: string[] = []
    const { sql } = app.database as PostgresDatabase
    const logger = { logQuery: (statement: string) => void statements.push(statement) }
    const adapter = LazyAdapter(drizzle(sql, { logger }))
    const visitor = Visitor.of(app, {}, { adapter, lazy: {} })
    const asWritten: [name: string, sent: VisitOptions][] = [
      ["GET of a visitor who has not written", PAGE],
      ["GET of a bot, a prefetch or a script", { headers: { ...CLICK, ...BOT } }],
      ["GET of a bot, a prefetch or a script", { headers: { ...CLICK, "sec-purpose": "prefetch" } }],
      ["GET of a bot, a prefetch or a script", { headers: { ...SCRIPT, "next-router-prefetch": "1" } }],
      ["GET of a bot, a prefetch or a script", { headers: SCRIPT }],
      ["The first POST, PUT, PATCH or DELETE", FORM],
      ["GET with a session", PAGE],
      ["POST, PUT, PATCH or DELETE with a session", FETCH],
    ]
    const table = readFileSync(new URL("../../docs/write-gate.md", import.meta.url), "utf8")
    for (const [name, sent] of asWritten) {
      const cells = table
        .split("\n")
        .find((line) => line.startsWith(`| ${name} |`))
        ?.split("|")
        .map((cell) => cell.trim())
      const [, , database, jwt, rowsOfDatabase, rowsOfJwt] = cells ?? []
      const before = (await rows()).reduce((sum, count) => sum + count)
      statements.length = 0
      await visitor.visit("/", sent)
      const made = (await rows()).reduce((sum, count) => sum + count) - before
      const told = strategy === "database" ? [database, rowsOfDatabase] : [jwt, rowsOfJwt]
      expect([name, statements.length, made]).toEqual([name, ...told.map(Number)])
    }
  })
})
