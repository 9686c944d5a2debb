import { expect, it } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import { describeFlows, password } from "../setup/flow-app.js"

let counter = 0
const freshName = () => `crossed-${process.pid}-${counter++}`

/** What a browser says of a form on another site; one of before Fetch Metadata says less. */
const FOREIGN = {
  "a browser of today": { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", origin: "https://other.test" },
  "an old browser": { origin: "https://other.test" },
}

describeFlows("cross-site POST", (app) => {
  const changes: Partial<LazyConfig> = { lazy: { signOut: "delete" } }
  const tables = ['"user"', "session", "password", "account"]
  /** How many rows there are, and who the browser is. */
  const state = async (browser: Browser) => [
    await Promise.all(tables.map((table) => app.count(table))),
    (await browser.session())?.user,
  ]

  /**
   * The worst case: the browser sends all cookies, as with `SameSite=None`, but the other site
   * can't know the token in the form.
   */
  async function postFromElsewhere(browser: Browser, path: string, form: Record<string, string>): Promise<void> {
    await browser.csrfToken()
    const before = await state(browser)
    for (const headers of Object.values(FOREIGN))
      for (const token of [{}, { csrfToken: "" }, { csrfToken: "made up" }] as Record<string, string>[]) {
        const answer = await browser.visit(path, { form: { ...token, ...form }, headers })
        expect(answer.headers.getSetCookie().filter((cookie) => cookie.includes("session-token"))).toEqual([])
        expect(await state(browser)).toEqual(before)
      }
  }

  it("to create: refused, zero rows", async () => {
    await postFromElsewhere(app.browser(changes), "/auth/callback/lazy", {})
  })

  it("to convert: refused, zero rows, still lazy", async () => {
    const { browser, id } = await app.lazyBrowser(changes)
    await postFromElsewhere(browser, "/auth/callback/convert", { username: freshName(), password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it("to sign in as somebody else: refused, not merged", async () => {
    const username = freshName()
    await app.browser().signIn("convert", { username, password })
    const { browser, id } = await app.lazyBrowser(changes)
    await postFromElsewhere(browser, "/auth/callback/password", { username, password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it("to delete, by signing out where that deletes: refused, still there", async () => {
    const { browser, id } = await app.lazyBrowser(changes)
    await postFromElsewhere(browser, "/auth/signout", {})
    expect(await app.user(id)).toBeDefined()
    await browser.signOut()
    expect(await app.user(id)).toBeUndefined()
  })

  it.each(["lazy", "convert", "password"])("to %s is refused even with the token", async (provider) => {
    const username = freshName()
    await app.browser().signIn("convert", { username, password })
    const form = provider === "convert" ? { username: freshName(), password } : { username, password }
    const browser = provider === "lazy" ? app.browser() : (await app.lazyBrowser()).browser
    const csrfToken = await browser.csrfToken()
    const before = await state(browser)
    const post = (headers: Record<string, string>) =>
      browser.visit(`/auth/callback/${provider}`, { form: { csrfToken, ...form }, headers })
    for (const headers of Object.values(FOREIGN))
      expect((await post(headers)).headers.get("location")).toContain("error=AccessDenied")
    expect(await state(browser)).toEqual(before)
    // The same from the app's own page is taken.
    expect(
      (await post({ "sec-fetch-site": "same-origin", origin: browser.origin })).headers.get("location"),
    ).not.toContain("error")
    expect(await state(browser)).not.toEqual(before)
  })
})
