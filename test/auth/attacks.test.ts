import { expect, it } from "vitest"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"

let counter = 0
const freshName = () => `attacked-${process.pid}-${counter++}`

const targets = [
  "//evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "https://evil.example/",
  "http://app.test.evil.example/",
  "http://app.test@evil.example/",
  "/\t/evil.example",
  "\u0001https://evil.example",
  "javascript:alert(1)",
  "data:text/html,x",
]

describeLinking("attacks", (app) => {
  it.for(targets)("sends nobody to another site: callbackUrl %j", async (callbackUrl) => {
    const { browser, id } = await app.lazyBrowser()
    const visitor = app.browser()
    const answers = [
      await visitor.signIn("lazy", { callbackUrl }),
      await browser.signIn("convert", { username: freshName(), password, callbackUrl }),
      await app
        .browser()
        .visit("/auth/csrf", { headers: { cookie: `authjs.callback-url=${encodeURIComponent(callbackUrl)}` } }),
    ]
    for (const answer of answers) {
      const location = answer.headers.get("location")
      if (location !== null) expect(new URL(location, "http://app.test").origin).toBe("http://app.test")
    }
    // Refused or not: nobody loses a session over it.
    expect((await browser.session())?.user.id).toBe(id)
  })

  it("takes no user's id, wherever a client puts it", async () => {
    const owner = app.browser()
    await owner.signIn("convert", { username: freshName(), password })
    const ownerId = (await owner.session())?.user.id as string
    const other = await app.lazyBrowser()
    const { browser, id } = await app.lazyBrowser()
    const before = [await app.user(ownerId), await app.user(other.id)]
    const ids = (userId: string) => ({
      id: userId,
      userId,
      sub: userId,
      from: other.id,
      into: userId,
      fromId: other.id,
      intoId: userId,
    })
    for (const userId of [ownerId, other.id]) {
      await browser.signIn("lazy", ids(userId))
      expect((await browser.session())?.user.id).toBe(id)
      await browser.visit(`/auth/callback/lazy?${new URLSearchParams(ids(userId))}`, {
        form: { csrfToken: await browser.csrfToken() },
      })
      expect((await browser.session())?.user.id).toBe(id)
    }
    await browser.signIn("convert", { ...ids(other.id), username: freshName(), password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    expect([await app.user(ownerId), await app.user(other.id)]).toEqual(before)
  })

  it("takes no session token that was made up, or is somebody's id", async () => {
    const { id } = await app.lazyBrowser()
    for (const token of ["made up", id, "null", "%E0%A4%A", "a".repeat(16_384), "eyJhbGciOiJub25lIn0.e30."]) {
      const visitor = app.browser()
      const answer = await visitor.visit("/auth/session", { headers: { cookie: `authjs.session-token=${token}` } })
      expect(await answer.json()).toBeNull()
    }
  })

  it("merges from no real user and into no lazy one, whatever the route", async () => {
    const { lazy } = app.config.adapter
    const real = app.browser()
    await real.signIn("convert", { username: freshName(), password })
    const realId = (await real.session())?.user.id as string
    const one = await app.lazyBrowser()
    const two = await app.lazyBrowser()
    await expect(lazy.merge(realId, one.id)).rejects.toMatchObject({ code: "not_lazy" })
    await expect(lazy.merge(one.id, two.id)).rejects.toMatchObject({ code: "not_real" })
    await expect(lazy.merge(one.id, one.id)).rejects.toMatchObject({ code: "not_real" })
    await expect(lazy.merge(realId, realId)).rejects.toThrow()
    await expect(lazy.merge(one.id, "nobody")).rejects.toMatchObject({ code: "not_real" })
    await expect(lazy.merge("nobody", realId)).rejects.toMatchObject({ code: "not_lazy" })
    for (const { browser, id } of [one, two])
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it("signs nobody in as a lazy user by its generated name", async () => {
    const { browser } = await app.lazyBrowser()
    const username = String((await browser.session())?.user.username)
    for (const attempt of ["", username, password]) {
      const attacker = app.browser()
      await attacker.signIn("password", { username, password: attempt })
      expect(await attacker.session()).toBeNull()
    }
  })
})
