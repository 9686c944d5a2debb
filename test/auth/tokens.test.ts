import { decode, encode } from "@auth/core/jwt"
import { expect, it } from "vitest"
import { gate, type LazyAuth, withLazy } from "../../src/index.js"
import { describeFlows, password, secret } from "../setup/flow-app.js"

let counter = 0
const freshName = () => `token-${process.pid}-${counter++}`

describeFlows("the session of a lazy user", (app, strategy) => {
  it("ends when the user is deleted", async () => {
    const { browser, id } = await app.lazyBrowser({ lazy: { recheck: 0 } })
    await app.config.adapter.deleteUser(id)
    expect(await browser.session()).toBeNull()
    // The cookie stays: a merged user is gone too, and this answer may arrive after the one with
    // the new session.
    expect(await browser.session()).toBeNull()
    await browser.signIn("lazy")
    expect((await browser.session())?.user).toMatchObject({ isLazy: true })
  })

  it("ignores what a client posts to the session endpoint, even where the app copies it into the token", async () => {
    const owner = app.browser()
    await owner.signIn("convert", { username: freshName(), password })
    const ownerId = (await owner.session())?.user.id as string
    const { browser, id } = await app.lazyBrowser({
      callbacks: { jwt: ({ token, session }) => ({ ...token, ...(session as object) }) },
    })
    const csrfToken = await browser.csrfToken()
    const data = {
      isLazy: false,
      id: ownerId,
      sub: ownerId,
      username: "admin",
      checkedAt: 9e9,
      user: { id: ownerId, isLazy: false },
    }
    await browser.visit("/auth/session", { json: { csrfToken, data } })
    expect((await browser.session())?.user).toMatchObject({
      id,
      isLazy: true,
      username: expect.stringMatching(/^guest-/),
    })
    expect(await app.user(id)).toMatchObject({ convertedAt: null })
  })

  if (strategy === "jwt") {
    it.for(["session", "jwt"] as const)(
      "ends before the purge may delete its user, where a copy has a longer %s",
      async (part) => {
        const auth = withLazy({ ...app.config, session: { strategy, maxAge: 1000 } })
        const copy: LazyAuth = (request) => {
          const config = auth(request)
          return { ...config, [part]: { ...config[part], maxAge: 100_000 } }
        }
        const result = await gate(new Request("http://app.test/page", { headers: { accept: "text/html" } }), copy)
        const token = /session-token=([^;]+)/.exec(result.headers.getSetCookie().join())?.[1]
        const claims = await decode({ token, secret, salt: "authjs.session-token" })
        expect((claims?.exp ?? 0) - (claims?.iat ?? 0)).toBeLessThanOrEqual(1000)
      },
    )

    it("asks the database at most once per recheck, and in between not at all", async () => {
      let asked = 0
      const { config } = app
      const adapter = {
        ...config.adapter,
        getUser: (id: string) => {
          asked++
          return config.adapter.getUser(id)
        },
      }
      const { browser, id } = await app.lazyBrowser({ adapter, lazy: { recheck: 1000 } })
      for (let n = 0; n < 5; n++) await browser.session()
      expect(asked).toBe(0)
      const salt = "authjs.session-token"
      const token = await decode({ token: await browser.sessionCookie(), secret, salt })
      expect(token).toMatchObject({ sub: id, isLazy: true })
      const old = await encode({ token: { ...token, checkedAt: (token?.checkedAt ?? 0) - 1001 }, secret, salt })
      await browser.jar.setCookie(`${salt}=${old}; Path=/; HttpOnly`, browser.origin)
      for (let n = 0; n < 5; n++) expect((await browser.session())?.user.id).toBe(id)
      expect(asked).toBe(1)
    })

    it("tells a real user without asking the database", async () => {
      let asked = 0
      const { config } = app
      const adapter = {
        ...config.adapter,
        getUser: (id: string) => {
          asked++
          return config.adapter.getUser(id)
        },
      }
      const browser = app.browser({ adapter, lazy: { recheck: 0 } })
      await browser.signIn("convert", { username: freshName(), password })
      asked = 0
      expect((await browser.session())?.user.isLazy).toBe(false)
      expect(asked).toBe(0)
    })

    it("carries no claim that the app did not ask for in the token of a real user", async () => {
      const browser = app.browser()
      const username = freshName()
      await browser.signIn("convert", { username, password })
      const token = await decode({ token: await browser.sessionCookie(), secret, salt: "authjs.session-token" })
      expect(Object.keys(token ?? {}).toSorted()).toEqual(
        ["email", "exp", "iat", "isLazy", "jti", "name", "picture", "sub", "username"].filter(
          (claim) => token?.[claim] !== undefined,
        ),
      )
    })
  }
})
