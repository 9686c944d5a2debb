import { RateLimiterMemory } from "rate-limiter-flexible"
import { expect, it } from "vitest"
import { gate, type LazyOptions, withLazy } from "../../src/index.js"
import { describeFlows, refusal } from "../setup/flow-app.js"

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

describeFlows("limits on new lazy users", (app) => {
  /** A gate with its own limits, and what it says to a first visit from an address. */
  const open = (lazy: LazyOptions) => {
    const auth = withLazy({ ...app.config, lazy })
    return (address: string, headers: Record<string, string> = {}) =>
      gate(
        new Request("http://app.test/notes", { headers: { "user-agent": CHROME, accept: "text/html", ...headers } }),
        auth,
        { getClientAddress: () => address },
      )
  }

  it("stops a client address after 30 an hour by default, and no other", async () => {
    const visit = open({})
    const before = await app.count('"user"')
    for (let n = 0; n < 30; n++) expect((await visit("192.0.2.1")).open).toBe(true)
    const refused = await visit("192.0.2.1")
    expect(refused).toMatchObject({ open: false, reason: "rate-limited", status: 429, session: null })
    const wait = Number(refused.headers.get("retry-after"))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(3600)
    expect(refused.headers.getSetCookie()).toEqual([])
    expect((await visit("192.0.2.2")).open).toBe(true)
    expect(await app.count('"user"')).toBe(before + 31)
  })

  it("answers a browser with a plain page, and an API with JSON", async () => {
    const visit = open({ limits: { perAddress: 1 } })
    await visit("192.0.2.1")
    const page = await visit("192.0.2.1")
    expect(page.headers.get("content-type")).toContain("text/html")
    const api = await visit("192.0.2.1", { accept: "application/json" })
    expect(api).toMatchObject({ body: '{"error":"rate-limited"}' })
    expect(api.headers.get("content-type")).toBe("application/json")
  })

  it("counts an IPv6 client by its /64", async () => {
    const visit = open({ limits: { perAddress: 1 } })
    expect((await visit("2001:db8::1")).open).toBe(true)
    expect((await visit("2001:db8::2")).open).toBe(false)
    expect((await visit("2001:db8:0:1::1")).open).toBe(true)
  })

  it("believes a forwarded header only where the app says so", async () => {
    const trusting = open({ limits: { perAddress: 1 }, trustProxy: { header: "x-forwarded-for" } })
    expect((await trusting("10.0.0.1", { "x-forwarded-for": "203.0.113.1" })).open).toBe(true)
    expect((await trusting("10.0.0.1", { "x-forwarded-for": "203.0.113.2" })).open).toBe(true)
    expect((await trusting("10.0.0.1", { "x-forwarded-for": "6.6.6.6, 203.0.113.2" })).open).toBe(false)
    const distrusting = open({ limits: { perAddress: 1 } })
    expect((await distrusting("10.0.0.1", { "x-forwarded-for": "203.0.113.1" })).open).toBe(true)
    expect((await distrusting("10.0.0.1", { "x-forwarded-for": "203.0.113.2" })).open).toBe(false)
  })

  it("caps all together, while real users still sign in and lazy ones go on", async () => {
    const lazy = { limits: { overall: 2 } }
    const auth = withLazy({ ...app.config, lazy })
    const cookies: string[] = []
    for (const address of ["192.0.2.1", "192.0.2.2"]) {
      const request = new Request("http://app.test/", { headers: { "user-agent": CHROME } })
      const result = await gate(request, auth, { getClientAddress: () => address })
      cookies.push(result.open ? result.cookie : "")
    }
    const third = await gate(new Request("http://app.test/", { headers: { "user-agent": CHROME } }), auth)
    expect(third).toMatchObject({ open: false, reason: "rate-limited" })
    const again = await gate(
      new Request("http://app.test/", { headers: { "user-agent": CHROME, cookie: cookies[0] as string } }),
      auth,
    )
    expect(again).toMatchObject({ open: true, created: false, session: { user: { isLazy: true } } })
    const real = app.browser({ lazy })
    await real.signIn("convert", {
      username: `capped-${crypto.randomUUID().slice(0, 8)}`,
      password: "correct horse battery staple",
    })
    expect((await real.session())?.user.isLazy).toBe(false)
  })

  it('takes any limiter, and counts signIn("lazy") by the same', async () => {
    const perAddress = new RateLimiterMemory({ points: 1, duration: 60 })
    const lazy = { limits: { overall: perAddress } }
    const auth = { ...app.config, lazy }
    expect(refusal(await app.browser(auth).signIn("lazy"))).toBeNull()
    const before = await app.count('"user"')
    expect(refusal(await app.browser(auth).signIn("lazy"))).toBe("too_many_lazy_users")
    expect(await app.count('"user"')).toBe(before)
  })

  it("can be turned off", async () => {
    const visit = open({ limits: { perAddress: false } })
    for (let n = 0; n < 40; n++) expect((await visit("192.0.2.1")).open).toBe(true)
  })

  it("refuses limits that are none, at construction", () => {
    for (const limits of [{ perAddress: 0 }, { perAddress: -1 }, { overall: 1.5 }])
      expect(() => withLazy({ ...app.config, lazy: { limits } })).toThrow(/whole number/)
  })

  it("treats a visitor whom verify does not take for a person as a bot", async () => {
    const asked: unknown[] = []
    const visit = open({
      verify: (request, form) => {
        asked.push([new URL(request.url).pathname, form])
        return request.headers.get("x-person") === "yes"
      },
    })
    const before = await app.count('"user"')
    expect(await visit("192.0.2.1")).toMatchObject({ open: true, session: null, skipped: "bot" })
    expect(await app.count('"user"')).toBe(before)
    expect(await visit("192.0.2.1", { "x-person": "yes" })).toMatchObject({ open: true, created: true })
    expect(asked).toEqual([
      ["/notes", {}],
      ["/notes", {}],
    ])
  })

  it('hands verify what the form of signIn("lazy") sent', async () => {
    const verify = (_request: Request, form: Record<string, unknown>) => form["cf-turnstile-response"] === "solved"
    expect(refusal(await app.browser({ lazy: { verify } }).signIn("lazy"))).toBe("lazy_not_verified")
    expect(
      refusal(await app.browser({ lazy: { verify } }).signIn("lazy", { "cf-turnstile-response": "solved" })),
    ).toBeNull()
  })

  it("writes nothing when verify or the store of a limiter throws", async () => {
    const before = await app.count('"user"')
    const broken = () => Promise.reject(new Error("away"))
    const limiter = new RateLimiterMemory({ points: 1, duration: 1 })
    limiter.consume = broken
    for (const lazy of [{ verify: broken }, { limits: { overall: limiter } }])
      await expect(open(lazy)("192.0.2.1")).rejects.toThrow()
    expect(await app.count('"user"')).toBe(before)
  })

  it("asks isBot instead of the built-in list", async () => {
    const visit = open({ isBot: (userAgent) => userAgent?.includes("Chrome") === true })
    expect(await visit("192.0.2.1")).toMatchObject({ session: null, skipped: "bot" })
    expect(await visit("192.0.2.1", { "user-agent": "Googlebot/2.1" })).toMatchObject({ created: true })
  })

  it("makes nobody for a WebSocket upgrade", async () => {
    expect(await open({})("192.0.2.1", { upgrade: "websocket", connection: "Upgrade" })).toMatchObject({
      session: null,
      skipped: "upgrade",
    })
  })
})
