import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { gate, handleAuth, withLazy } from "../../src/index.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp } from "../setup/flow-app.js"

const LIMIT = 256 * 1024
const PIECE = new Uint8Array(1024).fill(120)
const form = { "content-type": "application/x-www-form-urlencoded" }

describe("a body that is sent to a route of Auth.js", () => {
  const app = new FlowApp("database")
  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterAll(() => app.database.close())

  const post = (body: BodyInit, headers: Record<string, string> = form) =>
    handleAuth(
      new Request("http://localhost/auth/callback/lazy", {
        method: "POST",
        headers,
        body,
        duplex: "half",
      } as RequestInit),
      withLazy(app.config),
    )

  /** Pieces without end, of which it counts those that were taken. */
  function endless() {
    const taken = { bytes: 0, cancelled: false }
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        taken.bytes += PIECE.length
        controller.enqueue(PIECE)
      },
      cancel() {
        taken.cancelled = true
      },
    })
    return { stream, taken }
  }

  it.each([form, { "content-type": "application/json" }, { "content-type": "text/plain" }])(
    "is refused where it has no end, and is read no further (%o)",
    async (headers) => {
      const { stream, taken } = endless()
      const answer = await post(stream, headers)
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([413, []])
      expect(taken.cancelled).toBe(true)
      expect(taken.bytes).toBeLessThan(LIMIT + 10 * PIECE.length)
    },
  )

  it("is refused unread where it says itself that it is too long", async () => {
    const { stream, taken } = endless()
    expect((await post(stream, { ...form, "content-length": String(LIMIT + 1) })).status).toBe(413)
    // A stream makes its first piece before anybody asks for it.
    expect(taken.bytes).toBeLessThanOrEqual(PIECE.length)
  })

  it.each(["", "-1", "NaN", "0x10", "1e3"])("is not believed to be short where it says %o", async (length) => {
    const { stream } = endless()
    expect((await post(stream, { ...form, "content-length": length })).status).toBe(413)
  })

  it("is read to its last byte where it is just short enough", async () => {
    const browser = app.browser()
    const csrfToken = await browser.csrfToken()
    const rest = new URLSearchParams({ filler: "", csrfToken }).toString().length
    const answer = await browser.signIn("lazy", { filler: "x".repeat(LIMIT - rest) })
    expect(answer.status).toBe(302)
    expect((await browser.session())?.user.isLazy).toBe(true)
    expect((await browser.signIn("lazy", { filler: "x".repeat(LIMIT - rest + 1) })).status).toBe(413)
  })

  it("is no request at all where it breaks off", async () => {
    const stream = new ReadableStream({
      pull(controller) {
        controller.error(new Error("The client has gone away."))
      },
    })
    expect((await post(stream)).status).toBe(400)
  })
})

describe("a Request that is no instance of the global class", () => {
  const app = new FlowApp("database")
  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterAll(() => app.database.close())

  it("gets a configuration that knows its session", async () => {
    const { browser, id } = await app.lazyBrowser()
    const cookie = await browser.jar.getCookieString("http://app.test/")
    const { url, method, headers } = new Request("http://app.test/", { headers: { cookie } })
    // Other implementations of fetch have the same fields, and none called `request`.
    const foreign = { url, method, headers, signal: null } as unknown as Request
    const config = withLazy(app.config)(foreign)
    const session = await gate(foreign, () => config)
    expect(session).toMatchObject({ open: true, created: false, session: { user: { id } } })
  })
})

describe("an answer of Auth.js that says nothing about caches", () => {
  const app = new FlowApp("database")
  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterAll(() => app.database.close())

  it.each(["signin", "signout", "error", "verify-request", "providers"])("is private: %s", async (action) => {
    const browser = app.browser()
    await browser.csrfToken()
    await browser.visit("/auth/signin?callbackUrl=%2F")
    const answer = await browser.visit(`/auth/${action}`)
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(answer.headers.get("cache-control")).toBe("private, no-store")
  })

  it("is private where it is a redirect, whose headers can't be changed", async () => {
    const browser = app.browser({ trustHost: false, pages: { error: "/oops" } })
    const answer = await browser.visit("/auth/signin")
    expect(answer.headers.get("location")).toMatch(/\/oops\?error=Configuration$/)
    expect(answer.headers.get("cache-control")).toBe("private, no-store")
  })
})
