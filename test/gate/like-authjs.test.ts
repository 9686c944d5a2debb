import { decode, encode } from "@auth/core/jwt"
import { expect, it, vi } from "vitest"
import { gate, handleAuth, type LazyAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { describeFlows, password, secret } from "../setup/flow-app.js"

const COOKIE = "authjs.session-token"
const DAY = 24 * 60 * 60

/** Records the app's callbacks and events in order, with the arguments of each. */
type Told = [string, unknown]

/**
 * Returns a value without the parts that differ between users and moments, but keeps which of them
 * exist.
 */
function shapeOf(value: unknown): unknown {
  if (value instanceof Date) return "a date"
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value === "number") return "a number"
  if (typeof value === "string") return /^[\w-]{36}$|^guest-|^\d{4}-/.test(value) ? "a string of its own" : value
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, value]) => [name, shapeOf(value)]))
}

describeFlows("the gate, compared with the routes of Auth.js", (app, strategy) => {
  function told(): { calls: Told[]; changes: Partial<LazyConfig> } {
    const calls: Told[] = []
    const tell = (name: string, value: unknown) => void calls.push([name, shapeOf(value)])
    const changes: Partial<LazyConfig> = {
      callbacks: {
        signIn(params) {
          tell("callbacks.signIn", params)
          return true
        },
        jwt(params) {
          tell("callbacks.jwt", params)
          return params.token
        },
        session(params) {
          tell("callbacks.session", params)
          return params.session
        },
      },
      events: {
        signIn: (message) => tell("events.signIn", message),
        session: (message) => tell("events.session", message),
        createLazyUser: (message) => tell("events.createLazyUser", message),
      },
    }
    return { calls, changes }
  }

  /** A browser whose pages are behind the gate. */
  function gatedBrowser(changes: Partial<LazyConfig>): Browser {
    const auth = withLazy({ ...app.config, ...changes })
    return new Browser("http://app.test", async (request) => {
      if (new URL(request.url).pathname.startsWith("/auth/")) return handleAuth(request, auth)
      const result = await gate(request, auth)
      return Response.json(result.session, { headers: result.headers })
    })
  }

  it("a first visit tells the app what a sign-in and a look at the session do", async () => {
    const [routes, gated] = [told(), told()]
    const browser = app.browser(routes.changes)
    await browser.signIn("lazy")
    await browser.session()
    await gatedBrowser(gated.changes).visit("/page")
    // The form of Auth.js is posted, and brings its own token along.
    const form = JSON.stringify(routes.calls).replace(/"csrfToken":"\w+"/, "")
    const withoutForm = JSON.parse(form.replace('"method":"POST"', '"method":"GET"'))
    expect(JSON.parse(JSON.stringify(gated.calls))).toEqual(withoutForm)
    expect(gated.calls.map(([name]) => name)).toContain("events.session")
  })

  it("a returning visitor tells the app what a look at the session does, and gets the same session", async () => {
    const [routes, gated] = [told(), told()]
    const { browser } = await app.lazyBrowser()
    const cookie = `${COOKIE}=${await browser.sessionCookie()}`
    const seen = await app.browser(routes.changes).visit("/auth/session", { headers: { cookie } })
    const result = await gatedBrowser(gated.changes).visit("/page", { headers: { cookie } })
    expect(gated.calls).toEqual(routes.calls)
    expect(gated.calls.length).toBeGreaterThanOrEqual(strategy === "jwt" ? 3 : 2)
    expect(shapeOf(await result.json())).toEqual(shapeOf(await seen.json()))
  })

  it("a real user's session looks the same", async () => {
    const { browser, id } = await app.lazyBrowser()
    await browser.signIn("convert", { username: `real-${id.slice(-8)}`, password })
    const cookie = `${COOKIE}=${await browser.sessionCookie()}`
    const seen = (await (await app.browser().visit("/auth/session", { headers: { cookie } })).json()) as object
    const result = (await (await gatedBrowser({}).visit("/page", { headers: { cookie } })).json()) as object
    expect({ ...result, expires: "" }).toEqual({ ...seen, expires: "" })
  })

  it("an event or callback that throws does what it does there", async () => {
    const { browser } = await app.lazyBrowser()
    const cookie = `${COOKIE}=${await browser.sessionCookie()}`
    const events: LazyConfig["events"] = {
      session() {
        throw new Error("the event failed")
      },
    }
    app.logged.length = 0
    const result = await gatedBrowser({ events }).visit("/page", { headers: { cookie } })
    expect(await result.json()).toMatchObject({ user: { isLazy: true } })
    expect(app.logged.map(({ name }) => name)).toEqual(["EventError"])
  })

  const nothing = () => null as never
  const throwing = () => {
    throw new Error("the callback failed")
  }
  const endings: [string, LazyConfig["callbacks"]][] = [
    ["its session callback answers null", { session: nothing }],
    ...(strategy === "jwt"
      ? ([
          ["its jwt callback answers null", { jwt: nothing }],
          ["its jwt callback throws", { jwt: throwing }],
        ] as [string, LazyConfig["callbacks"]][])
      : []),
  ]
  it.each(endings)(
    "a session that the app does not let live is none, and nobody is made in its place: %s",
    async (_, callbacks) => {
      const { browser, id } = await app.lazyBrowser()
      await browser.signIn("convert", { username: `real-${id.slice(-8)}`, password })
      const before = await app.count('"user"')
      const auth = withLazy({ ...app.config, callbacks })
      const headers = { cookie: `${COOKIE}=${await browser.sessionCookie()}`, accept: "text/html" }
      const result = await gate(new Request("http://app.test/page", { headers }), auth)
      expect(result).toMatchObject({ open: true, session: null, created: false, skipped: "stale-session" })
      const removed = expect.stringMatching(new RegExp(`^${COOKIE}=; Max-Age=0;`))
      // What throws may work the next time.
      const isOver = callbacks?.jwt !== undefined && callbacks.jwt !== throwing
      expect(result.headers.getSetCookie()).toEqual(isOver ? [removed] : [])
      expect(await app.count('"user"')).toBe(before)
      expect(await (await app.browser({ callbacks }).visit("/auth/session", { headers })).json()).toBeNull()
    },
  )

  it("a first visit whose session callback throws leaves nobody behind", async () => {
    const before = [await app.count('"user"'), await app.count("session")]
    const auth = withLazy({ ...app.config, callbacks: { session: throwing } })
    const visit = gate(new Request("http://app.test/page", { headers: { accept: "text/html" } }), auth)
    await expect(visit).rejects.toThrow()
    expect([await app.count('"user"'), await app.count("session")]).toEqual(before)
  })

  it.each([" ", "\t", "=", "x", ", "])(
    "a token in the value of another cookie is no session, after %j",
    async (between) => {
      const { browser, id } = await app.lazyBrowser()
      for (const [origin, prefix] of [
        ["http://app.test", ""],
        ["https://app.test", "__Secure-"],
      ]) {
        const cookie = `q=x${between}${prefix}${COOKIE}=${await browser.sessionCookie()}`
        const result = await gate(new Request(`${origin}/page`, { headers: { cookie } }), withLazy(app.config))
        expect(result.session?.user.id).not.toBe(id)
      }
    },
  )

  it("a secret that is rotated in while the app runs counts for the gate as for the routes", async () => {
    const { secret: _, ...config } = app.config
    const auth = withLazy(config)
    process.env.AUTH_SECRET = secret
    try {
      const page = () => new Request("http://app.test/page", { headers: { accept: "text/html" } })
      await gate(page(), auth)
      process.env.AUTH_SECRET_1 = "a secret that was rotated in later on"
      const routes = new Browser("http://app.test", (request) => handleAuth(request, auth))
      await routes.signIn("lazy")
      const user = (await routes.session())?.user
      const headers = { accept: "text/html", cookie: `${COOKIE}=${await routes.sessionCookie()}` }
      const result = await gate(new Request("http://app.test/page", { headers }), auth)
      expect(result).toMatchObject({ created: false, session: { user: { id: user?.id } } })
    } finally {
      delete process.env.AUTH_SECRET
      delete process.env.AUTH_SECRET_1
    }
  })

  it("the session cookie is written when the session is extended, and not at every page", async () => {
    const { browser, id } = await app.lazyBrowser()
    const cookie = async () => ({ headers: { cookie: `${COOKIE}=${await browser.sessionCookie()}` } })
    const gated = gatedBrowser({})
    expect((await gated.visit("/page", await cookie())).headers.getSetCookie()).toEqual([])
    if (strategy === "database") {
      await app.database.query(`update session set expires = expires - interval '2 days' where "userId" = '${id}'`)
    } else {
      const token = await decode({ token: await browser.sessionCookie(), salt: COOKIE, secret })
      await browser.setSessionCookie(await backdated({ ...token }, 2 * DAY))
    }
    const { headers } = await gated.visit("/page", await cookie())
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(new RegExp(`^${COOKIE}=[^;]+; Path=/; Expires=`))])
  })

  it("the session cookie is encoded as the app wants it", async () => {
    const sessionToken = { name: COOKIE, options: { encode: (value: string) => `"${value}"` } }
    const { headers } = await gatedBrowser({ cookies: { sessionToken } as LazyConfig["cookies"] }).visit("/page")
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(new RegExp(`^${COOKIE}="[^"]+"; `))])
  })

  // Only there is a token to be written and read.
  if (strategy === "jwt") {
    it("a token that the app's jwt callback changes is written at once", async () => {
      const { browser } = await app.lazyBrowser()
      const callbacks: LazyConfig["callbacks"] = { jwt: ({ token }) => ({ ...token, plan: "free" }) }
      const gated = gatedBrowser({ callbacks })
      const cookie = `${COOKIE}=${await browser.sessionCookie()}`
      await gated.visit("/page", { headers: { cookie } })
      expect(await decode({ token: await gated.sessionCookie(), salt: COOKIE, secret })).toMatchObject({ plan: "free" })
      const { headers } = await gated.visit("/page")
      expect(headers.getSetCookie()).toEqual([])
    })

    it("a token that any other callback changes is written at once, too", async () => {
      const { browser } = await app.lazyBrowser()
      const headers = { accept: "text/html", cookie: `${COOKIE}=${await browser.sessionCookie()}` }
      const session: NonNullable<LazyConfig["callbacks"]>["session"] = ({ session, token }) => {
        Object.assign(token, { plan: "free" })
        return session
      }
      const plain = withLazy(app.config)
      const around: LazyAuth = (request) => {
        const config = plain(request)
        const { jwt } = config.callbacks ?? {}
        return {
          ...config,
          callbacks: { ...config.callbacks, jwt: async (params) => ({ ...(await jwt?.(params)), plan: "free" }) },
        }
      }
      for (const auth of [withLazy({ ...app.config, callbacks: { session } }), around]) {
        const result = await gate(new Request("http://app.test/page", { headers }), auth)
        const [cookie = ""] = result.headers.getSetCookie()
        const token = cookie.slice(COOKIE.length + 1).split(";")[0]
        expect(await decode({ token, salt: COOKIE, secret })).toMatchObject({ plan: "free" })
      }
    })

    it("tokens of stock Auth.js are read here, and those of here there, also after a rotation", async () => {
      const { browser, id } = await app.lazyBrowser()
      const token = await browser.sessionCookie()
      const claims = await decode({ token, salt: COOKIE, secret })
      expect(claims).toMatchObject({ sub: id, isLazy: true })
      const foreign = await encode({
        token: { ...claims },
        salt: COOKIE,
        secret: "the secret before the last rotation",
      })
      const rotated = gatedBrowser({ secret: [secret, "the secret before the last rotation"] })
      const result = await rotated.visit("/page", { headers: { cookie: `${COOKIE}=${foreign}` } })
      expect(await result.json()).toMatchObject({ user: { id } })
    })

    it.each([
      ["session.maxAge", { session: { strategy, maxAge: 3600 } }],
      ["jwt.maxAge", { session: { strategy }, jwt: { maxAge: 3600 } }],
    ] as [string, Partial<LazyConfig>][])(
      "a session that is used lives on with a %s of less than updateAge",
      async (_, changes) => {
        const gated = gatedBrowser(changes)
        const start = Date.now()
        const at = (minute: number) => vi.setSystemTime(start + minute * 60_000)
        vi.useFakeTimers({ toFake: ["Date"], now: start })
        try {
          const first = (await (await gated.visit("/page")).json()) as { user: { id: string } }
          for (const minute of [20, 40, 59, 75, 110, 165]) {
            at(minute)
            const headers = { cookie: `${COOKIE}=${await gated.sessionCookie()}` }
            expect(await (await gated.visit("/page", { headers })).json()).toMatchObject({
              user: { id: first.user.id },
            })
          }
          at(165 + 61)
          const headers = { cookie: `${COOKIE}=${await gated.sessionCookie()}`, "sec-fetch-mode": "cors" }
          expect(await (await gated.visit("/page", { headers })).json()).toBeNull()
        } finally {
          vi.useRealTimers()
        }
      },
    )
  }

  /** A token as Auth.js wrote it some seconds ago. */
  async function backdated(claims: Record<string, unknown>, seconds: number): Promise<string> {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - seconds * 1000 })
    try {
      return await encode({ token: claims, salt: COOKIE, secret })
    } finally {
      vi.useRealTimers()
    }
  }
})
