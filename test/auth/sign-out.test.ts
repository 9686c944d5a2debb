import { expect, it } from "vitest"
import { describeFlows, password } from "../setup/flow-app.js"

describeFlows("signing out", (app) => {
  it("keeps a lazy user for the purge by default", async () => {
    const { browser, id } = await app.lazyBrowser()
    await browser.signOut()
    expect(await browser.session()).toBeNull()
    expect(await app.user(id)).toBeDefined()
  })

  it("deletes a lazy user at once where the app says so, and calls the app's event", async () => {
    const events: string[] = []
    const { browser, id } = await app.lazyBrowser({
      lazy: { signOut: "delete" },
      events: { signOut: async () => void events.push(`signOut ${(await app.user(id)) === undefined}`) },
    })
    await browser.signOut()
    expect(await browser.session()).toBeNull()
    expect(await app.user(id)).toBeUndefined()
    expect(events).toEqual(["signOut true"])
  })

  it("never deletes a real user, one who has just converted least of all", async () => {
    const { browser, id } = await app.lazyBrowser({ lazy: { signOut: "delete" } })
    const stale = await browser.copy()
    await browser.signIn("convert", { username: `leaver-${id.slice(-8)}`, password })
    await stale.signOut()
    await browser.signOut()
    expect(await app.user(id)).toMatchObject({ convertedAt: expect.anything() })
  })

  it("signs out, and logs why, when the lazy user can't be deleted", async () => {
    const events: string[] = []
    const { browser, id } = await app.lazyBrowser({
      lazy: { signOut: "delete" },
      events: { signOut: () => void events.push("signOut") },
    })
    await app.database.query(`create table kept ("userId" text references "user"(id))`)
    await app.database.query(`insert into kept values ('${id}')`)
    app.logged.length = 0
    await browser.signOut()
    expect(await browser.session()).toBeNull()
    expect(await app.user(id)).toBeDefined()
    expect(events).toEqual(["signOut"])
    expect(app.logged.map(String).join()).toContain("could not be deleted")
    await app.database.query("drop table kept")
  })
})
