import { decode, encode, type JWT } from "@auth/core/jwt"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import type { EventRequest, LazyConfig } from "../../src/index.js"
import { postgresDatabase } from "../setup/databases.js"
import { earlyInWindow, FlowApp, password, secret } from "../setup/flow-app.js"
import { freePort } from "../setup/free-port.js"
import {
  AHEAD,
  API,
  BOTS,
  CHROME,
  isKeptByBrowser,
  NAVIGATION,
  open,
  type Page,
  send,
  Visitor,
} from "./gate-contract-visitor.js"

/** Describes an app to start under the contract. */
export interface ContractApp {
  config: LazyConfig
  /** True behind a proxy that ends TLS for https://app.test and sends `x-forwarded-proto`. */
  behindTls: boolean
  /** Makes the body of `/stream`, as `text/event-stream`. */
  events: () => ReadableStream<Uint8Array>
}

/** Controls an app that listens on 127.0.0.1. */
export interface ContractServer {
  port: number
  close: () => Promise<void>
}

/** Lists where a framework differs from the contract by itself. */
export interface FrameworkHabits {
  /** Answers a form from another site with 403, before the gate runs. */
  refusesForeignForms?: boolean
  /** Has no CSRF tokens, because it refuses forms from other sites by their origin. */
  withoutCsrfTokens?: boolean
  /** Has no setting to trust a proxy. */
  deafToProxies?: boolean
  /** Integrates Auth.js such that its routes ignore `AUTH_URL` and use the request's address. */
  deafToAuthUrl?: boolean
  /** Integrates Auth.js such that the request's port follows the host of `AUTH_URL`. */
  keepsInternalPort?: boolean
}

/** Name of the session cookie on http. */
const COOKIE = "authjs.session-token"

const FOREIGN = { origin: "https://other.test", "sec-fetch-site": "cross-site" }

/**
 * Tests the gate of a framework over HTTP and on PostgreSQL.
 *
 * `start` starts an app with the routes of Auth.js at `/auth`. It answers with a {@link Page} in
 * JSON at GET and POST `/` behind allowLazy, `/real` behind requireReal, `/lazy` behind
 * requireLazy with `/welcome`, GET and POST `/optional` behind optionalSession, and GET and POST
 * `/write` behind allowLazy with `on: "write"`; `/stream` is behind allowLazy. For an error that reaches the
 * framework's handler, it answers 500 with the name of the error.
 */
export function describeGateContract(
  name: string,
  start: (app: ContractApp) => Promise<ContractServer>,
  {
    refusesForeignForms = false,
    withoutCsrfTokens = false,
    deafToProxies = false,
    deafToAuthUrl = false,
    keepsInternalPort = false,
  }: FrameworkHabits = {},
): void {
  for (const strategy of ["database", "jwt"] as const)
    describe(`the gate in ${name}, with ${strategy} sessions`, () => {
      const app = new FlowApp(strategy)
      const servers: ContractServer[] = []

      beforeAll(async () => {
        app.database = await postgresDatabase()
      })
      afterEach(async () => {
        for (const server of servers.splice(0)) await server.close()
      })
      afterAll(() => app.database.close())

      async function listen(changes: Partial<LazyConfig> = {}, about: Partial<ContractApp> = {}): Promise<number> {
        const events = () => new ReadableStream<Uint8Array>()
        const server = await start({ config: { ...app.config, ...changes }, behindTls: false, events, ...about })
        servers.push(server)
        return server.port
      }

      const rows = async () => [await app.count('"user"'), await app.count("session")]

      /** Expects the work to make this many users, each with a session. */
      async function expectRows(made: number, work: () => Promise<void>): Promise<void> {
        const [users = 0, sessions = 0] = await rows()
        await work()
        expect(await rows()).toEqual([users + made, sessions + (strategy === "database" ? made : 0)])
      }

      const sessionCookies = (answer: Response) =>
        answer.headers.getSetCookie().filter((cookie) => cookie.includes(COOKIE))

      /** Expects the page of a visitor without a session, for whom no lazy user was made. */
      async function expectSignedOut(answer: Response): Promise<void> {
        expect(answer.status).toBe(200)
        expect(await answer.json()).toEqual({ session: null, cookieSeen: false, own: null })
        expect(sessionCookies(answer)).toEqual([])
        expect(answer.headers.get("vary")).toMatch(/cookie/i)
      }

      async function signUp(visitor: Visitor): Promise<void> {
        const form = { username: `real-${crypto.randomUUID().slice(0, 8)}`, password }
        if (!withoutCsrfTokens) return void (await visitor.signIn("convert", form))
        const headers = { origin: visitor.origin, "sec-fetch-site": "same-origin" }
        await visitor.visit("/auth/callback/convert", { form, headers })
      }

      describe("a visit", () => {
        it("that is the first makes one user, and the handler sees session and cookie at once", async () => {
          const visitor = new Visitor(await listen())
          await expectRows(1, async () => {
            const { session, cookieSeen, own } = await visitor.page()
            expect(session?.user).toMatchObject({ id: expect.any(String), isLazy: true, username: expect.any(String) })
            expect(cookieSeen).toBe(true)
            expect(own?.user.id).toBe(session?.user.id)
            expect((await visitor.session())?.user).toMatchObject({ id: session?.user.id, isLazy: true })
          })
        })

        it("that is the first tells createLazyUser its request", async () => {
          const seen: EventRequest[] = []
          const port = await listen({ events: { createLazyUser: ({ request }) => void seen.push(request) } })
          const cookie = "ph_key_posthog=%7B%7D"
          await new Visitor(port).page("/", { headers: { referer: "https://news.test/", cookie } })
          expect(seen.map(({ method, address }) => ({ method, address }))).toEqual([
            { method: "GET", address: "127.0.0.1" },
          ])
          expect(seen[0]?.headers.get("referer")).toBe("https://news.test/")
          expect(seen[0]?.headers.get("cookie")).toBe(cookie)
          expect(seen[0]?.headers.get("user-agent")).toContain("Mozilla")
        })

        it("that is the first may be a POST of the app's own", async () => {
          const port = await listen()
          const visitor = new Visitor(port)
          await expectRows(1, async () => {
            const headers = { "sec-fetch-site": "same-origin", origin: visitor.origin }
            const { session, own } = await visitor.page("/", { form: { title: "a note" }, headers })
            expect(session?.user.isLazy).toBe(true)
            expect(own?.user.id).toBe(session?.user.id)
            expect((await visitor.page()).session?.user.id).toBe(session?.user.id)
          })
        })

        it("that is the second finds the same user", async () => {
          const visitor = new Visitor(await listen())
          const first = await visitor.page()
          await expectRows(0, async () => {
            for (const path of ["/", "/lazy"]) {
              const { session, own } = await visitor.page(path)
              expect(session?.user).toEqual(first.session?.user)
              expect(own?.user.id).toBe(first.session?.user.id)
            }
            expect((await visitor.page("/", { method: "POST", headers: API })).session?.user).toEqual(
              first.session?.user,
            )
          })
        })

        // Without a token the gate can't recognise a browser, and each first request makes a user.
        if (!withoutCsrfTokens)
          it("that comes thrice at once makes one user where the browser has a CSRF cookie", async () => {
            const visitor = new Visitor(await listen())
            await visitor.csrfToken()
            const before = await app.count('"user"')
            await earlyInWindow()
            const pages = await Promise.all([visitor.page(), visitor.page(), visitor.page()])
            expect(new Set(pages.map(({ session }) => session?.user.id)).size).toBe(1)
            expect(await app.count('"user"')).toBe(before + 1)
          })

        it("that comes twice at once to a browser without any cookie ends in one of two users", async () => {
          const visitor = new Visitor(await listen())
          const ids = (await Promise.all([visitor.page(), visitor.page()])).map(({ session }) => session?.user.id)
          expect(ids).toContain((await visitor.page()).session?.user.id)
        })

        it("of fifty requests at once by somebody who has been here makes nobody", async () => {
          const visitor = new Visitor(await listen())
          const { session } = await visitor.page()
          await expectRows(0, async () => {
            const pages = await Promise.all(Array.from({ length: 50 }, () => visitor.page("/", { headers: API })))
            for (const page of pages) expect(page.session?.user.id).toBe(session?.user.id)
          })
        })

        it("sets the session cookie once, and keeps shared caches off", async () => {
          const port = await listen()
          const first = await new Visitor(port).visit("/")
          expect(sessionCookies(first)).not.toEqual([])
          for (const cookie of sessionCookies(first)) {
            expect(cookie).toMatch(/; HttpOnly/i)
            expect(cookie).toMatch(/; SameSite=Lax/i)
            expect(cookie).toMatch(/; Path=\//i)
            expect(cookie).not.toMatch(/; Secure/i)
          }
          expect(first.headers.get("vary")).toMatch(/cookie/i)
          expect(first.headers.get("cache-control")).toMatch(/private/)
        })
      })

      describe("no user is made", () => {
        it("for bots", async () => {
          const port = await listen()
          await expectRows(0, async () => {
            for (const agent of Object.values(BOTS))
              await expectSignedOut(await new Visitor(port).visit("/", { headers: { "user-agent": agent } }))
          })
        })

        it("for pages that browsers load ahead", async () => {
          const port = await listen()
          await expectRows(0, async () => {
            for (const [name, headers] of Object.entries(AHEAD)) {
              const answer = await send({ port, path: "/", headers: { host: `localhost:${port}`, ...headers } })
              if (!isKeptByBrowser(name)) await expectSignedOut(answer)
              // Next hides its router's header, so the Pages Router looks the same as Safari here.
              else expect(name === "Safari" ? [200, 503] : [503], name).toContain(answer.status)
              expect(sessionCookies(answer)).toEqual([])
              if (answer.status === 503) expect(answer.headers.get("cache-control")).toMatch(/no-store/)
            }
          })
        })

        it.each(["HEAD", "OPTIONS"])("for %s", async (method) => {
          const visitor = new Visitor(await listen())
          await expectRows(0, async () => {
            const answer = await visitor.visit("/", { method })
            expect(answer.status).toBeLessThan(500)
            expect(sessionCookies(answer)).toEqual([])
          })
        })

        it("for what asks to become a WebSocket, which sees the session there is", async () => {
          const port = await listen()
          const visitor = new Visitor(port)
          const upgrade = {
            host: `localhost:${port}`,
            "user-agent": CHROME,
            connection: "Upgrade",
            upgrade: "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
          }
          await expectRows(0, async () => expectSignedOut(await send({ port, path: "/", headers: upgrade })))
          const { session } = await visitor.page()
          const cookie = await visitor.jar.getCookieString(visitor.origin)
          const answer = (await (await send({ port, path: "/", headers: { ...upgrade, cookie } })).json()) as Page
          expect(answer.session?.user.id).toBe(session?.user.id)
        })

        it("where new ones are turned off; those that exist go on", async () => {
          const visitor = new Visitor(await listen())
          const { session } = await visitor.page()
          const closed = await listen({ lazy: { enabled: false } })
          const cookie = await visitor.jar.getCookieString(visitor.origin)
          await expectRows(0, async () => {
            await expectSignedOut(await new Visitor(closed).visit("/"))
            expect((await new Visitor(closed).page("/", { headers: { cookie } })).session?.user.id).toBe(
              session?.user.id,
            )
          })
        })

        it("where the app's own check takes the visitor for a bot", async () => {
          const asked: string[] = []
          const verify = (request: Request) => asked.push(request.headers.get("x-answer") ?? "none") === 0
          const port = await listen({ lazy: { verify } })
          await expectRows(0, async () =>
            expectSignedOut(await new Visitor(port).visit("/", { headers: { "x-answer": "wrong" } })),
          )
          expect(asked).toEqual(["wrong"])
        })
      })

      describe("another site", () => {
        it.each([
          ["says so", { ...NAVIGATION, ...FOREIGN }],
          ["in an old browser", { origin: "https://other.test", "sec-fetch-site": "" }],
        ])("that posts a form (%s) can't overwrite the session that the browser holds", async (_, headers) => {
          const port = await listen()
          const visitor = new Visitor(port)
          const { session } = await visitor.page()
          await signUp(visitor)
          await expectRows(0, async () => {
            // The browser sends no SameSite=Lax cookie with a cross-site POST.
            const { "sec-fetch-site": site, ...rest } = headers
            const foreign = { ...rest, ...(site && { "sec-fetch-site": site }), host: `localhost:${port}` }
            const form = { "user-agent": CHROME, "content-type": "application/x-www-form-urlencoded" }
            const answer = await send({
              port,
              method: "POST",
              path: "/",
              headers: { ...foreign, ...form },
              body: "a=b",
            })
            expect(answer.headers.getSetCookie()).toEqual([])
            if (refusesForeignForms) expect(answer.status).toBe(403)
            else expect(await answer.json()).toEqual({ session: null, cookieSeen: false, own: null })
          })
          expect((await visitor.page("/real")).session?.user).toMatchObject({ id: session?.user.id, isLazy: false })
        })

        it("whose script posts without a form gets no user", async () => {
          const port = await listen()
          const headers = { ...FOREIGN, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty", cookie: "" }
          await expectRows(0, async () =>
            expectSignedOut(await new Visitor(port).visit("/", { method: "POST", headers })),
          )
        })

        it("that frames a page gets no user", async () => {
          const port = await listen()
          const headers = { ...NAVIGATION, "sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe" }
          await expectRows(0, async () => expectSignedOut(await new Visitor(port).visit("/", { headers })))
        })

        it("that may embed the app shows it with a session, which it can't use for requests of its own", async () => {
          const { origin: site, ...cross } = FOREIGN
          const port = await listen({ lazy: { embedded: [site] } })
          const headers = { ...NAVIGATION, ...cross, "sec-fetch-dest": "iframe", referer: `${site}/` }
          const policy = `frame-ancestors 'self' ${site}`
          let cookie = ""
          await expectRows(1, async () => {
            const answer = await new Visitor(port).visit("/", { headers })
            const [set = ""] = sessionCookies(answer)
            for (const attribute of [/; Secure/i, /; SameSite=None/i, /; Partitioned/i]) expect(set).toMatch(attribute)
            expect(answer.headers.get("content-security-policy")).toBe(policy)
            cookie = set.split(";")[0] ?? ""
            expect(await answer.json()).toMatchObject({ session: { user: { isLazy: true } }, cookieSeen: true })
          })
          const script = { ...FOREIGN, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty", cookie }
          await expectRows(0, async () => {
            const answer = await new Visitor(port).visit("/", { method: "POST", headers: script })
            expect(answer.headers.get("content-security-policy")).toBe(policy)
            await expectSignedOut(answer)
            const own = await new Visitor(port).visit("/", { headers: { ...API, cookie } })
            expect((await own.json()).session?.user.isLazy).toBe(true)
          })
        })

        it("that links to a page sends a visitor", async () => {
          const visitor = new Visitor(await listen())
          const headers = { ...NAVIGATION, "sec-fetch-site": "cross-site" }
          await expectRows(1, async () => {
            expect((await visitor.page("/", { headers })).session?.user.isLazy).toBe(true)
          })
        })
      })

      describe("a session", () => {
        it("that is over makes way for a new lazy user", async () => {
          const visitor = new Visitor(await listen())
          const { session } = await visitor.page()
          await endSession(visitor)
          const [users = 0, sessions] = await rows()
          const { session: next, own } = await visitor.page()
          expect(next?.user.id).not.toBe(session?.user.id)
          expect(own?.user.id).toBe(next?.user.id)
          expect((await visitor.page()).session?.user.id).toBe(next?.user.id)
          // Auth.js deletes the row of an expired session.
          expect(await rows()).toEqual([users + 1, sessions])
        })

        it("of a user who is gone makes way for a new lazy user", async () => {
          const visitor = new Visitor(await listen({ lazy: { recheck: 0 } }))
          const { session } = await visitor.page()
          await app.database.query(`delete from "user" where id = '${session?.user.id}'`)
          await expectRows(1, async () => {
            const { session: next, own } = await visitor.page()
            expect(next?.user).toMatchObject({ isLazy: true })
            expect(next?.user.id).not.toBe(session?.user.id)
            expect(own?.user.id).toBe(next?.user.id)
          })
        })

        it("is kept while the database can't be asked, and the page is answered 503", async () => {
          const visitor = new Visitor(await listen())
          const { session } = await visitor.page()
          const [users] = await rows()
          const away = postgres(`postgres://nobody@127.0.0.1:${await freePort()}/away`, {
            max: 2,
            backoff: () => 0,
          })
          const port = await listen({ adapter: LazyAdapter(drizzle(away)), lazy: { recheck: 0 } })
          const cookie = await visitor.jar.getCookieString(visitor.origin)
          const visits = ["/", "/optional", "/lazy", "/real"].map(async (path) => {
            const answer = await new Visitor(port).visit(path, { headers: { cookie } })
            return { path, answer }
          })
          const first = { path: "/", answer: await new Visitor(port).visit("/") }
          for (const { path, answer } of [first, ...(await Promise.all(visits))]) {
            // SvelteKit's integration extends a token that holds.
            for (const cookie of sessionCookies(answer)) expect(cookie).not.toMatch(/^[^=]+=;|Max-Age=0/)
            // A token holds until a check says otherwise.
            if (strategy === "jwt" && answer !== first.answer) {
              expect(answer.status, path).toBe(path === "/real" ? 303 : 200)
              continue
            }
            expect(answer.status, path).toBe(503)
            expect(answer.headers.get("retry-after")).toMatch(/^[1-9]/)
            expect(answer.headers.get("cache-control")).toMatch(/no-store/)
            expect(await answer.text()).toContain("Please try again")
          }
          await away.end({ timeout: 0 })
          expect((await visitor.page()).session?.user.id).toBe(session?.user.id)
          expect((await rows())[0]).toBe(users)
        })

        it("that is dead sends a script away signed out, lest its answer overtake a new session", async () => {
          const visitor = new Visitor(await listen({ lazy: { recheck: 0 } }))
          const { session } = await visitor.page()
          await app.database.query(`delete from "user" where id = '${session?.user.id}'`)
          const before = await app.count('"user"')
          const answer = await visitor.page("/", { headers: API })
          expect([answer.session, answer.own]).toEqual([null, null])
          expect(await app.count('"user"')).toBe(before)
        })

        it("of a user who has converted passes as a real user's", async () => {
          const visitor = new Visitor(await listen())
          const { session } = await visitor.page()
          await expectRows(0, async () => {
            await signUp(visitor)
            for (const path of ["/", "/real"])
              expect((await visitor.page(path)).session?.user).toMatchObject({ id: session?.user.id, isLazy: false })
          })
          const answer = await visitor.visit("/lazy")
          expect([answer.status, answer.headers.get("location")]).toEqual([303, "/welcome?callbackUrl=%2Flazy"])
        })

        // Auth.js never splits the token of a database session, because it is short.
        if (strategy === "jwt")
          it("in a cookie that is cut into pieces is read and kept", async () => {
            const jwt = ({ token }: { token: JWT }) => ({ ...token, padding: "x".repeat(3000) })
            const visitor = new Visitor(await listen({ callbacks: { jwt } }))
            const { session, cookieSeen, own } = await visitor.page()
            expect([cookieSeen, own?.user.id]).toEqual([true, session?.user.id])
            const pieces = (await visitor.jar.getCookies(visitor.origin)).filter(({ key }) => key.startsWith(COOKIE))
            expect(pieces.map(({ key }) => key)).toEqual([`${COOKIE}.0`, `${COOKIE}.1`])
            await expectRows(0, async () => {
              expect((await visitor.page()).session?.user.id).toBe(session?.user.id)
            })
          })

        it.each([
          ["stale pieces", `${COOKIE}.1=stale; ${COOKIE}.7=older`],
          ["a piece of nothing", `${COOKIE}.0=`],
          ["malformed escapes", `${COOKIE}=%E0%A4%A; theme=%; other=%zz`],
          ["nothing but signs", `=; ;;; ${COOKIE}; a=b=c`],
          ["more than a browser keeps", `${COOKIE}=${"x".repeat(11_000)}`],
        ])("of %s is none, and breaks nothing", async (_, cookie) => {
          const port = await listen()
          const { session } = await new Visitor(port).page("/", { headers: { cookie } })
          expect(session?.user.isLazy).toBe(true)
        })
      })

      describe("requireReal and requireLazy", () => {
        it("make nobody, and send a browser away with the way back", async () => {
          const visitor = new Visitor(await listen())
          await expectRows(0, async () => {
            const answer = await visitor.visit("/real?tab=1")
            const target = "/auth/signin?callbackUrl=%2Freal%3Ftab%3D1"
            expect([answer.status, answer.headers.get("location")]).toEqual([303, target])
            expect(sessionCookies(answer)).toEqual([])
            expect(answer.headers.get("cache-control")).toMatch(/no-store/)
          })
        })

        it("tell anything but a browser why", async () => {
          const visitor = new Visitor(await listen())
          const signedOut = await visitor.visit("/real", { headers: API })
          expect([signedOut.status, await signedOut.json()]).toEqual([401, { error: "real-required" }])
          expect(signedOut.headers.get("content-type")).toMatch(/^application\/json/)
          await visitor.page()
          const lazy = await visitor.visit("/real", { headers: API })
          expect([lazy.status, await lazy.json()]).toEqual([403, { error: "real-required" }])
        })

        it.each([
          ["a host that is not ours", "/real", { "x-forwarded-host": "evil.test" }],
          ["another host", "/real", { host: "evil.test" }],
          ["an address in the address", "/real?callbackUrl=https://evil.test/", {}],
          ["a path in the address", "/real?//evil.test/", {}],
          ["another way to write a path", "/real?\\evil.test", {}],
        ])("never send anybody to another site: %s", async (_, path, headers: Record<string, string>) => {
          const port = await listen()
          const answer = await send({
            port,
            path,
            headers: { host: `localhost:${port}`, "user-agent": CHROME, ...NAVIGATION, ...headers },
          })
          expect(answer.status).toBe(303)
          const location = answer.headers.get("location") ?? ""
          expect(location).toMatch(/^\/auth\/signin(\?|$)/)
          const back = new URL(location, "http://here.test").searchParams.get("callbackUrl")
          if (back !== null) expect(new URL(back, "http://here.test").origin).toBe("http://here.test")
          if (back !== null) expect(back).toMatch(/^\/real/)
        })
      })

      describe("optionalSession", () => {
        it("makes and refuses nobody, whatever asks", async () => {
          const port = await listen({ lazy: { limits: { perAddress: 1 } } })
          const visitor = new Visitor(port)
          const own = { origin: visitor.origin, "sec-fetch-site": "same-origin" }
          const requests: Parameters<Visitor["visit"]>[1][] = [
            {},
            {},
            { headers: API },
            { form: { a: "b" }, headers: own },
            ...Object.values(AHEAD).map((headers) => ({ headers })),
            ...Object.values(BOTS).map((agent) => ({ headers: { "user-agent": agent } })),
          ]
          await expectRows(0, async () => {
            for (const request of requests) {
              await expectSignedOut(await visitor.visit("/optional", request))
              // The way in is still open.
              expect(await visitor.sessionCookie()).toBeUndefined()
            }
          })
        })

        it("finds the session of a lazy user, and of a real one", async () => {
          const visitor = new Visitor(await listen())
          const { session } = await visitor.page()
          await expectRows(0, async () => {
            for (const isLazy of [true, false]) {
              for (const options of [{}, { headers: API }, { method: "POST", headers: API }]) {
                const page = await visitor.page("/optional", options)
                expect(page.session?.user).toMatchObject({ id: session?.user.id, isLazy })
                expect([page.cookieSeen, page.own?.user.id]).toEqual([true, session?.user.id])
              }
              if (isLazy) await signUp(visitor)
            }
          })
        })

        it("extends a session as every gate does", async () => {
          const visitor = new Visitor(await listen({ session: { ...app.config.session, updateAge: 0 } }))
          const { session } = await visitor.page()
          const answer = await visitor.visit("/optional")
          expect(sessionCookies(answer)).not.toEqual([])
          expect(answer.headers.get("cache-control")).toMatch(/private/)
          expect((await visitor.page("/optional")).session?.user.id).toBe(session?.user.id)
        })

        it("asks a page with an ended session once more, and then shows it to nobody", async () => {
          const visitor = new Visitor(await listen({ lazy: { recheck: 0 } }))
          const { session } = await visitor.page()
          await app.database.query(`delete from "user" where id = '${session?.user.id}'`)
          await expectRows(0, async () => {
            const cookie = await visitor.jar.getCookieString(visitor.origin)
            const sent = await visitor.visit("/optional")
            expect([sent.status, sent.headers.get("location"), sessionCookies(sent)]).toEqual([307, "/optional", []])
            const page = await visitor.page("/optional")
            expect([page.session, page.own]).toEqual([null, null])
            const script = await visitor.visit("/optional", { headers: { ...API, cookie } })
            expect([script.status, ((await script.json()) as Page).session]).toEqual([200, null])
            // @auth/sveltekit, asked by the page, removes the cookie of a session that it does not find.
            expect(sessionCookies(script).filter((set) => !set.startsWith(`${COOKIE}=;`))).toEqual([])
          })
        })
      })

      describe("allowLazy with on: write", () => {
        const csrfCookies = (answer: Response) =>
          answer.headers.getSetCookie().filter((cookie) => cookie.includes("csrf-token"))
        const form = (visitor: Visitor) => ({
          form: { title: "a note" },
          headers: { "sec-fetch-site": "same-origin", origin: visitor.origin },
        })

        it("makes nobody on a visit, and the user for the first form, which sees the session at once", async () => {
          const port = await listen()
          const visitor = new Visitor(port)
          await expectRows(0, async () => {
            const first = await visitor.visit("/write")
            expect(csrfCookies(first)).toHaveLength(1)
            expect(first.headers.get("cache-control")).toMatch(/no-store/)
            await expectSignedOut(first)
            const second = await visitor.visit("/write")
            expect(csrfCookies(second)).toEqual([])
            // `locals.auth()` of @auth/sveltekit sets a cookie.
            const isPrivate = /private|no-store/.test(second.headers.get("cache-control") ?? "")
            expect(isPrivate).toBe(second.headers.has("set-cookie"))
            await expectSignedOut(second)
            const script = await new Visitor(port).visit("/write", { headers: API })
            expect(csrfCookies(script)).toEqual([])
            await expectSignedOut(script)
          })
          await expectRows(1, async () => {
            const { session, cookieSeen, own } = await visitor.page("/write", form(visitor))
            expect(session?.user).toMatchObject({ id: expect.any(String), isLazy: true })
            expect([cookieSeen, own?.user.id]).toEqual([true, session?.user.id])
            expect((await visitor.page("/write", form(visitor))).session?.user.id).toBe(session?.user.id)
            const page = await visitor.visit("/write")
            expect(page.headers.get("cache-control")).toMatch(/private/)
            expect(((await page.json()) as Page).session?.user.id).toBe(session?.user.id)
            // The other gates find the session, and so do the routes of Auth.js.
            expect((await visitor.page("/lazy")).session?.user.id).toBe(session?.user.id)
            expect((await visitor.session())?.user.id).toBe(session?.user.id)
          })
        })

        it("makes nobody for a bot or another site that writes", async () => {
          const port = await listen()
          const bot = { ...API, "user-agent": BOTS.Googlebot ?? "" }
          const foreign = { ...FOREIGN, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty" }
          await expectRows(0, async () => {
            for (const headers of [bot, foreign])
              await expectSignedOut(await new Visitor(port).visit("/write", { method: "POST", headers }))
          })
        })
      })

      describe("over the limit", () => {
        const limited = (changes: LazyConfig["lazy"] = {}) =>
          listen({ lazy: { limits: { perAddress: 1 }, ...changes } })
        const from = (address: string) => ({ "x-forwarded-for": address })

        it("a browser is shown a page, a script is told in JSON, and both when to ask again", async () => {
          const port = await limited()
          const visitor = new Visitor(port)
          await visitor.page()
          await expectRows(0, async () => {
            const page = await new Visitor(port).visit("/")
            expect(page.status).toBe(429)
            expect(page.headers.get("content-type")).toMatch(/^text\/html/)
            expect(await page.text()).toContain("<title>")
            const told = await new Visitor(port).visit("/", { headers: API })
            expect([told.status, await told.json()]).toEqual([429, { error: "rate-limited" }])
            for (const answer of [page, told]) {
              expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(3000)
              expect(Number(answer.headers.get("retry-after"))).toBeLessThanOrEqual(3600)
              expect(answer.headers.get("cache-control")).toMatch(/no-store/)
              expect(answer.headers.getSetCookie()).toEqual([])
            }
            expect((await visitor.page()).session?.user.isLazy).toBe(true)
          })
        })

        it("nobody gets by claiming another address", async () => {
          const port = await limited()
          await new Visitor(port, from("192.0.2.1")).page()
          await expectRows(0, async () => {
            for (const header of ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"])
              expect((await new Visitor(port, { [header]: "192.0.2.2" }).visit("/")).status).toBe(429)
          })
        })

        it("clients are told apart by the header of a proxy that is trusted", async () => {
          const port = await limited({ trustProxy: { header: "x-forwarded-for" } })
          await new Visitor(port, from("198.51.100.1, 192.0.2.1")).page()
          expect((await new Visitor(port, from("198.51.100.2, 192.0.2.1")).visit("/")).status).toBe(429)
          expect((await new Visitor(port, from("198.51.100.2, 192.0.2.2")).page()).session?.user.isLazy).toBe(true)
        })

        it("the addresses of one IPv6 customer count as one", async () => {
          const port = await limited({ trustProxy: { header: "x-forwarded-for" } })
          await new Visitor(port, from("2001:db8:0:1::1")).page()
          expect((await new Visitor(port, from("2001:db8:0:1:ffff::2")).visit("/")).status).toBe(429)
          expect((await new Visitor(port, from("2001:db8:0:2::1")).visit("/")).status).toBe(200)
        })
      })

      /** Goes from the first visit to the password, on an app at https://app.test. */
      async function expectSecureCookies(port: number, proxy: Record<string, string>): Promise<void> {
        const visitor = new Visitor(port, proxy, "https://app.test")
        await expectRows(1, async () => {
          const first = await visitor.visit("/")
          expect(sessionCookies(first)[0]).toMatch(/^__Secure-authjs\.session-token=[^;]+;.*; Secure/i)
          const { session, own } = (await first.json()) as Page
          expect(own?.user.id).toBe(session?.user.id)
          expect((await visitor.page()).session?.user.id).toBe(session?.user.id)
          await signUp(visitor)
          expect((await visitor.page("/real")).session?.user).toMatchObject({ id: session?.user.id, isLazy: false })
        })
        const sent = await new Visitor(port, proxy, "https://app.test").visit("/real")
        expect(sent.headers.get("location")).toBe("/auth/signin?callbackUrl=%2Freal")
      }

      // A framework that ignores these headers gives the gate no address to agree with.
      if (!deafToProxies)
        it("uses secure cookies behind a proxy that ends TLS and says so", async () => {
          await expectSecureCookies(await listen({}, { behindTls: true }), { "x-forwarded-proto": "https" })
        })

      // A framework that ignores AUTH_URL doesn't either.
      if (!deafToAuthUrl)
        it("uses secure cookies where AUTH_URL says so", async () => {
          process.env.AUTH_URL = "https://app.test/auth"
          try {
            await expectSecureCookies(await listen(), {})
          } finally {
            delete process.env.AUTH_URL
          }
        })

      describe("server bound to 0.0.0.0, behind a proxy", () => {
        const site = "https://app.test"
        const hosts = ["0.0.0.0:3000", "10.0.0.7:8080", "app.internal"]

        beforeEach(() => {
          process.env.AUTH_URL = `${site}/auth`
        })
        afterEach(() => {
          delete process.env.AUTH_URL
        })

        it.each(hosts)("the gate redirects in no loop, with no internal host in Location: %s", async (host) => {
          const port = await listen()
          const visitor = new Visitor(port, { host }, site)
          for (const path of ["/real", "/lazy"]) await followOutside(visitor, path)
          await visitor.page()
          await followOutside(visitor, "/real?tab=1")
        })

        // A framework whose Auth.js routes ignore AUTH_URL never calls the gate here.
        if (!deafToAuthUrl)
          it.each(hosts.filter((host) => !keepsInternalPort || !host.includes(":")))(
            "the routes of Auth.js redirect in no loop, with no internal host in Location: %s",
            async (host) => {
              const port = await listen()
              for (const callbackUrl of ["/real", `${site}/real`, `http://${host}/real`]) {
                const visitor = new Visitor(port, { host }, site)
                const { session } = await visitor.page()
                const form = { username: `real-${crypto.randomUUID().slice(0, 8)}`, password, callbackUrl }
                await followOutside(visitor, await visitor.signIn("convert", form))
                expect((await visitor.page("/real")).session?.user).toMatchObject({
                  id: session?.user.id,
                  isLazy: false,
                })
                await followOutside(visitor, "/lazy")
                await followOutside(visitor, await visitor.signOut())
              }
            },
          )
      })

      it("lets a stream of events flow while it lasts", async () => {
        const channel = new TransformStream<Uint8Array, Uint8Array>()
        const port = await listen({}, { events: () => channel.readable })
        const writer = channel.writable.getWriter()
        const write = (text: string) => writer.write(new TextEncoder().encode(`data: ${text}\n\n`))
        const headers = { host: `localhost:${port}`, "user-agent": CHROME, ...API, accept: "text/event-stream" }
        const [answer] = await Promise.all([open({ port, path: "/stream", headers }), write("one")])
        expect(answer.headers["content-type"]).toMatch(/^text\/event-stream/)
        expect(answer.headers["set-cookie"]?.join()).toContain(COOKIE)
        const events = answer.setEncoding("utf8")[Symbol.asyncIterator]()
        expect((await events.next()).value).toBe("data: one\n\n")
        const [, second] = await Promise.all([write("two"), events.next()])
        expect(second.value).toBe("data: two\n\n")
        const [, last] = await Promise.all([writer.close(), events.next()])
        expect(last.done).toBe(true)
      })

      it("hands what the app's callbacks throw to the framework, having made nobody", async () => {
        const signIn = () => {
          throw new Error("from the app's callback")
        }
        const port = await listen({ callbacks: { signIn } })
        await expectRows(0, async () => {
          const answer = await new Visitor(port).visit("/", { headers: API })
          expect(answer.status).toBe(500)
          expect(await answer.text()).toContain("AccessDenied")
          expect(sessionCookies(answer)).toEqual([])
        })
      })

      /** Follows redirects to a page, and fails on one that leaves the site. */
      async function followOutside(visitor: Visitor, start: string | Response): Promise<void> {
        let answer = typeof start === "string" ? await visitor.visit(start) : start
        const seen = new Set<string>()
        while (answer.status >= 300 && answer.status < 400) {
          const { origin, pathname, search } = new URL(answer.headers.get("location") ?? "", visitor.origin)
          expect(origin).toBe(visitor.origin)
          expect(seen).not.toContain(`${pathname}${search}`)
          seen.add(`${pathname}${search}`)
          answer = await visitor.visit(`${pathname}${search}`)
        }
        // No app under the contract has a page at /welcome.
        expect([200, 404]).toContain(answer.status)
      }

      async function endSession(visitor: Visitor): Promise<void> {
        const sessionCookie = (await visitor.sessionCookie()) ?? ""
        if (strategy === "database") {
          await app.database.query(
            `update session set expires = now() - interval '1 minute' where "sessionToken" = '${sessionCookie}'`,
          )
          return
        }
        const token = (await decode({ token: sessionCookie, secret, salt: COOKIE })) ?? {}
        const over = await encode({ token, secret, salt: COOKIE, maxAge: -60 })
        await visitor.jar.setCookie(`${COOKIE}=${over}; Path=/; HttpOnly`, visitor.origin)
      }
    })
}
