import { describe, expect, it } from "vitest"
import { type GateOptions, type GateResult, gate, handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { Browser, type VisitOptions } from "../setup/browser-jar.js"
import { describeFlows, type FlowApp, password } from "../setup/flow-app.js"

const ORIGIN = "http://app.test"
const COOKIE = "authjs.session-token"
const CLICK = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "same-origin" }
const SCRIPT = { accept: "*/*", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "sec-fetch-site": "same-origin" }

/**
 * Makes a browser for pages behind the gate, which checks each token in the database, as after
 * `recheck` seconds.
 */
class Visitor extends Browser {
  static of(app: FlowApp, options: GateOptions = {}, changes: Partial<LazyConfig> = {}): Visitor {
    const auth = withLazy({ ...app.config, lazy: { recheck: 0 }, ...changes })
    return new Visitor(ORIGIN, async (request) => {
      if (new URL(request.url).pathname.startsWith("/auth/")) return handleAuth(request, auth)
      return answer(await gate(request, auth, options))
    })
  }
}

function answer(result: GateResult): Response {
  const { headers, session } = result
  if (!result.open) return new Response(result.body || null, { status: result.status, headers })
  return Response.json(
    { id: session?.user.id ?? null, isLazy: session?.user.isLazy, skipped: result.skipped },
    { headers },
  )
}

describeFlows("a request that was sent before a conversion and is answered after it", (app, _strategy) => {
  const freshName = () => `late-${crypto.randomUUID().slice(0, 8)}`

  /** A browser that has converted, and the cookies that it had before. */
  async function converted(options?: GateOptions): Promise<{ browser: Visitor; id: string; before: string }> {
    const browser = Visitor.of(app, options)
    await browser.signIn("lazy")
    const id = (await browser.session())?.user.id as string
    const before = await browser.jar.getCookieString(ORIGIN)
    await browser.signIn("convert", { username: freshName(), password })
    return { browser, id, before }
  }

  const users = () => app.count('"user"')
  const sessionCookies = (response: Response) => response.headers.getSetCookie().filter((set) => set.startsWith(COOKIE))

  it.each([
    ["a page", { headers: CLICK }],
    ["a page in an old browser", {}],
    ["a form", { form: { text: "a note" }, headers: CLICK }],
    ["a page that another site leads to", { headers: { ...CLICK, "sec-fetch-site": "cross-site" } }],
  ] as [string, VisitOptions][])("%s makes nobody, and finds the new session at the next try", async (_, sent) => {
    const { browser, id, before } = await converted()
    const count = await users()
    const late = await browser.visit("/notes?page=2", { ...sent, headers: { ...sent.headers, cookie: before } })
    expect([late.status, late.headers.get("location")]).toEqual([307, "/notes?page=2"])
    expect(late.headers.get("cache-control")).toContain("no-store")
    expect(sessionCookies(late)).toEqual([])
    const again = await browser.visit("/notes?page=2", sent)
    expect(await again.json()).toMatchObject({ id, isLazy: false })
    expect(await users()).toBe(count)
    expect((await browser.session())?.user.id).toBe(id)
  })

  it.each(["real", "lazy"] as const)(
    "a page behind require: %s refuses nobody by a session that was ended",
    async (require) => {
      const { browser, before } = await converted({ require })
      const late = await browser.visit("/only", { headers: { ...CLICK, cookie: before } })
      expect([late.status, late.headers.get("location")]).toEqual([307, "/only"])
      expect((await browser.visit("/only", { headers: CLICK })).status).toBe(require === "real" ? 200 : 303)
    },
  )

  it.each([
    ["a script", SCRIPT],
    ["a page loaded ahead", { ...CLICK, "sec-purpose": "prefetch" }],
    ["an image", { ...SCRIPT, accept: "image/avif,*/*", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }],
  ])("%s makes nobody and leaves the cookie alone", async (_, headers) => {
    for (const options of [{}, { require: "real" }] as GateOptions[]) {
      const { browser, id, before } = await converted(options)
      const count = await users()
      const late = await browser.visit("/api", { headers: { ...headers, cookie: before } })
      expect(late.status).not.toBe(307)
      expect(late.headers.getSetCookie()).toEqual([])
      expect(await users()).toBe(count)
      expect((await browser.session())?.user.id).toBe(id)
    }
  })

  it("leaves the cookie alone after a merge and after a sign-in that merged nobody", async () => {
    const username = freshName()
    await Visitor.of(app).signIn("convert", { username, password })
    for (const merge of ["auto", "never"] as const) {
      const browser = Visitor.of(app, {}, { lazy: { recheck: 0, merge } })
      await browser.signIn("lazy")
      const before = await browser.jar.getCookieString(ORIGIN)
      await browser.signIn("password", { username, password })
      const count = await users()
      const late = await browser.visit("/", { headers: { ...CLICK, cookie: before } })
      expect(late.status).toBe(307)
      expect(await users()).toBe(count)
      const session = await browser.session()
      expect(session?.user).toMatchObject({ username, isLazy: false })
    }
  })

  it("the session route of Auth.js leaves the cookie alone, and removes one that never was a session", async () => {
    const { browser, id, before } = await converted()
    const late = await browser.visit("/auth/session", { headers: { ...SCRIPT, cookie: before } })
    expect([await late.json(), sessionCookies(late)]).toEqual([null, []])
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    const broken = await browser.visit("/auth/session", { headers: { ...SCRIPT, cookie: `${COOKIE}=made-up` } })
    expect(sessionCookies(broken)).toHaveLength(1)
  })

  it("from a browser that has nothing else makes a lazy user at the next try, also of a form", async () => {
    for (const sent of [{ headers: CLICK }, { form: { text: "kept" }, headers: CLICK }] as VisitOptions[]) {
      const { before } = await converted()
      const lost = Visitor.of(app)
      for (const pair of before.split("; ")) await lost.jar.setCookie(`${pair}; Path=/`, ORIGIN)
      const count = await users()
      expect((await lost.visit("/", sent)).status).toBe(307)
      expect(await (await lost.visit("/", sent)).json()).toMatchObject({ isLazy: true })
      expect(await users()).toBe(count + 1)
      expect((await lost.session())?.user.isLazy).toBe(true)
    }
  })

  it("is not sent in circles where the client keeps no cookies", async () => {
    const { before } = await converted()
    const count = await users()
    const client = Visitor.of(app)
    const statuses: number[] = []
    for (let n = 0; n < 6; n++)
      statuses.push((await client.visit("/", { headers: { ...CLICK, cookie: before } })).status)
    expect(statuses.filter((status) => status === 307).length).toBeLessThanOrEqual(3)
    expect(statuses.at(-1)).toBe(200)
    expect(await users()).toBe(count)
  })

  it("does not believe a mark that was made for another session", async () => {
    const [one, other] = [await converted(), await converted()]
    const late = await one.browser.visit("/", { headers: { ...CLICK, cookie: one.before } })
    const mark = late.headers.getSetCookie().join().split(";")[0]
    const count = await users()
    const answer = await other.browser.visit("/", { headers: { ...CLICK, cookie: `${other.before}; ${mark}` } })
    expect(answer.status).toBe(307)
    expect(await users()).toBe(count)
  })
})

describeFlows("a page that a browser loads ahead", (app) => {
  const ahead = [
    ["prefetched by speculation rules", { ...CLICK, "sec-purpose": "prefetch" }],
    ["prerendered", { ...CLICK, purpose: "prefetch", "sec-purpose": "prefetch;prerender" }],
    ["<link rel=prefetch>", { ...SCRIPT, "sec-fetch-mode": "no-cors", purpose: "prefetch", "sec-purpose": "prefetch" }],
    ["through a proxy of the browser's maker", { ...CLICK, "sec-purpose": "prefetch;anonymous-client-ip" }],
    ["Firefox before 115", { "x-moz": "prefetch" }],
  ] as [string, Record<string, string>][]

  describe.each(ahead)("%s", (_, headers) => {
    it("is refused where it would be shown without a session, so that the browser asks again", async () => {
      const count = await app.count('"user"')
      for (const options of [{}, { require: "real" }, { require: "lazy" }] as GateOptions[]) {
        const answer = await Visitor.of(app, options).visit("/", { headers })
        expect([answer.status, answer.headers.get("cache-control")]).toEqual([503, "private, no-store"])
        expect(answer.headers.getSetCookie()).toEqual([])
        expect(answer.headers.has("location")).toBe(false)
      }
      expect(await app.count('"user"')).toBe(count)
    })

    it("is shown to somebody who has a session", async () => {
      const browser = Visitor.of(app)
      await browser.signIn("lazy")
      const answer = await browser.visit("/", { headers })
      expect([answer.status, (await answer.json()).isLazy]).toEqual([200, true])
    })

    it("is shown without a session where no lazy users are made", async () => {
      const answer = await Visitor.of(app, {}, { lazy: { enabled: false } }).visit("/", { headers })
      expect([answer.status, (await answer.json()).skipped]).toEqual([200, "prefetch"])
    })
  })

  it.each([
    ["Next's router", { rsc: "1", "next-router-prefetch": "1" }],
    ["Next's router for pages", { purpose: "prefetch", "x-nextjs-data": "1" }],
    ["Turbo", { "x-sec-purpose": "prefetch" }],
    ["Safari's previews", { "x-purpose": "preview" }],
  ] as [string, Record<string, string>][])(
    "is shown without a session where no browser keeps it for a click: %s",
    async (_, headers) => {
      const answer = await Visitor.of(app).visit("/", { headers })
      expect([answer.status, (await answer.json()).skipped]).toEqual([200, "prefetch"])
    },
  )
})
