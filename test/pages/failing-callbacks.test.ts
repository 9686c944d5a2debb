import { expect, it } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import { SignInRefused } from "../../src/password.js"
import { describeFlows } from "../setup/flow-app.js"
import { fillIn, freshName, goodForm, lazyVisitor, pageBrowser } from "./page-app.js"

type Callbacks = NonNullable<LazyConfig["callbacks"]>

/** Callbacks that throw as soon as a real user has a session. */
const failing: Record<string, Callbacks> = {
  session: {
    session({ session }) {
      if (session.user.isLazy === false) throw new Error("The session callback failed.")
      return session
    },
  },
  jwt: {
    jwt({ token, user }) {
      if (!user && token.isLazy === false) throw new Error("The jwt callback failed.")
      return token
    },
  },
}

/** Callbacks that refuse a form with the code after which the page reads the session again. */
const refusing: Record<string, Callbacks> = {
  signIn: {
    signIn({ account }) {
      if (account?.provider === "convert") throw new SignInRefused("already_converted")
      return true
    },
  },
  jwt: {
    jwt({ token, account }) {
      if (account?.provider === "convert") throw new SignInRefused("already_converted")
      return token
    },
  },
}

describeFlows("a form of the convert page", (app, strategy) => {
  // With database sessions there is no token.
  const named = (callbacks: object) => Object.keys(callbacks).filter((name) => strategy === "jwt" || name !== "jwt")

  it.for(named(failing))("signs up where the %s callback fails afterwards", async (name) => {
    const browser = pageBrowser(app, { config: { callbacks: failing[name] } })
    const username = freshName()
    expect((await fillIn(browser, goodForm(username))).status).toBe(303)
    expect(await app.count(`"user" where username = '${username}'`)).toBe(1)
    const other = pageBrowser(app)
    const cookie = `authjs.session-token=${await browser.sessionCookie()}`
    const session = (await (await other.visit("/auth/session", { headers: { cookie } })).json()) as { user: object }
    expect(session.user).toMatchObject({ username, isLazy: false })
  })

  it.for(named(refusing))("changes nothing where the %s callback refuses it", async (name) => {
    const config = { callbacks: refusing[name], lazy: { recheck: 0 } }
    const { browser, id } = await lazyVisitor(app, { config })
    const rows = [await app.count('"user"'), await app.count("password")]
    expect((await fillIn(browser, goodForm())).status).toBe(422)
    expect(await app.user(id)).toMatchObject({ convertedAt: null })
    expect([await app.count('"user"'), await app.count("password")]).toEqual(rows)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it.for(named(refusing))("makes nobody where the %s callback refuses a sign-up", async (name) => {
    const browser = pageBrowser(app, { config: { callbacks: refusing[name] } })
    const users = await app.count('"user"')
    expect((await fillIn(browser, goodForm())).status).toBe(422)
    expect(await app.count('"user"')).toBe(users)
    expect(await browser.session()).toBeNull()
  })
})
