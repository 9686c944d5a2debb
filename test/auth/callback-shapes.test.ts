import { encode } from "@auth/core/jwt"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { gate, handleAuth, isLazy, type LazyConfig, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, password, secret } from "../setup/flow-app.js"

const NAME = "authjs.session-token"

class Seen {
  readonly user = Object.freeze({ id: "another", isLazy: false })
}

/** What session callbacks of apps return. */
const shapes: Record<string, (session: object) => unknown> = {
  "without a user": () => ({ userId: 1 }),
  "with a user without an id": () => ({ user: {} }),
  "with a user that is text": () => ({ user: "ada" }),
  "with another isLazy": (session) => ({ ...session, user: { isLazy: "no" } }),
  frozen: (session) => Object.freeze({ ...session, user: Object.freeze({ name: "Ada" }) }),
  "of a class": () => new Seen(),
  "that is text": () => "signed in",
  "that is a number": () => 1,
}

describe.each(["database", "jwt"] as const)("with %s sessions", (strategy) => {
  const app = new FlowApp(strategy)
  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterAll(() => app.database.close())

  function site(changes: Partial<LazyConfig>) {
    const auth = withLazy({ ...app.config, ...changes })
    const page = convertPage(auth)
    const browser = new Browser("http://app.test", async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname.startsWith("/auth/")) return handleAuth(request, auth)
      if (pathname === "/convert") return page(request)
      const wanted = pathname === "/real" ? "real" : pathname === "/lazy" ? "lazy" : undefined
      const { open, headers, ...result } = await gate(request, auth, { require: wanted })
      return Response.json({ open, created: "created" in result && result.created }, { headers })
    })
    const open = async (path: string) => (await (await browser.visit(path)).json()).open as boolean
    return { browser, open, auth }
  }

  it.each(Object.entries(shapes))("gates and the convert page know who is there by a session %s", async (_, shape) => {
    const { browser, open } = site({ callbacks: { session: ({ session }) => shape(session) as never } })
    expect(await open("/")).toBe(true)
    const users = await app.count('"user"')
    expect([await open("/lazy"), await open("/real"), await open("/")]).toEqual([true, false, true])
    const { csrfToken } = (await (
      await browser.visit("/convert", { headers: { accept: "application/json" } })
    ).json()) as { csrfToken: string }
    const username = `shape-${crypto.randomUUID().slice(0, 8)}`
    const answer = await browser.visit("/convert", {
      headers: { accept: "application/json" },
      json: { csrfToken, username, password },
    })
    expect(await answer.json()).toMatchObject({ ok: true })
    expect([await open("/lazy"), await open("/real")]).toEqual([false, true])
    expect((await browser.visit("/convert?done")).status).toBe(200)
    expect(await app.count('"user"')).toBe(users)
  })

  it.each([null, undefined])(
    "a session callback that shows %s keeps the session, and passes for nobody",
    async (hidden) => {
      const { browser, open } = site({ callbacks: { session: () => hidden as never } })
      const before = await app.count('"user"')
      for (let n = 0; n < 3; n++) expect(await open("/")).toBe(true)
      expect(await app.count('"user"')).toBe(before + 1)
      expect([await open("/lazy"), await open("/real")]).toEqual([false, false])
      expect((await browser.visit("/convert")).status).toBe(200)
    },
  )

  it.each([["ada"], [{ to: "/x" }], [undefined], ["javascript:alert(1)"], ["//evil.test/"]])(
    "the convert page goes on where the redirect callback gives %j",
    async (given) => {
      const { browser } = site({ callbacks: { redirect: () => given as never } })
      const headers = { accept: "application/json" }
      const { csrfToken } = (await (await browser.visit("/convert", { headers })).json()) as { csrfToken: string }
      const username = `there-${crypto.randomUUID().slice(0, 8)}`
      const answer = await browser.visit("/convert", { headers, json: { csrfToken, username, password } })
      expect(answer.status).not.toBe(500)
    },
  )

  it("isLazy is false for whatever is no session", () => {
    for (const subject of ["ada", 1, true, [], () => {}]) expect(isLazy(subject as never)).toBe(false)
  })

  if (strategy === "jwt") {
    it.each([
      ["nothing", () => undefined],
      ["text", () => "token"],
      ["a frozen object", ({ token }: { token: object }) => Object.freeze({ ...token })],
    ])("a jwt callback that returns %s keeps the session", async (_, jwt) => {
      const { browser, open } = site({ callbacks: { jwt: jwt as never } })
      expect([await open("/"), await open("/lazy"), await open("/real")]).toEqual([true, true, false])
      expect((await browser.session())?.user.isLazy).toBe(true)
    })

    describe("a token without our claims", () => {
      const token = (sub: string, more: object = {}) =>
        encode({ token: { sub, name: "before", ...more }, secret, salt: NAME })

      async function holder(value: string, adapter = app.config.adapter) {
        const one = site({ adapter })
        await one.browser.jar.setCookie(`${NAME}=${value}; Path=/; HttpOnly`, "http://app.test")
        return one
      }

      it.each(["/", "/auth/session"])(
        "is checked once at %s, sees its lazy user, and gets the claims",
        async (path) => {
          const { id } = await app.lazyBrowser()
          await app.database.query(`update "user" set "seenAt" = now() - interval '20 days' where id = '${id}'`)
          let asked = 0
          const { adapter } = app.config
          const counting = {
            ...adapter,
            getUser(id: string) {
              asked++
              return adapter.getUser(id)
            },
          }
          const { browser, open } = await holder(await token(id), counting)
          for (let n = 0; n < 4; n++) await browser.visit(path)
          expect(asked).toBe(1)
          const [row] = await app.database.query(
            `select "seenAt" > now() - interval '1 minute' as seen from "user" where id = '${id}'`,
          )
          expect(row?.seen).toBe(true)
          expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
          expect([await open("/lazy"), await open("/real")]).toEqual([true, false])
        },
      )

      it("of a real user gets them, too", async () => {
        const owner = app.browser()
        await owner.signIn("convert", { username: `real-${crypto.randomUUID().slice(0, 8)}`, password })
        const id = (await owner.session())?.user.id as string
        const { browser, open } = await holder(await token(id))
        expect(await open("/real")).toBe(true)
        expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
      })

      it("ends with its row, and with the conversion of its user", async () => {
        const gone = await holder(await token(crypto.randomUUID()))
        expect(await gone.open("/real")).toBe(false)
        expect(await gone.browser.session()).toBeNull()
        const { browser, id } = await app.lazyBrowser()
        const planted = await token(id)
        await app.database.query(`update "user" set "lazySince" = "lazySince" where id = '${id}'`)
        await browser.signIn("convert", { username: `planted-${crypto.randomUUID().slice(0, 8)}`, password })
        await app.database.query(`update "user" set "convertedAt" = now() + interval '2 seconds' where id = '${id}'`)
        const planter = await holder(planted)
        expect(await planter.open("/real")).toBe(false)
      })

      it("stays, and passes for nobody, while the database is away", async () => {
        const { id } = await app.lazyBrowser()
        let away = true
        const { adapter } = app.config
        const flaky = {
          ...adapter,
          getUser: (id: string) => (away ? Promise.reject(new Error("away")) : adapter.getUser(id)),
        }
        const { browser, open, auth } = await holder(await token(id), flaky)
        const cookie = await browser.jar.getCookieString("http://app.test")
        await expect(
          gate(new Request("http://app.test/real", { headers: { cookie } }), auth, { require: "real" }),
        ).rejects.toThrow()
        expect(await open("/")).toBe(true)
        away = false
        expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
      })
    })
  }
})
