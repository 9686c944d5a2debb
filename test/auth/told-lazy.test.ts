import type { User } from "@auth/core/types"
import { expect, it } from "vitest"
import { gate, type LazyConfig, withLazy } from "../../src/index.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"

describeLinking("the user that callbacks and events are given", (app, strategy) => {
  const isJwt = strategy === "jwt"

  /** What the app was told, as `callback: isLazy`. */
  function told(): { calls: string[]; changes: Partial<LazyConfig> } {
    const calls: string[] = []
    const tell = (name: string, user: User | undefined) => void (user && calls.push(`${name}: ${user.isLazy}`))
    const changes: Partial<LazyConfig> = {
      callbacks: {
        signIn({ user }) {
          tell("signIn", user)
          return true
        },
        jwt({ token, user }) {
          tell("jwt", user as User | undefined)
          return token
        },
        session({ session, user }) {
          tell("session", user as User | undefined)
          return session
        },
      },
      events: {
        signIn: ({ user }) => tell("event signIn", user),
        createUser: ({ user }) => tell("event createUser", user),
        linkAccount: ({ user }) => tell("event linkAccount", user as User),
      },
    }
    return { calls, changes }
  }

  it("says that a new lazy user is lazy, and a session of one", async () => {
    const { calls, changes } = told()
    const auth = withLazy({ ...app.config, ...changes })
    await gate(new Request("http://app.test/page", { headers: { accept: "text/html" } }), auth)
    expect(calls).toEqual([
      "signIn: true",
      ...(isJwt ? ["jwt: true"] : []),
      "event signIn: true",
      ...(isJwt ? [] : ["session: true"]),
    ])
  })

  it("says that a user who converts is real, by a form and by another site", async () => {
    for (const way of ["form", "site"]) {
      const { calls, changes } = told()
      const { browser } = await app.lazyBrowser(changes)
      calls.length = 0
      if (way === "form") await browser.signIn("convert", { username: app.person().sub, password })
      else await app.signInWith(browser, "one", app.person())
      expect(calls, way).toEqual([
        "signIn: false",
        ...(isJwt ? ["jwt: false"] : []),
        ...(way === "site" ? ["event linkAccount: false"] : []),
        "event signIn: false",
      ])
    }
  })

  it("says that somebody who signs up is real, and writes nothing of it into a token or a row", async () => {
    const { calls, changes } = told()
    const browser = app.browser(changes)
    await app.signInWith(browser, "one", app.person())
    expect(new Set(calls.map((call) => call.split(": ")[1]))).toEqual(new Set(["false"]))
    expect(calls).toContain("event createUser: false")
    const id = (await browser.session())?.user.id as string
    expect(Object.keys((await app.user(id)) ?? {})).not.toContain("isLazy")
  })
})
