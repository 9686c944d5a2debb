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

/** One way to sign in as a lazy user. */
interface Way<Owner> {
  /** Makes the real user to merge into; undefined where the lazy user converts. */
  owner?: () => Promise<Owner & { id: string }>
  /** Does what comes before the database fails, such as going to the OpenID provider. */
  prepare: (browser: Browser, owner: Owner) => Promise<(browser: Browser) => Promise<unknown>>
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
      experimental: { enableWebAuthn: true },
    }
  }
  const real = async () => {
    const person = app.person()
    const browser = app.browser()
    await app.signInWith(browser, "one", person)
    return { person, id: (await browser.session())?.user.id as string }
  }
  const callback = async (browser: Browser, provider: "one" | "two", person = app.person()) => {
    const address = await app.oauthCallback(browser, provider, person)
    return (browser: Browser) => browser.visit(address)
  }
  const link = async (browser: Browser, email: string) => {
    const address = await app.askForLink(browser, email)
    return (browser: Browser) => browser.visit(address)
  }
  const way = <Owner>(way: Way<Owner>) => way as Way<unknown>

  const ways: Record<string, Way<unknown>> = {
    "converts by OAuth": way({ prepare: (browser) => callback(browser, "one") }),
    "converts by a link": way({ prepare: (browser) => link(browser, app.person().email as string) }),
    "converts by a passkey": way({
      prepare: async () => (browser) => new SoftPasskey("http://app.test").register(browser).catch(() => {}),
    }),
    "converts by a password": way({
      prepare: async () => (browser) => browser.signIn("convert", { username: app.person().sub, password }),
    }),
    "merges by OAuth": way({ owner: real, prepare: (browser, { person }) => callback(browser, "one", person) }),
    "merges by a link": way({ owner: real, prepare: (browser, { person }) => link(browser, person.email as string) }),
    "merges by address": way({
      owner: real,
      prepare: (browser, { person }) => callback(browser, "two", app.person({ email: person.email })),
    }),
    "merges by a password": way({
      async owner() {
        const username = app.person().sub
        const browser = app.browser()
        await browser.signIn("convert", { username, password })
        return { username, id: (await browser.session())?.user.id as string }
      },
      prepare:
        async (_, { username }) =>
        (browser) =>
          browser.signIn("password", { username, password }),
    }),
    "merges by a passkey": way({
      async owner() {
        const { browser, id } = await app.lazyBrowser(failing())
        const key = new SoftPasskey("http://app.test")
        await key.register(browser)
        return { key, id }
      },
      prepare:
        async (_, { key }) =>
        (browser) =>
          key.authenticate(browser).catch(() => {}),
    }),
  }

  it.for(Object.keys(ways))("either changes nothing or is done, where it %s", { timeout: 240_000 }, async (way) => {
    const { owner: makeOwner, prepare } = ways[way] as Way<unknown>
    const makePeople = async () => ({ ...(await app.lazyBrowser(failing())), owner: await makeOwner?.() })
    let outcomes = ""
    let people: Awaited<ReturnType<typeof makePeople>> | undefined
    for (let statement = 1; ; statement++) {
      expect(statement).toBeLessThan(MOST)
      // Where nothing changed, the same two try again.
      people ??= await makePeople()
      const { browser, id } = people
      const owner = people.owner?.id
      const signIn = await prepare(browser, people.owner)
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
      if (isDone) people = undefined
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
      const signIn = await callback(browser, "two")
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
