import Passkey from "@auth/core/providers/passkey"
import { drizzle } from "drizzle-orm/postgres-js"
import { expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import type { LazyConfig } from "../../src/index.js"
import type { Browser } from "../setup/browser-jar.js"
import type { PostgresDatabase } from "../setup/databases.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"
import { SoftPasskey } from "../setup/soft-passkey.js"

/** More statements than any sign-in takes. */
const MOST = 60

interface Prepared {
  /** The address of the callback, or whatever else is to be had before the database fails. */
  signIn: (browser: Browser) => Promise<unknown>
  /** The real user whom the lazy one is merged into; undefined where it converts. */
  owner?: string
}

describeLinking("a database that fails at one statement of a sign-in", (app, strategy) => {
  let left = Number.POSITIVE_INFINITY
  const failing = (): Partial<LazyConfig> => {
    const logger = {
      logQuery() {
        if (--left === 0) throw new Error("The statement failed.")
      },
    }
    const { sql } = app.database as PostgresDatabase
    const trusted = app.oidc("two", { allowDangerousEmailAccountLinking: true })
    return {
      ...app.config,
      adapter: LazyAdapter(drizzle(sql, { logger })),
      providers: [...(app.withProvider(trusted).providers ?? []), Passkey],
    }
  }
  const real = async () => {
    const person = app.person()
    const browser = app.browser()
    await app.signInWith(browser, "one", person)
    return { person, browser, owner: (await browser.session())?.user.id as string }
  }
  const byCallback = async (browser: Browser, provider: "one" | "two", person = app.person()) => {
    const callback = await app.oauthCallback(browser, provider, person)
    return { signIn: (browser: Browser) => browser.visit(callback) }
  }
  const byLink = async (browser: Browser, email: string) => {
    const link = await app.askForLink(browser, email)
    return { signIn: (browser: Browser) => browser.visit(link) }
  }

  const ways: Record<string, (browser: Browser) => Promise<Prepared>> = {
    "converts by OAuth": (browser) => byCallback(browser, "one"),
    "converts by a link": (browser) => byLink(browser, app.person().email as string),
    "converts by a passkey": async () => ({
      signIn: (browser) => new SoftPasskey("http://app.test").register(browser).catch(() => {}),
    }),
    "converts by a password": async () => {
      const username = app.person().sub
      return { signIn: (browser) => browser.signIn("convert", { username, password }) }
    },
    "merges by OAuth": async (browser) => {
      const { person, owner } = await real()
      return { ...(await byCallback(browser, "one", person)), owner }
    },
    "merges by a link": async (browser) => {
      const { person, owner } = await real()
      return { ...(await byLink(browser, person.email as string)), owner }
    },
    "merges by address": async (browser) => {
      const { person, owner } = await real()
      return { ...(await byCallback(browser, "two", app.person({ email: person.email }))), owner }
    },
    "merges by a password": async () => {
      const username = app.person().sub
      const browser = app.browser()
      await browser.signIn("convert", { username, password })
      const owner = (await browser.session())?.user.id as string
      return { signIn: (browser) => browser.signIn("password", { username, password }), owner }
    },
    "merges by a passkey": async () => {
      const { browser: first, id: owner } = await app.lazyBrowser(failing())
      const key = new SoftPasskey("http://app.test")
      await key.register(first)
      return { signIn: (browser) => key.authenticate(browser).catch(() => {}), owner }
    },
  }

  it.for(Object.keys(ways))("either changes nothing or is done, where it %s", { timeout: 240_000 }, async (way) => {
    let outcomes = ""
    for (let statement = 1; ; statement++) {
      expect(statement).toBeLessThan(MOST)
      const { browser, id } = await app.lazyBrowser(failing())
      const { signIn, owner } = await (ways[way] as (browser: Browser) => Promise<Prepared>)(browser)
      const users = await app.count('"user"')
      left = statement
      await signIn(browser)
      const fired = left <= 0
      left = Number.POSITIVE_INFINITY
      const user = (await browser.session())?.user
      const isDone = user?.isLazy === false
      outcomes += isDone ? "+" : "-"
      const where = `${way}, statement ${statement}, ${outcomes}`
      if (isDone) expect(user.id, where).toBe(owner ?? id)
      else expect(user, where).toMatchObject({ id, isLazy: true })
      expect(await app.count('"user"'), where).toBe(users - (isDone && owner ? 1 : 0))
      const identities = `(select "userId" from account union all select "userId" from password) i where "userId" = '${id}'`
      if (!isDone || owner) expect(await app.count(identities), where).toBe(0)
      if (strategy === "database")
        expect(await app.count(`session where "userId" = '${id}'`), where).toBe(isDone && owner ? 0 : 1)
      if (!fired) break
    }
    expect(outcomes).toMatch(/^-.*\+$/)
  })

  it("makes nobody in the place of a real user who links another identity", { timeout: 120_000 }, async () => {
    for (let statement = 1; ; statement++) {
      expect(statement).toBeLessThan(MOST)
      const browser = app.browser(failing())
      await app.signInWith(browser, "one", app.person())
      const id = (await browser.session())?.user.id
      const { signIn } = await byCallback(browser, "two")
      const users = await app.count('"user"')
      left = statement
      await signIn(browser)
      const fired = left <= 0
      left = Number.POSITIVE_INFINITY
      expect((await browser.session())?.user.id, `statement ${statement}`).toBe(id)
      expect(await app.count('"user"'), `statement ${statement}`).toBe(users)
      if (!fired) return
    }
  })
})
