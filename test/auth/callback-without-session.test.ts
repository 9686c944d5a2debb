import { expect, it } from "vitest"
import type { Browser } from "../setup/browser-jar.js"
import { describeLinking } from "../setup/linking-app.js"

describeLinking("a callback that comes without the session cookie", (app) => {
  /** The cookies that the browser sends with another site's form: all but the session's. */
  const withoutSession = async (browser: Browser): Promise<Browser> => {
    const posted = await browser.copy()
    const cookies = await posted.jar.getCookies(posted.origin)
    await posted.jar.removeAllCookies()
    for (const cookie of cookies)
      if (!cookie.key.includes("session-token")) await posted.jar.setCookie(cookie, posted.origin)
    return posted
  }

  it.for(["new", "known"])("signs in by a %s identity and leaves the lazy user as it was", async (identity) => {
    const person = app.person()
    if (identity === "known") await app.signInWith(app.browser(), "one", person)
    const { browser, id } = await app.lazyBrowser()
    const before = await app.user(id)
    const callback = await app.oauthCallback(browser, "one", person)
    const posted = await withoutSession(browser)
    await posted.visit(callback)
    const session = await posted.session()
    expect(session?.user).toMatchObject({ isLazy: false, email: person.email })
    expect(session?.user.id).not.toBe(id)
    expect(await app.user(id)).toEqual(before)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it("signs in where a link is opened in another browser, and leaves the lazy user as it was", async () => {
    const email = app.person().email as string
    const { browser, id } = await app.lazyBrowser()
    const before = await app.user(id)
    const link = await app.askForLink(browser, email)
    const inApp = app.browser()
    await inApp.visit(link)
    expect((await inApp.session())?.user).toMatchObject({ isLazy: false, email })
    expect(await app.user(id)).toEqual(before)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it("signs nobody in where an OAuth sign-in comes back to another browser", async () => {
    const { browser, id } = await app.lazyBrowser()
    const before = await app.user(id)
    const inApp = app.browser()
    const answer = await inApp.visit(await app.oauthCallback(browser, "one", app.person()))
    expect(answer.headers.get("location")).toContain("error=")
    expect(await inApp.session()).toBeNull()
    expect(await app.user(id)).toEqual(before)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })
})
