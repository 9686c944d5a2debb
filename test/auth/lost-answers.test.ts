import { expect, it } from "vitest"
import type { Browser } from "../setup/browser-jar.js"
import { describeLinking } from "../setup/linking-app.js"

// The server did what it was asked, but the browser still has its old cookies. A link and a
// callback work only once, so opening them again is refused; a new request signs in.
describeLinking("an answer that was lost", (app) => {
  const sessionOf = async (browser: Browser) => (await browser.session())?.user

  async function interrupted() {
    const { browser, id } = await app.lazyBrowser({ lazy: { recheck: 0 } })
    return { browser, id, email: `${id}@example.com` }
  }

  it("to an e-mail link leaves the account, and a second link signs in to it", async () => {
    const { browser, id, email } = await interrupted()
    const link = await app.askForLink(browser, email)
    const users = await app.count('"user"')
    const lost = await browser.copy()
    await browser.visit(link)
    expect(await app.user(id)).toMatchObject({ email, emailVerified: expect.anything() })

    const again = await lost.visit(link)
    expect(again.headers.get("location")).toContain("error=Verification")
    await lost.visit(await app.askForLink(lost, email))
    expect(await sessionOf(lost)).toMatchObject({ id, isLazy: false, email })
    expect(await app.count('"user"')).toBe(users)
  })

  it("to an e-mail link of an account leaves what was merged into it, and a second link signs in", async () => {
    const owner = await interrupted()
    await owner.browser.visit(await app.askForLink(owner.browser, owner.email))
    const { browser, id } = await interrupted()
    const link = await app.askForLink(browser, owner.email)
    const lost = await browser.copy()
    await browser.visit(link)
    expect(await app.user(id)).toBeUndefined()
    const users = await app.count('"user"')
    await lost.visit(await app.askForLink(lost, owner.email))
    expect(await sessionOf(lost)).toMatchObject({ id: owner.id, isLazy: false })
    expect(await app.count('"user"')).toBe(users)
  })

  it("to the callback of a provider leaves the account, and signing in again finds it", async () => {
    const { browser, id } = await interrupted()
    const person = app.person()
    const users = await app.count('"user"')
    const callback = await app.oauthCallback(browser, "one", person)
    const lost = await browser.copy()
    await browser.visit(callback)
    expect(await app.user(id)).toMatchObject({ email: person.email })

    const again = await lost.visit(callback)
    expect(again.headers.get("location")).toContain("error=")
    await app.signInWith(lost, "one", person)
    expect(await sessionOf(lost)).toMatchObject({ id, isLazy: false })
    expect(await app.count('"user"')).toBe(users)
    expect(await app.count(`account where "userId" = '${id}'`)).toBe(1)
  })

  it("to the callback of a provider leaves what was merged, and signing in again finds the account", async () => {
    const person = app.person()
    const owner = await interrupted()
    await app.signInWith(owner.browser, "one", person)
    const { browser, id } = await interrupted()
    const callback = await app.oauthCallback(browser, "one", person)
    const lost = await browser.copy()
    await browser.visit(callback)
    expect(await app.user(id)).toBeUndefined()
    const users = await app.count('"user"')
    await app.signInWith(lost, "one", person)
    expect(await sessionOf(lost)).toMatchObject({ id: owner.id, isLazy: false })
    expect(await app.count('"user"')).toBe(users)
  })
})
