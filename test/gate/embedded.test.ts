import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type GateRefused, gate, LazySetupError, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { postgresDatabase } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"

const PARTNER = "https://partner.example"
const SELF = "https://app.test"
const POLICY = `frame-ancestors 'self' ${PARTNER} http://localhost:3000`
const embedded = { lazy: { embedded: [PARTNER, "http://localhost:3000"] } }

const database = new FlowApp("database")
const jwt = new FlowApp("jwt")
beforeAll(async () => {
  database.database = jwt.database = await postgresDatabase()
})
afterAll(() => database.database?.close())

/** What a browser sends for an iframe on a page of the partner. */
const FRAME = {
  "sec-fetch-site": "cross-site",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "iframe",
  referer: `${PARTNER}/`,
  accept: "text/html",
}

/** An old browser sends no Fetch Metadata. */
const OLD = { "sec-fetch-site": undefined, "sec-fetch-mode": undefined, "sec-fetch-dest": undefined }

function ask(headers: Record<string, string | undefined>, method = "GET", app = database) {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const auth = withLazy({ ...app.config, ...embedded })
  return (options = {}) => gate({ method, url: `${SELF}/notes`, headers: new Headers(given) }, auth, options)
}

describe("lazy.embedded takes origins alone", () => {
  const withSites = (sites: unknown) => () => withLazy({ ...database.config, lazy: { embedded: sites as string[] } })

  it.each([
    [PARTNER],
    ["https://a.b-c.example:8443"],
    ["http://localhost:5173"],
    ["http://partner.localhost"],
    ["http://127.0.0.1:8001"],
  ])("%s", (site) => {
    expect(withSites([site])).not.toThrow()
  })

  it.each([
    ["a slash at the end", "https://partner.example/", 'Write "https://partner.example"'],
    ["a path", "https://partner.example/app", 'Write "https://partner.example"'],
    ["capitals", "HTTPS://Partner.Example", 'Write "https://partner.example"'],
    ["the usual port", "https://partner.example:443", 'Write "https://partner.example"'],
    ["letters outside of ASCII", "https://bücher.example", 'Write "https://xn--bcher-kva.example"'],
    ["a name and password", "https://a:b@partner.example", 'Write "https://partner.example"'],
    ["no TLS", "http://partner.example", 'Write "https://partner.example"'],
    ["no TLS, at a name that begins like this machine's", "http://localhost.evil.example", 'Write "https://'],
    ["no TLS, at an address that begins like this machine's", "http://127.0.0.1.evil.example", 'Write "https://'],
    ["no scheme", "partner.example", "without a wildcard"],
    ["a wildcard", "https://*.partner.example", "without a wildcard"],
    ["a wildcard alone", "*", "without a wildcard"],
    ["a keyword", "'self'", "without a wildcard"],
    ["a second directive", "https://partner.example;script-src", "without a wildcard"],
    ["a second policy", "https://partner.example,default-src", "without a wildcard"],
    ["two sites in one", "https://partner.example https://evil.example", "without a wildcard"],
    ["a line break", "https://partner.example\n", 'Write "https://partner.example"'],
    ["an opaque origin", "null", "without a wildcard"],
    ["a file", "file:///index.html", "without a wildcard"],
    ["a dot at the end", "https://partner.example.", "without a wildcard"],
    ["nothing", "", "without a wildcard"],
    ["no text", 7, "without a wildcard"],
  ])("and not %s", (_, site, message) => {
    expect(withSites([site])).toThrow(LazySetupError)
    expect(withSites([site])).toThrow(message)
  })

  it.each([
    ["a text", PARTNER],
    ["an object", { [PARTNER]: true }],
    ["null", null],
  ])("and not %s for a list", (_, sites) => {
    expect(withSites(sites)).toThrow('lazy: { embedded: ["https://partner.example"] }')
  })

  it("and names every one that is wrong at once", () => {
    expect(withSites(["*", "null"])).toThrow("2 things are wrong")
  })

  it("and changes nothing with an empty list", async () => {
    const auth = withLazy({ ...database.config, lazy: { embedded: [] } })
    const result = await gate({ method: "GET", url: SELF, headers: new Headers(FRAME) }, auth)
    expect(result).toMatchObject({ open: true, skipped: "cross-site" })
    expect(result.headers.has("content-security-policy")).toBe(false)
    expect(auth().cookies?.csrfToken).toBeUndefined()
  })
})

describe("the cookies", () => {
  it.each([
    ["sessionToken", { sameSite: "lax" }, "Remove `sameSite` from cookies.sessionToken.options."],
    ["csrfToken", { sameSite: "Strict" }, "Remove `sameSite` from cookies.csrfToken.options."],
    ["state", { sameSite: true }, "Remove `sameSite` from cookies.state.options."],
    ["pkceCodeVerifier", { secure: false }, "Remove `secure` from cookies.pkceCodeVerifier.options."],
    ["nonce", { partitioned: false }, "Remove `partitioned` from cookies.nonce.options."],
  ])("must not contradict: %s %j", (name, options, message) => {
    const cookies = { [name]: { options } } as never
    expect(() => withLazy({ ...database.config, ...embedded, cookies })).toThrow(message)
    expect(() => withLazy({ ...database.config, cookies })).not.toThrow()
  })

  it.each([
    ["database", database],
    ["jwt", jwt],
  ])("are all made for frames, with %s sessions, and keep what the app sets", async (_, app) => {
    const cookies = {
      sessionToken: { name: "own", options: { path: "/", sameSite: "none", maxAge: 60 } },
      callbackUrl: { options: { httpOnly: false } },
    } as never
    const browser = app.browser({ ...embedded, cookies }, SELF)
    const set = [
      ...(await browser.visit("/auth/csrf")).headers.getSetCookie(),
      ...(await browser.signIn("lazy")).headers.getSetCookie(),
      ...(await browser.signOut()).headers.getSetCookie(),
    ]
    expect(new Set(set.map((cookie) => cookie.split("=")[0]))).toEqual(
      new Set(["__Host-authjs.csrf-token", "__Secure-authjs.callback-url", "own"]),
    )
    const outside = set.filter((cookie) => !/Secure; SameSite=None; Partitioned$/.test(reordered(cookie)))
    // The one of before, which a frame of another site can't remove.
    expect(outside).toEqual([expect.stringMatching(/^own=; Max-Age=0; .*SameSite=Lax$/)])
    expect(set.find((cookie) => cookie.startsWith("own=") && !cookie.startsWith("own=;"))).toContain("Max-Age=60")
  })

  it("of a visit to a gate, of the convert page, and of a question for a newer session are made for frames", async () => {
    const auth = withLazy({ ...database.config, ...embedded })
    const made = await ask(FRAME)()
    const page = await convertPage(auth)(new Request(`${SELF}/convert`))
    const ended = `__Secure-authjs.session-token=${crypto.randomUUID()}`
    const asked = await ask({ ...FRAME, cookie: ended })()
    expect(asked).toMatchObject({ open: false, reason: "session-ended" })
    const set = [made.headers, page.headers, asked.headers].map((headers) => headers.getSetCookie())
    for (const cookies of set) {
      expect(cookies.length).toBeGreaterThan(0)
      for (const cookie of cookies) expect(reordered(cookie)).toMatch(/Secure; SameSite=None; Partitioned$/)
    }
    expect(page.headers.get("content-security-policy")).toContain(`; ${POLICY}`)
    expect(page.headers.has("x-frame-options")).toBe(false)
  })
})

/** Puts the attributes in one order: Auth.js and this library have two. */
function reordered(cookie: string): string {
  const parts = cookie.split("; ")
  const last = ["Secure", "SameSite=None", "Partitioned"]
  return [...parts.filter((part) => !last.includes(part)), ...last.filter((part) => parts.includes(part))].join("; ")
}

describe("a lazy user is made", () => {
  it.each([
    ["in a frame of a listed site", {}],
    ["in a frame that the app itself sent through another site", { referer: `${SELF}/signin` }],
    ["in a frame of a listed site on this machine", { referer: "http://localhost:3000/page?query" }],
    ["in a frame within the app", { "sec-fetch-site": "same-origin", referer: `${SELF}/` }],
    ["by a link on any site", { "sec-fetch-dest": "document", referer: "https://other.example/" }],
  ])("%s", async (_, headers) => {
    const result = await ask({ ...FRAME, ...headers })()
    expect(result).toMatchObject({ open: true, created: true })
    expect(result.headers.get("content-security-policy")).toBe(POLICY)
  })
})

describe("nobody is made, and a session that the browser sends along is ignored", () => {
  let cookie: string
  beforeAll(async () => {
    const made = await ask(FRAME)()
    cookie = made.open ? `theme=dark; ${made.cookie}` : ""
  })

  const SITES: [string, Record<string, string | undefined>, string?][] = [
    ["in a frame of another site", { referer: "https://evil.example/" }],
    ["in a frame of a subdomain of a listed site", { referer: "https://evil.partner.example/" }],
    ["in a frame of a site whose name ends with a listed one", { referer: "https://evilpartner.example/" }],
    ["in a frame of a site whose name begins with a listed one", { referer: `${PARTNER}.evil.example/` }],
    ["in a frame of a listed name, without TLS", { referer: "http://partner.example/" }],
    ["in a frame of a listed name at another port", { referer: `${PARTNER}:8443/` }],
    ["in a frame of a site that names a listed one in its address", { referer: `https://evil.example/${PARTNER}/` }],
    ["in a frame of a site that has a listed one for a name", { referer: "https://partner.example@evil.example/" }],
    ["in a frame of a page that hides its address", { referer: undefined }],
    ["in a frame of an opaque origin", { referer: "null" }],
    ["in a frame of an unreadable address", { referer: "https://" }],
    ["in an object of a listed site", { "sec-fetch-dest": "object" }],
    ["by an image of a listed site", { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }],
    ["by a script of a listed site", { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", origin: PARTNER }],
    ["by a form of a listed site", { "sec-fetch-dest": "document", origin: PARTNER }, "POST"],
    ["by a form of a listed site, into the frame", { origin: PARTNER }, "POST"],
    ["by a form of another site", { "sec-fetch-dest": "document", origin: "https://evil.example" }, "POST"],
    ["by a form of another site, from an old browser", { ...OLD, origin: "https://evil.example" }, "POST"],
    ["by a form of an opaque origin, from an old browser", { ...OLD, origin: "null" }, "POST"],
    ["by an image of another site, in an old browser", { ...OLD, referer: "https://evil.example/", accept: "image/*" }],
  ]

  it.each(SITES)("%s", async (_, headers, method) => {
    const users = await database.count('"user"')
    const send = ask({ ...FRAME, ...headers, cookie }, method)
    const result = await send()
    expect(result).toMatchObject({ open: true, session: null, skipped: "cross-site", cookie: "theme=dark" })
    expect(result.headers.get("content-security-policy")).toBe(POLICY)
    expect(result.headers.getSetCookie()).toEqual([])
    // A shared cache knows this page by the cookies of a visitor who has a session.
    const shared = new Response("", { headers: { "cache-control": "public, max-age=60" } })
    expect(result.apply(shared).headers.get("cache-control")).toBe("private, no-store")
    expect(await send({ create: false })).toMatchObject({ open: true, session: null, cookie: "theme=dark" })
    expect(await send({ require: "lazy" })).toMatchObject({ open: false, session: null, reason: "lazy-required" })
    expect(await database.count('"user"')).toBe(users)
  })

  it("by a WebSocket of a listed site", async () => {
    const headers = { ...FRAME, "sec-fetch-mode": "websocket", "sec-fetch-dest": "empty", origin: PARTNER, cookie }
    const result = await ask({ ...headers, upgrade: "websocket" })()
    expect(result).toMatchObject({ open: true, session: null, skipped: "upgrade", cookie: "theme=dark" })
  })

  it("and the browser that sent it is still signed in", async () => {
    const own = { ...FRAME, "sec-fetch-site": "same-origin", referer: `${SELF}/`, cookie }
    expect(await ask(own)()).toMatchObject({ open: true, created: false, session: { user: { isLazy: true } } })
    expect(await ask({ ...own, origin: SELF }, "POST")()).toMatchObject({ session: { user: { isLazy: true } } })
    expect(await ask({ ...FRAME, cookie })()).toMatchObject({ session: { user: { isLazy: true } } })
  })
})

describe("the policy on who may embed the app", () => {
  it.each([
    ["none", undefined, POLICY],
    ["its own", "default-src 'self'", `default-src 'self', ${POLICY}`],
    ["a stricter one", "frame-ancestors 'none'", `frame-ancestors 'none', ${POLICY}`],
    ["the very same", POLICY, POLICY],
    ["one that begins with it", `${POLICY} https://evil.example`, `${POLICY} https://evil.example, ${POLICY}`],
  ])("stands beside that of the handler: %s", async (_, own, expected) => {
    const result = await ask(FRAME)()
    const answer = new Response("", { headers: own === undefined ? {} : { "content-security-policy": own } })
    expect(result.apply(answer).headers.get("content-security-policy")).toBe(expected)
    expect(result.apply(result.apply(answer)).headers.get("content-security-policy")).toBe(expected)
  })

  it("stands on refusals, and on the pages of Auth.js", async () => {
    const refused = await ask({ ...FRAME, "sec-fetch-mode": "cors" })({ require: "real" })
    expect((refused as GateRefused).apply().headers.get("content-security-policy")).toBe(POLICY)
    expect(refused.apply(new Response("")).headers.get("content-security-policy")).toBe(POLICY)
    const browser = database.browser(embedded, SELF)
    for (const path of ["/auth/signin", "/auth/signout", "/auth/session", "/auth/error", "/auth/nothing"])
      expect((await browser.visit(path)).headers.get("content-security-policy"), path).toBe(POLICY)
  })
})

it("a conversion in a frame ends the session of before the option, too", async () => {
  for (const app of [database, jwt]) {
    // Made before the app set the option.
    const browser = app.browser({}, SELF)
    await browser.signIn("lazy")
    const own = app.browser(embedded, SELF)
    for (const cookie of await browser.jar.getCookies(SELF)) await own.jar.setCookie(cookie.toString(), SELF)
    expect((await own.session())?.user.isLazy).toBe(true)
    const name = `frame-${crypto.randomUUID().slice(0, 8)}`
    const form = { username: name, password, passwordConfirm: password }
    const answer = await own.signIn("convert", form)
    const removed = answer.headers.getSetCookie().filter((cookie) => cookie.includes("session-token=;"))
    expect(removed).toEqual([expect.not.stringContaining("Partitioned")])
    expect((await own.session())?.user).toMatchObject({ isLazy: false, username: name })
  }
})
