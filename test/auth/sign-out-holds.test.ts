import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { gate, handleAuth, type LazyConfig, withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { postgresDatabase } from "../setup/databases.js"
import { earlyInWindow, FlowApp, password } from "../setup/flow-app.js"

describe.each(["database", "jwt"] as const)("signing out as a lazy user (%s sessions)", (strategy) => {
  const app = new FlowApp(strategy)
  beforeAll(async () => {
    app.database = await postgresDatabase()
  })
  afterAll(() => app.database.close())

  /** A browser with a CSRF cookie, from which ids are derived, and gated pages. */
  async function visitor(lazy: LazyConfig["lazy"] = {}) {
    const auth = withLazy({ ...app.config, lazy })
    const browser = new Browser("http://app.test", async (request) => {
      if (new URL(request.url).pathname.startsWith("/auth/")) return handleAuth(request, auth)
      const { session, headers } = await gate(request, auth)
      return Response.json(session?.user.id ?? null, { headers })
    })
    await browser.csrfToken()
    await earlyInWindow()
    const page = async () => (await (await browser.visit("/")).json()) as string
    return { browser, page }
  }

  describe.each(["keep", "delete"] as const)("with signOut: %j", (signOut) => {
    it("gives the browser nobody it had before, however often it signs out", async () => {
      const { browser, page } = await visitor({ signOut })
      const seen = new Set<string>()
      for (let n = 0; n < 4; n++) {
        seen.add(await page())
        await browser.signOut()
        expect(await browser.session()).toBeNull()
      }
      expect(seen.size).toBe(4)
    })

    it("gives requests at once one new user", async () => {
      const { browser, page } = await visitor({ signOut })
      const [first, same] = await Promise.all([page(), page()])
      expect(same).toBe(first)
      await browser.signOut()
      const next = await Promise.all([page(), page(), page()])
      expect(new Set(next).size).toBe(1)
      expect(next).not.toContain(first)
    })

    it("ends what copies of the cookie there are", async () => {
      const { browser, page } = await visitor({ signOut, recheck: 0 })
      await Promise.all([page(), page()])
      const copy = await browser.copy()
      await browser.signOut()
      expect(await copy.session()).toBeNull()
    })
  })

  it.each(["session", '"user"'])("gives the browser nobody it had before where the table %s is away", async (table) => {
    const { browser, page } = await visitor()
    const first = await page()
    await app.database.query(`alter table ${table} rename to away`)
    await browser.signOut()
    await app.database.query(`alter table away rename to ${table}`)
    expect(await browser.session()).toBeNull()
    expect(await page()).not.toBe(first)
  })

  it("gives nobody back who has converted or was merged in the same seconds", async () => {
    const { browser, page } = await visitor()
    const lazy = await page()
    await browser.signIn("convert", { username: `quick-${strategy}`, password })
    await browser.signOut()
    const second = await page()
    await browser.signIn("password", { username: `quick-${strategy}`, password })
    expect(await app.user(second)).toBeUndefined()
    await browser.signOut()
    const third = await page()
    expect(new Set([lazy, second, third]).size).toBe(3)
  })

  it("sends no cookie that a shared cache may keep", async () => {
    const { browser, page } = await visitor()
    await page()
    const answers = [
      await browser.visit("/"),
      await browser.visit("/auth/session"),
      await (await visitor()).browser.visit("/"),
      await new Browser("http://app.test", (request) => handleAuth(request, withLazy(app.config))).visit("/auth/csrf"),
      await browser.visit("/auth/signin"),
      await browser.signIn("convert", { username: "x", password }),
      await browser.signOut(),
    ]
    const setting = answers.filter(({ headers }) => headers.has("set-cookie"))
    expect(setting.length).toBeGreaterThanOrEqual(4)
    for (const { headers } of setting) expect(headers.get("cache-control")).toMatch(/\bprivate\b/)
  })
})
