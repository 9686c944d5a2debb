import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type GateOptions, type GateResult, gate, handleAuth, withLazy } from "../../src/index.js"
import { API, NAVIGATION } from "../contract/gate-contract-visitor.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"

const COOKIE = "authjs.session-token"

describe("apply", () => {
  const app = new FlowApp("database")

  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterAll(() => app.database.close())

  /**
   * Makes a browser at an app that answers each request with what `answer` makes of the gate's
   * result.
   */
  function browserOf(answer: (result: GateResult) => Response | Promise<Response>, options: GateOptions = {}): Browser {
    const auth = withLazy({ ...app.config, lazy: { recheck: 0 } })
    return new Browser("http://app.test", async (request) =>
      request.url.includes("/auth/") ? handleAuth(request, auth) : answer(await gate(request, auth, options)),
    )
  }

  const text = (answer: Response) => answer.text()

  /** Of two visits, with what comes of the first; fails where they are not one user's. */
  async function expectOneUser(answer: (result: GateResult) => Response | Promise<Response>): Promise<Response> {
    const users: (string | undefined)[] = []
    const browser = browserOf((result) => {
      users.push(result.session?.user.id)
      return answer(result)
    })
    const first = await browser.visit("/", { headers: NAVIGATION })
    await browser.visit("/", { headers: NAVIGATION })
    expect(users).toEqual([users[0], users[0]])
    expect(users[0]).toBeDefined()
    expect(first.headers.get("cache-control")).toBe("private, no-store")
    expect(first.headers.get("vary")).toMatch(/\bcookie\b/i)
    return first
  }

  it("keeps status, body and headers, and adds the session to the cookies of the response", async () => {
    const headers = new Headers([
      ["set-cookie", "theme=dark; Path=/"],
      ["set-cookie", "lang=de; Path=/"],
      ["x-own", "1"],
      ["vary", "Accept-Language"],
    ])
    const first = await expectOneUser((result) =>
      result.apply(new Response("hello", { status: 201, statusText: "Made", headers })),
    )
    expect([first.status, first.statusText, await text(first)]).toEqual([201, "Made", "hello"])
    expect(first.headers.getSetCookie().map((cookie) => cookie.split("=")[0])).toEqual([COOKIE, "theme", "lang"])
    expect([first.headers.get("x-own"), first.headers.get("vary")]).toEqual(["1", "Accept-Language, Cookie"])
  })

  it.each<[string, () => Response, number]>([
    ["a redirect", () => Response.redirect("http://app.test/notes"), 302],
    ["a response without a body", () => new Response(null, { status: 204 }), 204],
    ["a stream", () => new Response(new Blob(["one", "two"]).stream()), 200],
    ["JSON", () => Response.json({ a: 1 }), 200],
    [
      "a response for shared caches",
      () => new Response("x", { headers: { "cache-control": "public, max-age=60" } }),
      200,
    ],
  ])("takes %s", async (_, make, status) => {
    expect((await expectOneUser((result) => result.apply(make()))).status).toBe(status)
  })

  it("takes what fetch returns", async () => {
    const upstream = createServer((_req, res) => res.writeHead(202, { "set-cookie": "theme=dark" }).end("from there"))
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve))
    try {
      const { port } = upstream.address() as AddressInfo
      const first = await expectOneUser(async (result) => result.apply(await fetch(`http://127.0.0.1:${port}/`)))
      expect([first.status, await text(first)]).toEqual([202, "from there"])
      expect(first.headers.getSetCookie()).toEqual([expect.stringContaining(COOKIE), "theme=dark"])
    } finally {
      upstream.close()
    }
  })

  it("may be called apart from its result, and twice, without setting a cookie twice", async () => {
    const first = await expectOneUser(({ apply }) => apply(apply(new Response("x"))))
    expect(first.headers.getSetCookie()).toHaveLength(1)
    expect(first.headers.get("vary")).toBe("Cookie")
  })

  it("leaves the last word on the session to the response", async () => {
    const browser = browserOf((result) =>
      result.apply(new Response("bye", { headers: { "set-cookie": `${COOKIE}=; Path=/; Max-Age=0` } })),
    )
    await browser.visit("/", { headers: NAVIGATION })
    expect(await browser.sessionCookie()).toBeUndefined()
  })

  it("leaves out its session where the response sets one in chunks, but not where it removes left-over chunks", async () => {
    const first = await expectNames([`${COOKIE}.0=a; Path=/`, `${COOKIE}.1=b; Path=/`])
    expect(first).toEqual([`${COOKIE}.0`, `${COOKIE}.1`])
    expect(await expectNames([`${COOKIE}.0=; Path=/; Max-Age=0`, "theme.0=x"])).toContain(COOKIE)
  })

  async function expectNames(cookies: string[]): Promise<(string | undefined)[]> {
    const headers = new Headers(cookies.map((cookie): [string, string] => ["set-cookie", cookie]))
    const sent = await browserOf((result) => result.apply(new Response("x", { headers }))).visit("/", {
      headers: NAVIGATION,
    })
    return sent.headers.getSetCookie().map((cookie) => cookie.split("=")[0])
  }

  it.each([
    ["cache-control", 'private="x-own", max-age=60'],
    ["cache-control", 'max-age=60, no-cache="private"'],
    ["cdn-cache-control", "max-age=60"],
    ["vercel-cdn-cache-control", "max-age=60"],
    ["surrogate-control", "max-age=60"],
    ["edge-control", "max-age=60"],
    ["x-litespeed-cache-control", "public"],
    ["x-accel-expires", "60"],
  ])("keeps a new session out of shared caches: %s: %s", async (name, value) => {
    const first = await expectOneUser((result) => result.apply(new Response("x", { headers: { [name]: value } })))
    expect(first.headers.get(name)).toBe(name === "cache-control" ? "private, no-store" : null)
  })

  it("leaves what a page says to shared caches where no session is new", async () => {
    const headers = { "cdn-cache-control": "max-age=60", "cache-control": "public" }
    const browser = browserOf((result) => result.apply(new Response("x", { headers })))
    await browser.visit("/", { headers: NAVIGATION })
    const again = await browser.visit("/", { headers: NAVIGATION })
    expect(again.headers.get("cdn-cache-control")).toBe("max-age=60")
  })

  it("leaves the response that it is given as it was", async () => {
    const given = new Response("x", { headers: { "x-own": "1" } })
    await browserOf((result) => result.apply(given)).visit("/", { headers: NAVIGATION })
    expect([...given.headers.keys()].toSorted()).toEqual(["content-type", "x-own"])
  })

  it("passes on what can't be copied", async () => {
    const error = Response.error()
    let seen: Response | undefined
    await browserOf((result) => {
      seen = result.apply(error)
      return new Response("x")
    }).visit("/", { headers: NAVIGATION })
    expect(seen).toBe(error)
  })

  it("adds no cookie for a visitor who has a session", async () => {
    const browser = browserOf((result) => result.apply(new Response(null)))
    await browser.visit("/", { headers: NAVIGATION })
    const again = await browser.visit("/", { headers: NAVIGATION })
    expect(again.headers.getSetCookie()).toEqual([])
    expect([again.headers.get("cache-control"), again.headers.get("vary")]).toEqual(["private", "Cookie"])
  })

  describe("of a refusal", () => {
    const real: GateOptions = { require: "real", redirectTo: "/convert" }

    it("is the refusal, without a response", async () => {
      const browser = browserOf((result) => (result.open ? new Response() : result.apply()), real)
      const sent = await browser.visit("/settings", { headers: NAVIGATION })
      expect([sent.status, sent.headers.get("location")]).toEqual([303, "/convert?callbackUrl=%2Fsettings"])
      const told = await browser.visit("/settings", { headers: API })
      expect([told.status, await told.json()]).toEqual([401, { error: "real-required" }])
      expect([told.headers.get("content-type"), told.headers.get("cache-control")]).toEqual([
        "application/json",
        "private, no-store",
      ])
    })

    it("is the app's own response, out of shared caches", async () => {
      const page = () => new Response("members only", { status: 403, headers: { "cache-control": "public" } })
      const shown = await browserOf((result) => result.apply(page()), real).visit("/settings", { headers: NAVIGATION })
      expect([shown.status, await text(shown), shown.headers.get("location")]).toEqual([403, "members only", null])
      expect([shown.headers.get("cache-control"), shown.headers.get("vary")]).toEqual(["private, no-store", "Cookie"])
    })

    it("tells a redirect without a target where to, and leaves another's alone", async () => {
      const own = browserOf((result) => result.apply(new Response(null, { status: 302 })), real)
      const sent = await own.visit("/settings", { headers: NAVIGATION })
      expect([sent.status, sent.headers.get("location")]).toEqual([302, "/convert?callbackUrl=%2Fsettings"])
      const other = browserOf((result) => result.apply(Response.redirect("http://app.test/join", 303)), real)
      const elsewhere = await other.visit("/settings", { headers: NAVIGATION })
      expect(elsewhere.headers.get("location")).toBe("http://app.test/join")
    })

    it("says when to come back, over the limit", async () => {
      const auth = withLazy({ ...app.config, lazy: { limits: { perAddress: 1 } } })
      const ask = () =>
        gate(new Request("http://app.test/", { headers: NAVIGATION }), auth, { getClientAddress: () => "192.0.2.1" })
      await ask()
      const refused = await ask()
      expect(refused.open).toBe(false)
      const shown = refused.apply(new Response("Later.", { status: 503 }))
      expect([shown.status, Number(shown.headers.get("retry-after")) > 0]).toEqual([503, true])
    })

    it("sets the cookie by which a late request comes back", async () => {
      const browser = browserOf((result) => (result.open ? result.apply(new Response("x")) : result.apply()))
      await browser.visit("/", { headers: NAVIGATION })
      await app.database.query("delete from session")
      const late = await browser.visit("/", { headers: NAVIGATION })
      expect([late.status, late.headers.get("location")]).toEqual([307, "/"])
      expect(late.headers.getSetCookie()).toEqual([expect.stringContaining("authjs-lazy.asked=")])
    })
  })
})
