import { encode } from "@auth/core/jwt"
import Passkey from "@auth/core/providers/passkey"
import { expect, it } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"
import { SoftPasskey } from "../setup/soft-passkey.js"

type Prepared = { changes: Partial<LazyConfig>; signIn: (browser: Browser) => Promise<unknown> }

describeLinking("a sign-in that fails at its last step", (app, strategy) => {
  const rows = () =>
    Promise.all(
      ['"user"', "session", "account", "authenticator", "password"].map((table) =>
        app.database.query(`select to_jsonb(t) as row from ${table} t order by to_jsonb(t)::text`),
      ),
    )

  const real = async () => {
    const person = app.person()
    const browser = app.browser()
    await app.signInWith(browser, "one", person)
    return person
  }
  const byLink = async (email: string): Promise<Prepared> => ({
    changes: {},
    signIn: async (browser) => browser.visit(await app.askForLink(browser, email)),
  })

  const ways: Record<string, () => Promise<Prepared>> = {
    "converts by OAuth": async () => ({
      changes: {},
      signIn: (browser) => app.signInWith(browser, "two", app.person()),
    }),
    "converts by a password": async () => ({
      changes: {},
      signIn: (browser) => browser.signIn("convert", { username: app.person().sub, password }),
    }),
    "converts by a link": async () => byLink(app.person().email as string),
    "converts by a passkey": async () => ({
      changes: { providers: [...app.config.providers, Passkey], experimental: { enableWebAuthn: true } },
      signIn: (browser) => new SoftPasskey("http://app.test").register(browser),
    }),
    "merges by OAuth": async () => {
      const person = await real()
      return { changes: {}, signIn: (browser) => app.signInWith(browser, "one", person) }
    },
    "merges by a link": async () => byLink((await real()).email as string),
    "merges by a password": async () => {
      const username = app.person().sub
      await app.browser().signIn("convert", { username, password })
      return { changes: {}, signIn: (browser) => browser.signIn("password", { username, password }) }
    },
    "merges by address": async () => {
      const { email } = await real()
      return {
        changes: app.withProvider(app.oidc("two", { allowDangerousEmailAccountLinking: true })),
        signIn: (browser) => app.signInWith(browser, "two", app.person({ email })),
      }
    },
  }

  it.for(Object.keys(ways))("changes nothing where it %s", async (way) => {
    const { changes, signIn } = await (ways[way] as () => Promise<Prepared>)()
    const { browser, id } = await app.lazyBrowser()
    let failing = false
    const fail = <Given>(given: Given): Given => {
      if (failing) throw new Error("The last step failed.")
      return given
    }
    const events: string[] = []
    const note = (name: string) => () => void (failing && events.push(name))
    const failures: Partial<LazyConfig>[] =
      strategy === "jwt"
        ? [
            { callbacks: { jwt: ({ token, user }) => (user ? fail(token) : token) } },
            { callbacks: { jwt: ({ token, user }) => (user && failing ? null : token) } },
            { jwt: { encode: (params) => encode(params.token?.isLazy === false ? fail(params) : params) } },
          ]
        : [{}]
    for (const failure of failures) {
      const watched = app.browser({
        ...changes,
        ...failure,
        events: {
          linkAccount: note("linkAccount"),
          updateUser: note("updateUser"),
          convertUser: note("convertUser"),
          mergeUser: note("mergeUser"),
        },
      })
      for (const cookie of await browser.jar.getCookies(browser.origin))
        await watched.jar.setCookie(cookie.toString(), watched.origin)
      if (strategy === "database")
        await app.database.query(
          `alter table session add constraint no_more check ("userId" = '${id}' and false) not valid`,
        )
      const before = await rows()
      failing = true
      await signIn(watched)
      failing = false
      if (strategy === "database") await app.database.query("alter table session drop constraint no_more")
      expect(await rows()).toEqual(before)
      expect((await watched.session())?.user).toMatchObject({ id, isLazy: true })
      expect(events).toEqual([])
    }
  })

  it("keeps the password that an unproven address has, when a provider that proves it can't be linked", async () => {
    const { ConvertProvider } = await import("../../src/password.js")
    const person = app.person()
    const squatter = app.browser(app.withProvider(ConvertProvider({ identifier: "email" })))
    await squatter.signIn("convert", { email: person.email as string, password })
    await app.database.query("alter table account add constraint no_more check (false) not valid")
    const before = await rows()
    const trusted = app.withProvider(app.oidc("one", { allowDangerousEmailAccountLinking: true }))
    const visitor = app.browser(trusted)
    await app.signInWith(visitor, "one", person)
    await app.database.query("alter table account drop constraint no_more")
    expect(await rows()).toEqual(before)
    expect(await visitor.session()).toBeNull()
    await app.signInWith(visitor, "one", person)
    expect((await visitor.session())?.user.email).toBe(person.email)
    expect(await app.count(`password p join "user" u on u.id = p."userId" where u.email = '${person.email}'`)).toBe(0)
  })
})
