import { encode } from "@auth/core/jwt"
import { describe, expect, it } from "vitest"
import { type GateOptions, type GateResult, gate, handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { Browser, type VisitOptions } from "../setup/browser-jar.js"
import { describeFlows, earlyInWindow, type FlowApp, password, secret } from "../setup/flow-app.js"

const ORIGIN = "http://app.test"
const COOKIE = "authjs.session-token"

/** A browser in front of an app whose every page, but for those of Auth.js, is behind the gate. */
class Visitor extends Browser {
  private result: GateResult | undefined

  static of(app: FlowApp, changes: Partial<LazyConfig> = {}, options?: GateOptions, origin = ORIGIN): Visitor {
    const auth = withLazy({ ...app.config, ...changes })
    const visitor: Visitor = new Visitor(origin, async (request) => {
      if (new URL(request.url).pathname.startsWith("/auth/")) return handleAuth(request, auth)
      visitor.result = await gate(request, auth, options)
      const { open, headers } = visitor.result
      return new Response(null, { status: open ? 200 : visitor.result.status, headers })
    })
    return visitor
  }

  /** Opens a page and returns what the gate said to it. */
  async open(path = "/notes", options?: VisitOptions): Promise<GateResult> {
    await this.visit(path, options)
    return this.result as GateResult
  }
}

/** Opens a page with a session that was ended, and comes back to it as the gate asks. */
async function openLate(visitor: Visitor): Promise<GateResult> {
  expect(refused(await visitor.open())).toMatchObject({ reason: "session-ended", status: 307 })
  return visitor.open()
}

/** The result of a gate that has to be open. */
function opened(result: GateResult): Extract<GateResult, { open: true }> {
  if (!result.open) throw new Error(`The gate is shut: ${result.reason}`)
  return result
}

function refused(result: GateResult): Extract<GateResult, { open: false }> {
  if (result.open) throw new Error("The gate is open.")
  return result
}

describeFlows("the gate", (app, strategy) => {
  const rows = async () => [await app.count('"user"'), await app.count("session")]
  const [oneUser, oneSession] = [1, strategy === "database" ? 1 : 0]
  const plus = ([users = 0, sessions = 0]: number[], n = 1) => [users + n * oneUser, sessions + n * oneSession]

  /** Makes this visitor a real user and returns its id. */
  async function signUp(visitor: Browser): Promise<string> {
    await visitor.signIn("convert", { username: `real-${crypto.randomUUID().slice(0, 8)}`, password })
    const session = await visitor.session()
    if (session?.user.isLazy !== false) throw new Error("No real user was made.")
    return session.user.id as string
  }

  describe("at a first visit", () => {
    it("makes one lazy user, signs it in, and shows its cookie to the handler behind it", async () => {
      const before = await rows()
      const visitor = Visitor.of(app)
      const { session, created, skipped, cookie } = opened(await visitor.open("/notes?page=2"))
      expect(created).toBe(true)
      expect(skipped).toBeUndefined()
      expect(session?.user).toMatchObject({ id: expect.any(String), isLazy: true, username: expect.any(String) })
      expect(await rows()).toEqual(plus(before))
      expect(cookie).toMatch(new RegExp(`^${COOKIE}=[^;]+$`))
      // A JWT is renewed whenever it is read, so the browser may have a younger one.
      if (strategy === "database") expect(cookie).toBe(`${COOKIE}=${await visitor.sessionCookie()}`)
      const behind = Visitor.of(app)
      const seen = await behind.visit("/auth/session", { headers: { cookie } })
      expect(((await seen.json()) as typeof session)?.user).toEqual(session?.user)
      expect((await visitor.session())?.user).toEqual(session?.user)
    })

    it("sets the session cookie alone, in the way of Auth.js, and keeps shared caches off", async () => {
      const { headers } = opened(await Visitor.of(app).open())
      expect(headers.getSetCookie()).toEqual([
        expect.stringMatching(new RegExp(`^${COOKIE}=[^;]+; Path=/; Expires=[^;]+; HttpOnly; SameSite=Lax$`)),
      ])
      expect(headers.get("vary")).toBe("Cookie")
      expect(headers.get("cache-control")).toBe("private, no-store")
    })

    it("uses the secure cookie on https, and under the address in AUTH_URL", async () => {
      const { cookie } = opened(await Visitor.of(app, {}, {}, "https://app.test").open())
      expect(cookie).toMatch(/^__Secure-authjs\.session-token=/)
      process.env.AUTH_URL = "https://outside.test/auth"
      try {
        const auth = withLazy(app.config)
        const result = opened(await gate(new Request("http://127.0.0.1:3000/notes"), auth))
        expect(result.cookie).toMatch(/^__Secure-authjs\.session-token=/)
      } finally {
        delete process.env.AUTH_URL
      }
    })

    it("takes an AUTH_URL that is set to nothing for none, as Auth.js does", async () => {
      process.env.AUTH_URL = ""
      try {
        const auth = withLazy(app.config)
        const { session } = opened(await gate(new Request(`${ORIGIN}/notes`), auth))
        expect(session?.user.isLazy).toBe(true)
      } finally {
        delete process.env.AUTH_URL
      }
    })

    it("forgets what an app changed in the configuration of another request", async () => {
      const auth = withLazy(app.config)
      const { session } = auth()
      if (session) session.maxAge = 1
      const { cookie, headers } = opened(await gate(new Request(`${ORIGIN}/notes`), auth))
      expect(cookie).toContain(COOKIE)
      const expires = /Expires=([^;]+)/.exec(headers.getSetCookie().join())?.[1] ?? ""
      expect(new Date(expires).valueOf()).toBeGreaterThan(Date.now() + 24 * 60 * 60 * 1000)
    })

    it("calls the functions of `lazy` as methods of it", async () => {
      const seen: unknown[] = []
      const lazy = {
        ...app.config.lazy,
        enabled(this: unknown) {
          seen.push(this)
          return true
        },
        verify(this: unknown) {
          seen.push(this)
          return true
        },
      }
      opened(await Visitor.of(app, { lazy }).open())
      expect(seen).toEqual([
        expect.objectContaining({ verify: lazy.verify }),
        expect.objectContaining({ verify: lazy.verify }),
      ])
    })

    it("keeps the other cookies of the request in the header that the handler sees", async () => {
      const { cookie } = opened(await Visitor.of(app).open("/", { headers: { cookie: "theme=dark; lang=de%20AT" } }))
      expect(cookie).toMatch(new RegExp(`^theme=dark; lang=de%20AT; ${COOKIE}=`))
    })

    it("runs the app's callbacks and events as in any sign-in, once each", async () => {
      const calls: string[] = []
      const visitor = Visitor.of(app, {
        callbacks: {
          signIn: ({ account }) => {
            calls.push(`signIn ${account?.provider}`)
            return true
          },
          jwt: ({ token, trigger }) => {
            if (trigger) calls.push(`jwt ${trigger}`)
            return token
          },
        },
        events: {
          signIn: ({ user }) => void calls.push(`event signIn ${user.username?.slice(0, 6)}`),
          createLazyUser: ({ user }) => void calls.push(`event createLazyUser ${user.username?.slice(0, 6)}`),
        },
      })
      await visitor.open()
      expect(calls).toEqual([
        "signIn lazy",
        ...(strategy === "jwt" ? ["jwt signIn"] : []),
        "event createLazyUser guest-",
        "event signIn guest-",
      ])
      calls.length = 0
      await visitor.open()
      expect(calls).toEqual([])
    })

    it("gives the session as the app's session callback makes it", async () => {
      const callbacks: LazyConfig["callbacks"] = { session: ({ session }) => ({ ...session, plan: "free" }) }
      const { session } = opened(await Visitor.of(app, { callbacks }).open())
      expect(session).toMatchObject({ plan: "free", user: { isLazy: true } })
    })

    it("fails and leaves nothing behind when the app's signIn callback says no", async () => {
      const before = await rows()
      const visitor = Visitor.of(app, { callbacks: { signIn: () => false } })
      await expect(visitor.open()).rejects.toMatchObject({ type: "AccessDenied" })
      expect(await rows()).toEqual(before)
    })

    it("lets in two first requests at the same moment", async () => {
      const visitor = Visitor.of(app)
      const results = await Promise.all([visitor.open(), visitor.open("/other")])
      for (const result of results) expect(opened(result).session?.user.isLazy).toBe(true)
      expect((await visitor.session())?.user.isLazy).toBe(true)
    })

    it("makes one user of two requests at the same moment from a browser that Auth.js knows", async () => {
      const visitor = Visitor.of(app)
      await visitor.csrfToken()
      const before = await app.count('"user"')
      await earlyInWindow()
      await Promise.all([visitor.open(), visitor.open("/other")])
      expect(await app.count('"user"')).toBe(before + 1)
    })
  })

  describe("with a session", () => {
    it("keeps the lazy user of an earlier visit and writes nothing", async () => {
      const visitor = Visitor.of(app)
      const first = opened(await visitor.open())
      const before = await rows()
      const second = opened(await visitor.open("/other"))
      expect(second).toMatchObject({ created: false, skipped: undefined })
      expect(second.session?.user).toEqual(first.session?.user)
      expect(second.headers.get("cache-control")).toBe("private")
      expect(await rows()).toEqual(before)
      expect((await visitor.session())?.user.id).toBe(first.session?.user.id)
    })

    it("keeps a real user", async () => {
      const visitor = Visitor.of(app)
      const id = await signUp(visitor)
      const before = await rows()
      const { session, created } = opened(await visitor.open())
      expect([session?.user.id, session?.user.isLazy, created]).toEqual([id, false, false])
      expect(await rows()).toEqual(before)
    })

    it.each([
      ["a prefetch", { headers: { "sec-purpose": "prefetch" } }],
      ["a bot that was given somebody's cookies", { headers: { "user-agent": "Twitterbot/1.0" } }],
      ["HEAD", { method: "HEAD" }],
      ["a form of a sibling domain", { form: {}, headers: { "sec-fetch-site": "same-site" } }],
    ] as [string, VisitOptions][])("finds it for %s too", async (_, options) => {
      const visitor = Visitor.of(app)
      const { session } = opened(await visitor.open())
      expect(opened(await visitor.open("/", options)).session?.user.id).toBe(session?.user.id)
    })

    it("makes a new lazy user when it has expired", async () => {
      const visitor = Visitor.of(app)
      const { session } = opened(await visitor.open())
      const id = session?.user.id
      if (strategy === "database")
        await app.database.query(`update session set expires = now() - interval '1 minute' where "userId" = '${id}'`)
      else {
        const token = await encode({ token: { sub: id }, secret, salt: COOKIE, maxAge: -60 })
        await visitor.jar.setCookie(`${COOKIE}=${token}; Path=/`, ORIGIN)
      }
      const again = opened(await visitor.open())
      expect(again.created).toBe(true)
      expect(again.session?.user.isLazy).toBe(true)
      expect(again.session?.user.id).not.toBe(id)
      expect((await visitor.session())?.user.id).toBe(again.session?.user.id)
    })

    it("makes a new lazy user when its user has been deleted", async () => {
      const visitor = Visitor.of(app, { lazy: { recheck: 0 } })
      const { session } = opened(await visitor.open())
      await app.config.adapter.deleteUser(session?.user.id as string)
      const again = opened(await openLate(visitor))
      expect([again.created, again.session?.user.isLazy]).toEqual([true, true])
      expect((await visitor.session())?.user.id).toBe(again.session?.user.id)
    })

    it("makes a new lazy user when it is forged, or from before the secret was changed", async () => {
      const forged = await encode({ token: { sub: "somebody" }, secret: "another secret", salt: COOKIE })
      for (const cookie of [forged, "x", "eyJhbGciOiJub25lIn0..a.b."]) {
        const result = opened(await Visitor.of(app).open("/", { headers: { cookie: `${COOKIE}=${cookie}` } }))
        expect(result).toMatchObject({ created: true, session: { user: { isLazy: true } } })
      }
    })

    it("makes a new lazy user when it looks like one that was ended, once the browser has come back", async () => {
      const visitor = Visitor.of(app)
      await visitor.jar.setCookie(`${COOKIE}=${crypto.randomUUID()}; Path=/`, ORIGIN)
      const result = strategy === "jwt" ? await visitor.open() : await openLate(visitor)
      expect(opened(result)).toMatchObject({ created: true, session: { user: { isLazy: true } } })
    })
  })

  describe("makes nobody, and sets no cookie,", () => {
    const GOOGLEBOT =
      "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/140.0.0.0 Safari/537.36"

    it.each([
      ["for a bot", "bot", { headers: { "user-agent": GOOGLEBOT } }],
      ["for a page that a router loads ahead", "prefetch", { headers: { "next-router-prefetch": "1", rsc: "1" } }],
      ["for HEAD", "method", { method: "HEAD" }],
      ["for OPTIONS", "method", { method: "OPTIONS" }],
      ["for another site's form", "cross-site", { form: {}, headers: { "sec-fetch-site": "cross-site" } }],
      ["for another site's form in an old browser", "cross-site", { form: {}, headers: { origin: "https://x.test" } }],
    ] as [string, string, VisitOptions][])("%s", async (_, reason, options) => {
      const before = await rows()
      const result = opened(await Visitor.of(app).open("/notes", options))
      expect(result).toMatchObject({ session: null, created: false, skipped: reason, cookie: "" })
      expect(result.headers.getSetCookie()).toEqual([])
      expect(result.headers.get("vary")).toBe("Cookie")
      expect(await rows()).toEqual(before)
    })

    it("for many links that are prefetched at once", async () => {
      const before = await rows()
      const visitor = Visitor.of(app)
      const ahead = Array.from({ length: 20 }, (_, n) =>
        visitor.open(`/${n}`, { headers: { "next-router-prefetch": "1", rsc: "1" } }),
      )
      for (const result of await Promise.all(ahead)) expect(result.headers.getSetCookie()).toEqual([])
      expect(await rows()).toEqual(before)
    })

    it("when another site posts a form to a real user's browser, which leaves the Lax cookie at home", async () => {
      const visitor = Visitor.of(app)
      const id = await signUp(visitor)
      const attack = {
        form: { note: "x" },
        headers: { cookie: "", "sec-fetch-site": "cross-site", origin: "https://x.test" },
      }
      expect((await visitor.visit("/notes", attack)).headers.getSetCookie()).toEqual([])
      expect((await visitor.session())?.user.id).toBe(id)
    })

    it("while lazy users are turned off, and leaves those there are alone", async () => {
      const visitor = Visitor.of(app)
      const { session } = opened(await visitor.open())
      const off = Visitor.of(app, { lazy: { enabled: false } })
      const before = await rows()
      const result = opened(await off.open())
      expect(result).toMatchObject({ session: null, created: false, skipped: "disabled" })
      expect(result.headers.getSetCookie()).toEqual([])
      expect(await rows()).toEqual(before)
      const { cookie } = opened(await visitor.open())
      expect(opened(await off.open("/", { headers: { cookie } })).session?.user.id).toBe(session?.user.id)
    })

    it("where a function turns them off for this request", async () => {
      const visitor = Visitor.of(app, {
        lazy: { enabled: async (request) => request.headers.get("x-country") !== "DE" },
      })
      const german = opened(await visitor.open("/", { headers: { "x-country": "DE" } }))
      expect(german.skipped).toBe("disabled")
      expect(opened(await visitor.open()).created).toBe(true)
    })
  })

  describe("when the database is gone,", () => {
    async function withoutTable(table: string, work: () => Promise<void>): Promise<void> {
      await app.database.query(`alter table ${table} rename to gone`)
      try {
        await work()
      } finally {
        await app.database.query(`alter table gone rename to ${table}`)
      }
    }
    const dark: Partial<LazyConfig> = { logger: { error: () => {}, warn: () => {} }, lazy: { recheck: 0 } }

    it("throws at a first visit and writes nothing", async () => {
      const before = await rows()
      const visitor = Visitor.of(app, dark)
      await withoutTable('"user"', async () => {
        await expect(visitor.open()).rejects.toThrow()
      })
      expect(await rows()).toEqual(before)
      expect(await visitor.sessionCookie()).toBeUndefined()
    })

    it("throws, or opens, but leaves the session of a lazy user alive", async () => {
      const visitor = Visitor.of(app, dark)
      const { session } = opened(await visitor.open())
      const before = await rows()
      await withoutTable('"user"', async () => {
        const result = await visitor.open().catch(() => null)
        if (result) expect(opened(result).session?.user.id).toBe(session?.user.id)
      })
      expect(await rows()).toEqual(before)
      expect((await visitor.session())?.user.id).toBe(session?.user.id)
    })

    it("shuts nobody out: a gate for lazy users throws, or opens, and their session survives", async () => {
      const visitor = Visitor.of(app, dark)
      const { session } = opened(await visitor.open())
      const guarded = Visitor.of(app, dark, { require: "lazy" })
      for (const cookie of await visitor.jar.getCookies(ORIGIN)) await guarded.jar.setCookie(cookie, ORIGIN)
      await withoutTable('"user"', async () => {
        const result = await guarded.open().catch(() => null)
        if (result) expect(opened(result).session?.user.id).toBe(session?.user.id)
      })
      expect((await guarded.session())?.user.id).toBe(session?.user.id)
    })
  })

  describe("that lets only some pass", () => {
    const page = { headers: { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" } }
    const api = { headers: { accept: "application/json", "sec-fetch-mode": "cors" } }

    /** What a gate says to nobody, to a lazy and to a real user. */
    async function ask(options: GateOptions, visit: VisitOptions, who: "nobody" | "lazy" | "real") {
      const visitor = Visitor.of(app, {}, options)
      if (who === "lazy") await visitor.signIn("lazy")
      if (who === "real") await signUp(visitor)
      const before = await rows()
      const result = await visitor.open("/notes?page=2", visit)
      expect(await rows()).toEqual(before)
      return result
    }

    it.each([
      ["real", "real"],
      ["lazy", "lazy"],
    ] as const)("lets %s users pass where they are wanted", async (wanted, who) => {
      const result = opened(await ask({ require: wanted }, page, who))
      expect(result.session?.user.isLazy).toBe(who === "lazy")
      expect(result).toMatchObject({ created: false, skipped: undefined })
      expect(result.cookie).toContain(COOKIE)
    })

    it.each([
      ["real", "nobody", 401],
      ["real", "lazy", 403],
      ["lazy", "nobody", 401],
      ["lazy", "real", 403],
    ] as const)(
      "sends browsers away where %s users are wanted and %s comes, and answers an API %d",
      async (wanted, who, status) => {
        const sent = refused(await ask({ require: wanted }, page, who))
        expect([sent.status, sent.reason]).toEqual([303, `${wanted}-required`])
        expect(sent.headers.get("location")).toBe("/auth/signin?callbackUrl=%2Fnotes%3Fpage%3D2")
        const answered = refused(await ask({ require: wanted }, api, who))
        expect(answered.status).toBe(status)
        expect(answered.headers.get("location")).toBeNull()
        expect(answered.session?.user.isLazy).toBe(who === "nobody" ? undefined : who === "lazy")
        for (const { headers } of [sent, answered])
          expect([headers.get("vary"), headers.get("cache-control")]).toEqual(["Cookie", "private, no-store"])
      },
    )

    it("sends an old browser away by what it accepts, and never a post", async () => {
      expect(refused(await ask({ require: "real" }, {}, "nobody")).status).toBe(303)
      expect(refused(await ask({ require: "real" }, { headers: { accept: "*/*" } }, "nobody")).status).toBe(401)
      expect(refused(await ask({ require: "real" }, { form: {} }, "nobody")).status).toBe(401)
    })

    it.each([
      ["a page of the app", { redirectTo: "/join?from=gate" }, "/join?from=gate&callbackUrl=%2Fnotes%3Fpage%3D2"],
      ["no other site", { redirectTo: "https://evil.test/join" }, "/join?callbackUrl=%2Fnotes%3Fpage%3D2"],
      ["no other site without a scheme", { redirectTo: "//evil.test/join" }, "/join?callbackUrl=%2Fnotes%3Fpage%3D2"],
    ])("sends browsers to %s", async (_, options, location) => {
      const result = refused(await ask({ require: "real", ...options }, page, "nobody"))
      expect(result.headers.get("location")).toBe(location)
    })

    it("sends browsers to the app's own sign-in page", async () => {
      const visitor = Visitor.of(app, { pages: { signIn: "/welcome" } }, { require: "real" })
      expect(refused(await visitor.open("/a")).headers.get("location")).toBe("/welcome?callbackUrl=%2Fa")
    })

    it.each(["//evil.test/", "/\\evil.test", "/%5Cevil.test/..//evil.test"])(
      "never sends anybody on to another site by way of the address %s",
      async (path) => {
        const auth = withLazy(app.config)
        const request = { method: "GET", url: `${ORIGIN}${path}`, headers: new Headers({ accept: "text/html" }) }
        const location = refused(await gate(request, auth, { require: "real" })).headers.get("location") ?? ""
        expect(new URL(location, ORIGIN).origin).toBe(ORIGIN)
        const target = new URL(location, ORIGIN).searchParams.get("callbackUrl")
        if (target !== null) expect(new URL(target, ORIGIN).origin).toBe(ORIGIN)
      },
    )

    it("makes nobody, not even where somebody lazy is wanted", async () => {
      const before = await rows()
      const result = refused(await Visitor.of(app, {}, { require: "lazy" }).open())
      expect(result.session).toBeNull()
      expect(result.headers.getSetCookie()).toEqual([])
      expect(await rows()).toEqual(before)
    })
  })

  describe("with cookies nobody should send", () => {
    const big = "x".repeat(16 * 1024)

    it.each([
      ["malformed percent-encoding", `${COOKIE}=%E0%A4%A; other=%`],
      ["16 KiB in one", `${COOKIE}=${big}`],
      ["16 KiB in many", Array.from({ length: 800 }, (_, n) => `c${n}=0123456789abcd`).join("; ")],
      ["several sessions", `${COOKIE}=one; ${COOKIE}=two; __Secure-${COOKIE}=three`],
      ["stale chunks", `${COOKIE}.0=old; ${COOKIE}.1=older; ${COOKIE}.7=oldest`],
      ["chunks without a number", `${COOKIE}.x=a; ${COOKIE}.=b; ${COOKIE}.-1=c; ${COOKIE}.1e9=d`],
      ["a name that begins like the session's", `${COOKIE}x=a`],
      ["cookies without a name, and names that are none", "=a; =b; a b=c; ä=d; authjs.callback-url=%E0"],
      ["nonsense", "=; ;;; a; =b; __proto__=1; constructor=2;\t"],
      ["a malformed CSRF token", "authjs.csrf-token=%; authjs.callback-url=%E0"],
    ])("signs the visitor in all the same: %s", async (_, cookie) => {
      const result = opened(await Visitor.of(app).open("/", { headers: { cookie } }))
      expect(result).toMatchObject({ created: true, session: { user: { isLazy: true } } })
      const behind = Visitor.of(app)
      const again = opened(await behind.open("/", { headers: { cookie: result.cookie } }))
      expect([again.created, again.session?.user.id]).toEqual([false, result.session?.user.id])
    })

    it("finds the session among cookies of other names", async () => {
      const visitor = Visitor.of(app)
      const { session, cookie } = opened(await visitor.open())
      const around = `__Secure-${COOKIE}=x; a=%; =b; ${cookie}; next-auth.session-token=y`
      expect(opened(await visitor.open("/", { headers: { cookie: around } })).session?.user.id).toBe(session?.user.id)
    })
  })
})

describeFlows("the gate and large tokens", (app, strategy) => {
  // Only a JWT grows with the app's data. The other strategy shows that nothing depends on it.
  const stuffed = (size: number): Partial<LazyConfig> => ({
    callbacks: { jwt: ({ token }) => ({ ...token, stuff: Array.from({ length: size }, () => crypto.randomUUID()) }) },
  })

  it("sets, reads and renews a session cookie in chunks", async () => {
    const visitor = Visitor.of(app, stuffed(200))
    const first = opened(await visitor.open())
    const names = first.headers.getSetCookie().map((cookie) => cookie.split("=")[0])
    if (strategy === "jwt") expect(names).toEqual([`${COOKIE}.0`, `${COOKIE}.1`, `${COOKIE}.2`].slice(0, names.length))
    expect(names.length > 1).toBe(strategy === "jwt")
    const second = opened(await visitor.open())
    expect([second.created, second.session?.user.id]).toEqual([false, first.session?.user.id])
    const behind = opened(await Visitor.of(app).open("/", { headers: { cookie: first.cookie } }))
    expect([behind.created, behind.session?.user.id]).toEqual([false, first.session?.user.id])
  })

  it("leaves no stale chunk when the token shrinks", async () => {
    const visitor = Visitor.of(app, stuffed(200))
    const { session, cookie } = opened(await visitor.open())
    const slim = opened(
      await Visitor.of(app, { callbacks: { jwt: ({ token }) => ({ ...token, stuff: null }) } }).open("/", {
        headers: { cookie },
      }),
    )
    expect(slim.session?.user.id).toBe(session?.user.id)
    for (const set of slim.headers.getSetCookie()) await visitor.jar.setCookie(set, ORIGIN)
    const left = (await visitor.jar.getCookies(ORIGIN)).map(({ key }) => key)
    expect(left.filter((name) => name.startsWith(COOKIE))).toEqual([COOKIE])
    expect(opened(await visitor.open()).session?.user.id).toBe(session?.user.id)
  })

  it("leaves no chunk of a session that is over beside a new one", async () => {
    const visitor = Visitor.of(app, stuffed(200))
    const { session } = opened(await visitor.open())
    await app.config.adapter.deleteUser(session?.user.id as string)
    const fresh = Visitor.of(app, { lazy: { recheck: 0 } })
    for (const cookie of await visitor.jar.getCookies(ORIGIN)) await fresh.jar.setCookie(cookie, ORIGIN)
    const again = opened(await openLate(fresh))
    expect(again.created).toBe(true)
    const left = (await fresh.jar.getCookies(ORIGIN)).map(({ key }) => key)
    expect(left.filter((name) => name.startsWith(COOKIE))).toEqual([COOKIE])
    expect((await fresh.session())?.user.id).toBe(again.session?.user.id)
  })
})
