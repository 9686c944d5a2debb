import { expect, it, onTestFinished, vi } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { type GateSession, handleAuth, type LazyConfig, LazySetupError, withLazy } from "../../src/index.js"
import { type StatsPageOptions, statsPage } from "../../src/stats.js"
import { Browser } from "../setup/browser-jar.js"
import { describeFlows, password } from "../setup/flow-app.js"
import { freshName } from "./page-app.js"

describeFlows("statsPage", (app, strategy) => {
  const origin = "http://app.test"

  /** A visitor of an app with the page at /stats. */
  function visitor(options: StatsPageOptions, changes: Partial<LazyConfig> = {}): Browser {
    const auth = withLazy({ ...app.config, ...changes })
    const page = statsPage(auth, options)
    return new Browser(origin, (request) =>
      new URL(request.url).pathname.startsWith("/auth/") ? handleAuth(request, auth) : page(request),
    )
  }

  async function realVisitor(options: StatsPageOptions, changes?: Partial<LazyConfig>): Promise<Browser> {
    const browser = visitor(options, changes)
    await browser.signIn("convert", { username: freshName(), password, passwordConfirm: password })
    return browser
  }

  it("is not found by visitors and lazy users, of whom `allow` hears nothing", async () => {
    const allow = vi.fn(() => true)
    const hidden = {
      callbacks: {
        session: ({ session }: { session: object }) => ({ ...session, user: { id: "root", isLazy: false } }),
      },
    }
    for (const changes of [{}, hidden as unknown as Partial<LazyConfig>]) {
      const browser = visitor({ allow }, changes)
      const nobody = await browser.visit("/stats")
      await browser.signIn("lazy")
      const lazy = await browser.visit("/stats")
      for (const answer of [nobody, lazy]) {
        expect(answer.status).toBe(404)
        expect(await answer.text()).toBe("Not found\n")
        expect(answer.headers.get("cache-control")).toBe("private, no-store")
      }
    }
    expect(allow).not.toHaveBeenCalled()
  })

  it.each([
    ["false", () => false],
    ["a promise of false", async () => false],
    ["something that is true to JavaScript", () => "yes" as unknown as boolean],
    ["nothing", () => undefined as unknown as boolean],
  ])("is forbidden to a real user for whom `allow` returns %s", async (_, allow) => {
    const answer = await (await realVisitor({ allow })).visit("/stats")
    expect(answer.status).toBe(403)
    expect(await answer.text()).toBe("Forbidden\n")
  })

  it("shows an admin numbers without a name, an address or an id, and allows the browser nothing but its style sheet", async () => {
    const seen: [GateSession, string][] = []
    const allow = async (session: GateSession, request: Request) => seen.push([session, request.url]) > 0
    const browser = await realVisitor({ allow })
    const { browser: _, id } = await app.lazyBrowser()
    await app.database.query(`update "user" set name = 'Ada Lovelace', email = 'ada@example.com' where id = '${id}'`)
    const answer = await browser.visit("/stats?weeks=4")
    expect(answer.status).toBe(200)
    const html = await answer.text()
    expect(html).toContain("<h1>Lazy users</h1>")
    expect(html).toContain('aria-current="page">4 weeks')
    const session = await browser.session()
    expect(seen).toEqual([[expect.objectContaining({ user: session?.user }), `${origin}/stats?weeks=4`]])
    const [, username] = [id, session?.user.username as string]
    for (const secret of ["Ada", "ada@example.com", id, session?.user.id as string, username])
      expect(html).not.toContain(secret)
    const { headers } = answer
    expect(headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    expect(headers.get("x-frame-options")).toBe("DENY")
    expect(headers.get("cache-control")).toBe("private, no-store")
    expect(headers.get("vary")).toBe("Cookie")
    expect(html).not.toMatch(/<script|\sstyle=|\son\w+=|https?:\/\/(?!www\.w3\.org)/)
    const head = await browser.visit("/stats", { method: "HEAD" })
    expect([head.status, await head.text()]).toEqual([200, ""])
  })

  it("refuses other methods, and an `allow` that throws, without a word of why", async () => {
    const allow = () => {
      throw new Error("no role for ada@example.com")
    }
    const browser = await realVisitor({ allow })
    app.logged.length = 0
    const failed = await browser.visit("/stats")
    expect(failed.status).toBe(500)
    expect(await failed.text()).toBe("The statistics could not be made. The log of the server says why.\n")
    expect(app.logged.map(({ message }) => message)).toEqual(["no role for ada@example.com"])
    const posted = await browser.visit("/stats", { form: { weeks: "4" } })
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"])
  })

  it("asks the database once for requests at the same moment, and again after a failure", async () => {
    const adapter = LazyAdapter(app.database.db)
    const stats = vi.spyOn(adapter.lazy, "stats")
    const browser = await realVisitor({ allow: () => true }, { adapter })
    const answers = await Promise.all(Array.from({ length: 5 }, () => browser.visit("/stats")))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    // A period that the page does not offer is the usual one.
    await browser.visit("/stats?weeks=100000")
    expect(stats).toHaveBeenCalledTimes(1)
    await app.database.query(`alter table "lazyOutcome" rename to outcomes`)
    app.logged.length = 0
    expect((await browser.visit("/stats?weeks=52")).status).toBe(500)
    expect(app.logged).toHaveLength(1)
    await app.database.query(`alter table outcomes rename to "lazyOutcome"`)
    expect((await browser.visit("/stats?weeks=52")).status).toBe(200)
    expect(stats).toHaveBeenCalledTimes(3)
  })

  it("shows the figures of the store that the request's configuration has, and 503 while it can't be asked", async () => {
    const [one, other] = [LazyAdapter(app.database.db), LazyAdapter(app.database.db)]
    const asked = [one, other].map(({ lazy }) => vi.spyOn(lazy, "stats"))
    const tenants = {
      one: withLazy({ ...app.config, adapter: one }),
      other: withLazy({ ...app.config, adapter: other }),
    }
    let tenant: keyof typeof tenants = "one"
    const auth = Object.assign((request?: Parameters<typeof tenants.one>[0]) => tenants[tenant](request), {})
    const page = statsPage(auth as typeof tenants.one, { allow: () => true })
    const browser = new Browser(origin, (request) =>
      new URL(request.url).pathname.startsWith("/auth/") ? handleAuth(request, tenants.one) : page(request),
    )
    await browser.signIn("convert", { username: freshName(), password, passwordConfirm: password })
    expect((await browser.visit("/stats")).status).toBe(200)
    tenant = "other"
    expect((await browser.visit("/stats")).status).toBe(200)
    expect(asked.map(({ mock }) => mock.calls.length)).toEqual([1, 1])

    asked[1]?.mockRejectedValueOnce(Object.assign(new Error("connect"), { code: "ECONNREFUSED" }))
    const away = await browser.visit("/stats?weeks=52")
    expect([away.status, Number(away.headers.get("retry-after"))]).toEqual([503, expect.any(Number)])
  })

  it("makes no second report while a slow one is being made", async () => {
    const adapter = LazyAdapter(app.database.db)
    const { stats: real } = adapter.lazy
    let finish = () => {}
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    const stats = vi.spyOn(adapter.lazy, "stats").mockImplementation((options) => slow.then(() => real(options)))
    const browser = await realVisitor({ allow: () => true, maxAge: 1 }, { adapter })
    const first = browser.visit("/stats")
    await vi.waitFor(() => expect(stats).toHaveBeenCalledTimes(1))
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5000 })
    onTestFinished(() => void vi.useRealTimers())
    const second = browser.visit("/stats")
    finish()
    expect([(await first).status, (await second).status]).toEqual([200, 200])
    expect(stats).toHaveBeenCalledTimes(1)
  })

  it("says what can't be known: outcomes that are not recorded, and who is held back", async () => {
    const purge = { olderThan: 1 }
    const answer = await (await realVisitor({ allow: () => true, purge })).visit("/stats")
    expect(await answer.text()).toContain("Not known: purge: `olderThan` is 1 seconds")
  })

  if (strategy === "database")
    it.each([
      ["no options", undefined, "statsPage needs `allow`"],
      ["no function", { allow: "admins" }, "statsPage needs `allow`"],
      ["no time", { allow: () => true, maxAge: 0 }, "statsPage: `maxAge` must be"],
    ])("refuses to be made with %s", (_, options, message) => {
      const make = () => statsPage(withLazy(app.config), options as unknown as StatsPageOptions)
      expect(make).toThrow(LazySetupError)
      expect(make).toThrow(message)
    })
})
