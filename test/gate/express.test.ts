import { request as httpRequest, type IncomingHttpHeaders, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express"
import { afterEach, describe, expect, it } from "vitest"
import { allowLazy, expressAuth, requireLazy, requireReal } from "../../src/express.js"
import { handleAuth, type LazyAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { describeFlows, password, refusal } from "../setup/flow-app.js"

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

interface Sent {
  port: number
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string
}

/** Sends a request unchanged. `fetch` would add a mode and a host, and refuse some methods. */
function send({ port, method = "GET", path, headers, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (chunk) => {
        text += chunk
      })
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    outgoing.on("error", reject)
    outgoing.end(body)
  })
}

/**
 * Makes a browser that sends HTTP to the server on this port, optionally through a proxy that adds
 * headers.
 */
function browserAt(port: number, origin = `http://127.0.0.1:${port}`, proxy: Record<string, string> = {}): Browser {
  return new Browser(origin, async (request) => {
    const { pathname, search, host } = new URL(request.url)
    const { status, headers, text } = await send({
      port,
      method: request.method,
      path: `${pathname}${search}`,
      headers: { ...Object.fromEntries(request.headers), host, ...proxy },
      body: request.body ? await request.text() : undefined,
    })
    const pairs = Object.entries(headers).flatMap(([name, value]) =>
      [value].flat().map((each): [string, string] => [name, each ?? ""]),
    )
    return new Response([204, 304].includes(status) ? null : text, { status, headers: pairs })
  })
}

/**
 * The content of the test app's pages: the user, the cookies that the handler saw, and the posted
 * form.
 */
interface Page {
  user: { id: string; isLazy: boolean; username: string } | null
  cookie: string
  body: unknown
}

const NAVIGATION = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none" }

const page: RequestHandler = (req, res) => {
  res.json({ user: res.locals.session?.user ?? null, cookie: req.headers.cookie ?? "", body: req.body })
}

const showError: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: error.constructor.name })
}

function createApp(auth: LazyAuth): Express {
  const parse = [express.urlencoded({ extended: false }), express.json()]
  const app = express()
  app.use("/auth", expressAuth(auth))
  app.use("/parsed/auth", parse, expressAuth(auth))
  app.get("/notes", allowLazy(auth), page)
  app.all("/any", allowLazy(auth), page)
  app.post("/parsed-after", allowLazy(auth), parse, page)
  app.post("/parsed-before", parse, allowLazy(auth), page)
  app.get("/real", requireReal(auth), page)
  app.get("/lazy", requireLazy(auth, { redirectTo: "/already-real" }), page)
  app.get("/late-error", allowLazy(auth), () => {
    throw new RangeError("from the handler")
  })
  app.get("/own-headers", (_req, res, next) => {
    res.cookie("theme", "dark").vary("Accept-Language")
    next()
  })
  app.get("/own-headers", allowLazy(auth), page)
  app.use(showError)
  return app
}

describeFlows("Express", (app, strategy) => {
  const servers: Server[] = []

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  async function listen(server: Express): Promise<number> {
    const listening = await new Promise<Server>((resolve) => {
      const started: Server = server.listen(0, "127.0.0.1", () => resolve(started))
    })
    servers.push(listening)
    return (listening.address() as AddressInfo).port
  }

  const start = (changes: Partial<LazyConfig> = {}) => listen(createApp(withLazy({ ...app.config, ...changes })))

  async function visit(browser: Browser, path: string, options?: Parameters<Browser["visit"]>[1]): Promise<Page> {
    const response = await browser.visit(path, options)
    expect(response.status, path).toBe(200)
    return (await response.json()) as Page
  }

  describe("allowLazy", () => {
    it("gives the handler a session and its cookie on the very first request, and the same user on the second", async () => {
      const port = await start()
      const browser = browserAt(port)
      const before = await app.count('"user"')
      const first = await visit(browser, "/notes")
      expect(first.user).toMatchObject({ id: expect.any(String), isLazy: true, username: expect.any(String) })
      const request = new Request("http://app.test/auth/session", { headers: { cookie: first.cookie } })
      const behind = await (await handleAuth(request, withLazy(app.config))).json()
      expect(behind).toMatchObject({ user: first.user })
      expect((await visit(browser, "/notes")).user).toEqual(first.user)
      expect((await browser.session())?.user).toEqual(first.user)
      expect(await app.count('"user"')).toBe(before + 1)
    })

    it("lets in two first requests at the same moment", async () => {
      const browser = browserAt(await start())
      const pages = await Promise.all([visit(browser, "/notes"), visit(browser, "/any")])
      for (const { user } of pages) expect(user?.isLazy).toBe(true)
      expect((await visit(browser, "/notes")).user?.isLazy).toBe(true)
    })

    it.each([
      [
        "/parsed-after",
        "application/x-www-form-urlencoded",
        "title=one&tag=a&tag=b",
        { title: "one", tag: ["a", "b"] },
      ],
      ["/parsed-before", "application/x-www-form-urlencoded", "title=one", { title: "one" }],
      ["/parsed-after", "application/json", '{"title":{"en":"one"}}', { title: { en: "one" } }],
      ["/parsed-before", "application/json", "[1]", [1]],
    ])("leaves the body of a first POST alone: %s, %s", async (path, type, body, parsed) => {
      const answer = await send({ port: await start(), method: "POST", path, headers: { "content-type": type }, body })
      expect(JSON.parse(answer.text)).toMatchObject({ body: parsed, user: { isLazy: true } })
    })

    it("leaves the body to be read as a stream", async () => {
      const server = express()
      server.post("/stream", allowLazy(withLazy(app.config)), (req, res) => void req.pipe(res))
      const body = "x".repeat(300_000)
      expect((await send({ port: await listen(server), method: "POST", path: "/stream", body })).text).toBe(body)
    })

    it("adds to the headers that the app has set", async () => {
      const { headers } = await send({ port: await start(), path: "/own-headers" })
      expect(headers["set-cookie"]).toEqual([
        expect.stringMatching(/^theme=dark/),
        expect.stringMatching(/^authjs\.session-token=/),
      ])
      expect(headers.vary).toMatch(/Accept-Language/)
      expect(headers.vary).toMatch(/Cookie/)
      expect(headers["cache-control"]).toBe("private, no-store")
    })

    it("has no session for a bot, and makes no user", async () => {
      const before = await app.count('"user"')
      const answer = await send({ port: await start(), path: "/notes", headers: { "user-agent": "Twitterbot/1.0" } })
      expect(JSON.parse(answer.text)).toMatchObject({ user: null })
      expect(answer.headers["set-cookie"]).toBeUndefined()
      expect(await app.count('"user"')).toBe(before)
    })

    it("makes no user for the method TRACE, which no browser sends, and stays up", async () => {
      const port = await start()
      const before = await app.count('"user"')
      const answer = await send({ port, method: "TRACE", path: "/any" })
      expect([answer.status, JSON.parse(answer.text).user]).toEqual([200, null])
      expect((await send({ port, method: "TRACE", path: "/auth/session" })).status).toBeGreaterThanOrEqual(400)
      expect(await app.count('"user"')).toBe(before)
      expect((await send({ port, path: "/notes" })).status).toBe(200)
    })

    it.each(["", "a b", "[::1", "app.test:99999", "%", "evil.test/x?", "user@app.test", "例え.test"])(
      "answers a request whose Host header is %j",
      async (host) => {
        const port = await start()
        const headers = { host: Buffer.from(host, "utf8").toString("latin1") }
        // What Node itself refuses as no HTTP never reaches Express.
        const open = await send({ port, path: "/notes", headers })
        expect([200, 400]).toContain(open.status)
        const shut = await send({ port, path: "/real", headers: { ...headers, ...NAVIGATION } })
        expect([303, 400]).toContain(shut.status)
        if (shut.status === 303) expect(shut.headers.location).toMatch(/^\/auth\/signin/)
      },
    )
  })

  describe("requireReal and requireLazy", () => {
    it("send a browser away with the way back, and answer anything else in JSON", async () => {
      const port = await start()
      const sent = await send({ port, path: "/real?tab=1", headers: NAVIGATION })
      expect([sent.status, sent.headers.location]).toEqual([303, "/auth/signin?callbackUrl=%2Freal%3Ftab%3D1"])
      const answered = await send({ port, path: "/real", headers: { accept: "application/json" } })
      expect([answered.status, JSON.parse(answered.text)]).toEqual([401, { error: "real-required" }])
    })

    it("tell lazy and real users apart", async () => {
      const browser = browserAt(await start())
      const { user } = await visit(browser, "/notes")
      expect((await visit(browser, "/lazy")).user).toEqual(user)
      const json = { accept: "application/json", "sec-fetch-mode": "cors" }
      const lazyAtReal = await browser.visit("/real", { headers: json })
      expect([lazyAtReal.status, await lazyAtReal.json()]).toEqual([403, { error: "real-required" }])

      await browser.signIn("convert", { username: `ada-${crypto.randomUUID().slice(0, 8)}`, password })
      expect((await visit(browser, "/real")).user).toMatchObject({ id: user?.id, isLazy: false })
      const realAtLazy = await browser.visit("/lazy", { headers: NAVIGATION })
      expect([realAtLazy.status, realAtLazy.headers.get("location")]).toEqual([
        303,
        "/already-real?callbackUrl=%2Flazy",
      ])
    })

    it("make no user", async () => {
      const port = await start()
      const before = await app.count('"user"')
      for (const path of ["/real", "/lazy"])
        expect((await send({ port, path, headers: NAVIGATION })).headers["set-cookie"]).toBeUndefined()
      expect(await app.count('"user"')).toBe(before)
    })
  })

  describe("behind a proxy that ends TLS", () => {
    const PROXY = { "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7" }

    it("uses secure cookies where Express trusts the proxy, from the first request to the password", async () => {
      const server = createApp(withLazy(app.config)).set("trust proxy", "loopback")
      const browser = browserAt(await listen(server), "https://app.test", PROXY)
      const { user, cookie } = await visit(browser, "/notes")
      expect(cookie).toMatch(/^__Secure-authjs\.session-token=/)
      const answer = await browser.signIn("convert", { username: `tls-${crypto.randomUUID().slice(0, 8)}`, password })
      expect(answer.headers.get("location")).toBe("https://app.test")
      expect((await visit(browser, "/real")).user).toMatchObject({ id: user?.id, isLazy: false })
    })

    it("does not believe a header that anybody could send where Express trusts nobody", async () => {
      const { headers } = await send({ port: await start(), path: "/notes", headers: PROXY })
      expect(headers["set-cookie"]?.[0]).toMatch(/^authjs\.session-token=/)
    })
  })

  describe("behind a proxy that says X-Forwarded-Host", () => {
    async function ownAddress(host: string, trust: boolean | string, forwarded: string): Promise<string> {
      const server = createApp(withLazy(app.config)).set("trust proxy", trust)
      const proxy = { "x-forwarded-proto": "https", "x-forwarded-host": forwarded }
      const browser = browserAt(await listen(server), `https://${host}`, proxy)
      const { lazy } = (await (await browser.visit("/auth/providers")).json()) as { lazy: { signinUrl: string } }
      return new URL(lazy.signinUrl).origin
    }

    it.each(["127.0.0.1:3000", "localhost:3000", "app", "app:3000", "[::1]:3000"])(
      "is at that address where the proxy is trusted and Host is an inner name: %s",
      async (host) => {
        expect(await ownAddress(host, "loopback", "app.test:8443, inner")).toBe("https://app.test:8443")
        expect(await ownAddress(host, "loopback", "evil@host/path")).toBe(`https://${host}`)
        expect(await ownAddress(host, false, "app.test")).toBe(`http://${host}`)
      },
    )

    it("is at its Host where that is public, since a client may have sent the other", async () => {
      expect(await ownAddress("app.test", true, "evil.test")).toBe("https://app.test")
      expect(await ownAddress("app.test:8443", true, "evil.test")).toBe("https://app.test:8443")
    })
  })

  describe("expressAuth", () => {
    it.each(["/auth", "/parsed/auth"])(
      "takes the forms of Auth.js at %s: lazy, convert, sign out, password",
      async (base) => {
        const browser = browserAt(await start({ basePath: "/auth" }))
        const post = async (path: string, form: Record<string, string> = {}) => {
          const { csrfToken } = (await (await browser.visit(`${base}/csrf`)).json()) as { csrfToken: string }
          return browser.visit(`${base}/${path}`, { form: { csrfToken, ...form } })
        }
        const username = `form-${crypto.randomUUID().slice(0, 8)}`
        await post("callback/lazy")
        const lazy = await browser.session()
        expect(lazy?.user.isLazy).toBe(true)
        await post("callback/convert", { username, password })
        expect((await browser.session())?.user).toMatchObject({ id: lazy?.user.id, isLazy: false, username })
        await post("signout")
        expect(await browser.session()).toBeNull()
        expect(refusal(await post("callback/password", { username, password: "not the password" }))).toBe(
          "wrong_credentials",
        )
        await post("callback/password", { username, password })
        expect((await browser.session())?.user.id).toBe(lazy?.user.id)
      },
    )

    it.each(["/auth", "/parsed/auth"])("takes JSON at %s, as the client of Auth.js can send it", async (base) => {
      const browser = browserAt(await start({ basePath: "/auth" }))
      const { csrfToken } = (await (await browser.visit(`${base}/csrf`)).json()) as { csrfToken: string }
      const username = `json-${crypto.randomUUID().slice(0, 8)}`
      const answer = await browser.visit(`${base}/callback/convert`, {
        json: { csrfToken, username, password },
        headers: { "x-auth-return-redirect": "1", accept: "application/json" },
      })
      expect([answer.status, await answer.json()]).toEqual([200, { url: browser.origin }])
      expect((await browser.session())?.user).toMatchObject({ isLazy: false, username })
    })

    it("refuses a form without the CSRF token, and makes nobody", async () => {
      const browser = browserAt(await start())
      const before = await app.count('"user"')
      const answer = await browser.visit("/auth/callback/lazy", { form: { csrfToken: "made up" } })
      expect(answer.headers.get("location")).toContain("error=MissingCSRF")
      expect(await app.count('"user"')).toBe(before)
    })

    it("hands a body that is too long, or is no JSON, to the app's error handler", async () => {
      const port = await start()
      const post = { port, method: "POST", path: "/auth/callback/convert" }
      const form = { "content-type": "application/x-www-form-urlencoded" }
      expect((await send({ ...post, headers: form, body: `password=${"x".repeat(200_000)}` })).status).toBe(413)
      expect((await send({ ...post, headers: { "content-type": "application/json" }, body: "{" })).status).toBe(400)
    })
  })

  describe("errors", () => {
    async function withoutUsers(work: () => Promise<void>): Promise<void> {
      await app.database.query('alter table "user" rename to gone')
      try {
        await work()
      } finally {
        await app.database.query('alter table gone rename to "user"')
      }
    }

    it("of the database reach Express's error handler, with no cookie set and no user made", async () => {
      const port = await start()
      const before = await app.count('"user"')
      await withoutUsers(async () => {
        const answer = await send({ port, path: "/notes" })
        expect([answer.status, JSON.parse(answer.text)]).toEqual([500, { error: "AdapterError" }])
        expect(answer.headers["set-cookie"]).toBeUndefined()
      })
      expect(await app.count('"user"')).toBe(before)
      expect((await send({ port, path: "/notes" })).status).toBe(200)
    })

    it("of the database never send a signed-in user away, nor end the session", async () => {
      const browser = browserAt(await start({ lazy: { recheck: 0 } }))
      const { user } = await visit(browser, "/notes")
      await withoutUsers(async () => {
        const answer = await browser.visit("/lazy", { headers: NAVIGATION })
        expect(answer.status).toBe(strategy === "database" ? 500 : 200)
      })
      expect((await visit(browser, "/lazy")).user).toEqual(user)
    })

    it("of the handler behind the gate reach it too", async () => {
      const answer = await send({ port: await start(), path: "/late-error" })
      expect([answer.status, JSON.parse(answer.text)]).toEqual([500, { error: "RangeError" }])
    })

    it("of the app's callbacks reach it too", async () => {
      const port = await start({
        callbacks: {
          signIn: () => {
            throw new Error("from the callback")
          },
        },
      })
      const answer = await send({ port, path: "/notes" })
      expect([answer.status, JSON.parse(answer.text)]).toEqual([500, { error: "AccessDenied" }])
    })
  })
})
