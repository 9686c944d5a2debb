import { RateLimiterMemory } from "rate-limiter-flexible"
import { describe, expect, it } from "vitest"
import { handleAuth, LazyProvider, withLazy } from "../../src/index.js"
import { convertPage } from "../../src/pages.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { Browser } from "../setup/browser-jar.js"
import { describeFlows, type FlowApp, password, refusal } from "../setup/flow-app.js"

const ORIGIN = "http://app.test"
const freshName = () => `twice-${crypto.randomUUID().slice(0, 8)}`

/** The ways to send the form: to the route of Auth.js, to the page, or to the page as JSON. */
const WAYS = {
  "the route of Auth.js": async (browser: Browser, form: Record<string, string>) => {
    const answer = await browser.signIn("convert", form)
    return refusal(answer)
  },
  "the page": async (browser: Browser, form: Record<string, string>) => {
    const answer = await browser.visit("/convert", { form: { csrfToken: await browser.csrfToken(), ...form } })
    return answer.status === 303 ? null : String(answer.status)
  },
  "the page in JSON": async (browser: Browser, form: Record<string, string>) => {
    const json = { csrfToken: await browser.csrfToken(), ...form }
    const answer = await browser.visit("/convert", { json, headers: { accept: "application/json" } })
    const body = (await answer.json()) as { ok: boolean; code?: string }
    return body.ok ? null : (body.code ?? "")
  },
}

describeFlows("a convert form that is sent twice", (app, strategy) => {
  function browserOf(identifier: "username" | "email" = "username", convert = {}): Browser {
    const auth = withLazy({
      ...app.config,
      providers: [LazyProvider(), PasswordProvider(), ConvertProvider({ identifier, ...convert })],
    })
    const page = convertPage(auth)
    return new Browser(ORIGIN, (request) =>
      new URL(request.url).pathname === "/convert" ? page(request, {}) : handleAuth(request, auth),
    )
  }

  async function lazy(browser: Browser): Promise<string> {
    await browser.signIn("lazy")
    return (await browser.session())?.user.id as string
  }

  describe.each(Object.entries(WAYS))("to %s", (way, send) => {
    const identifiers = way === "the page" ? (["username", "email"] as const) : (["username"] as const)

    it.each(identifiers)("signs in to the account it has made, known by %s", async (identifier) => {
      const browser = browserOf(identifier)
      const id = await lazy(browser)
      const lost = await browser.copy()
      const form = { [identifier]: identifier === "email" ? `${freshName()}@example.com` : freshName(), password }
      const users = await app.count('"user"')
      expect(await send(browser, form)).toBeNull()
      // The browser submitted again before the first answer arrived, so it sends the old cookies.
      expect(await send(lost, form)).toBeNull()
      for (const each of [browser, lost]) expect((await each.session())?.user).toMatchObject({ id, isLazy: false })
      expect(await app.count('"user"')).toBe(users)
    })

    it("at the same moment makes one account, and both are signed in to it", async () => {
      const browser = browserOf()
      const id = await lazy(browser)
      await browser.csrfToken()
      const twin = await browser.copy()
      const form = { username: freshName(), password }
      const users = await app.count('"user"')
      expect(await Promise.all([send(browser, form), send(twin, form)])).toEqual([null, null])
      for (const each of [browser, twin]) expect((await each.session())?.user).toMatchObject({ id, isLazy: false })
      expect(await app.count('"user"')).toBe(users)
      expect(await app.count(`password where "userId" = '${id}'`)).toBe(1)
    })

    // From here on the page only hands the form to the route.
    if (way === "the page in JSON") return

    it("by a visitor without a session, one after the other or at once, signs up once", async () => {
      for (const atOnce of [false, true]) {
        const browser = browserOf()
        await browser.csrfToken()
        const twin = await browser.copy()
        const form = { username: freshName(), password }
        const users = await app.count('"user"')
        const both = atOnce
          ? await Promise.all([send(browser, form), send(twin, form)])
          : [await send(browser, form), await send(twin, form)]
        expect(both).toEqual([null, null])
        const ids = [await browser.session(), await twin.session()].map((session) => session?.user.id)
        expect(ids[0]).toBeDefined()
        expect(ids[0]).toBe(ids[1])
        expect(await app.count('"user"')).toBe(users + 1)
      }
    })

    it("with another password, or by another browser, is refused as ever", async () => {
      const browser = browserOf()
      const id = await lazy(browser)
      const lost = await browser.copy()
      const username = freshName()
      expect(await send(browser, { username, password })).toBeNull()
      const refused = [await send(lost, { username, password: `${password}!` })]
      expect((await lost.session())?.user.isLazy).not.toBe(false)
      const [nobody, guest] = [browserOf(), browserOf()]
      await lazy(guest)
      for (const stranger of [nobody, guest]) {
        refused.push(await send(stranger, { username, password }))
        expect((await stranger.session())?.user.id).not.toBe(id)
      }
      for (const code of refused) expect(code === "422" || code === "username_taken").toBe(true)
    })
  })

  it("calls no event of a conversion twice", async () => {
    const told: string[] = []
    const events = {
      convertUser: () => void told.push("convertUser"),
      createUser: () => void told.push("createUser"),
      signIn: () => void told.push("signIn"),
    }
    const { browser } = await app.lazyBrowser({ events })
    const lost = await browser.copy()
    const form = { username: freshName(), password }
    told.length = 0
    await browser.signIn("convert", form)
    await lost.signIn("convert", form)
    expect(told).toEqual(["convertUser", "signIn", "signIn"])
  })

  it("long after the conversion is refused as ever", async () => {
    const { browser, id } = await app.lazyBrowser()
    const lost = await browser.copy()
    const form = { username: freshName(), password }
    await browser.signIn("convert", form)
    await app.database.query(`update "user" set "convertedAt" = now() - interval '1 hour' where id = '${id}'`)
    expect(refusal(await lost.signIn("convert", form))).toBe("username_taken")
  })

  it("compares a password only so often for one name", async () => {
    const name = new RateLimiterMemory({ points: 3, duration: 60 })
    const browser = browserOf("username", { limiters: { name } })
    await lazy(browser)
    const lost = await browser.copy()
    const username = freshName()
    await browser.signIn("convert", { username, password })
    for (let n = 0; n < 4; n++)
      expect(refusal(await lost.signIn("convert", { username, password: `${password}${n}` }))).toBe("username_taken")
    expect(refusal(await lost.signIn("convert", { username, password }))).toBe("username_taken")
    expect((await lost.session())?.user.isLazy).not.toBe(false)
    // The sign-in page has limits of its own, which nobody else can use up.
    await lost.signIn("password", { username, password })
    expect((await lost.session())?.user.username).toBe(username)
  })

  if (strategy === "jwt")
    it("from the dead session of somebody else is refused as ever", async () => {
      const [one, other] = [await app.lazyBrowser(), await app.lazyBrowser()]
      const lost = await other.browser.copy()
      const username = freshName()
      await one.browser.signIn("convert", { username, password })
      await other.browser.signIn("convert", { username: freshName(), password })
      expect(refusal(await lost.signIn("convert", { username, password }))).toBe("username_taken")
    })
})

describeFlows("a lost answer", (app: FlowApp) => {
  it("to a sign-in as a lazy user makes no second one within seconds", async () => {
    const browser = app.browser()
    await browser.csrfToken()
    const lost = await browser.copy()
    const users = await app.count('"user"')
    await browser.signIn("lazy")
    await lost.signIn("lazy")
    expect((await lost.session())?.user.id).toBe((await browser.session())?.user.id)
    expect(await app.count('"user"')).toBe(users + 1)
  })

  it("to a sign-in by password is asked for again, with nothing merged twice", async () => {
    const username = freshName()
    await app.browser().signIn("convert", { username, password })
    const { browser } = await app.lazyBrowser()
    const lost = await browser.copy()
    const users = await app.count('"user"')
    await browser.signIn("password", { username, password })
    await lost.signIn("password", { username, password })
    expect((await lost.session())?.user).toMatchObject({ username, isLazy: false })
    expect(await app.count('"user"')).toBe(users - 1)
  })
})
