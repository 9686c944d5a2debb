import { Auth } from "@auth/core"
import { expect, it } from "vitest"
import { gate, LazyProvider, withLazy } from "../../src/index.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { Browser } from "../setup/browser-jar.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"

let counter = 0
const fresh = () => `hard-${process.pid}-${counter++}`
const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
const away = () => Promise.reject(new Error("the database is away"))

describeLinking("two things at the same moment", (app, strategy) => {
  const byAddress = () => ({
    providers: [
      LazyProvider(),
      PasswordProvider(),
      ConvertProvider({ identifier: "email" }),
      app.oidc("one", { allowDangerousEmailAccountLinking: true }),
      app.email(),
    ],
    lazy: { recheck: 0 },
  })

  it("ends a password sign-in that is under way while the owner proves the address", async () => {
    const email = `${fresh()}@example.com`
    const attacker = app.browser(byAddress())
    await attacker.signIn("convert", { email, password })
    await attacker.signOut()
    const victim = app.browser(byAddress())
    const link = await app.askForLink(victim, email)
    const prove = async ({ account }: { account?: { provider: string } | null }) => {
      if (account?.provider === "password") await victim.visit(link)
      return true
    }
    const slow = app.browser({ ...byAddress(), callbacks: { signIn: prove } })
    await slow.signIn("password", { username: email, password })
    expect((await victim.session())?.user.email).toBe(email)
    expect(await slow.session()).toBeNull()
    expect((await victim.session())?.user.email).toBe(email)
  })

  it("merges nobody by a password that is removed while it is under way", async () => {
    const email = `${fresh()}@example.com`
    await app.browser(byAddress()).signIn("convert", { email, password })
    const victim = app.browser(byAddress())
    const link = await app.askForLink(victim, email)
    const prove = async ({ account }: { account?: { provider: string } | null }) => {
      if (account?.provider === "password") await victim.visit(link)
      return true
    }
    const slow = await app.lazyBrowser({ ...byAddress(), callbacks: { signIn: prove } })
    const answer = await slow.browser.signIn("password", { username: email, password })
    expect(answer.headers.get("location")).toContain("code=wrong_credentials")
    expect((await slow.browser.session())?.user).toMatchObject({ id: slow.id, isLazy: true })
  })

  it("removes the other's password although the lazy user is gone just before the merge by address", async () => {
    const email = `${fresh()}@example.com`
    await app.browser(byAddress()).signIn("convert", { email, password })
    const { browser } = await app.lazyBrowser({
      ...byAddress(),
      lazy: {
        merge: async ({ from }) => {
          await app.config.adapter.lazy.deleteLazyUser(from.id)
          return true
        },
      },
    })
    await app.signInWith(browser, "one", app.person({ email }))
    expect((await browser.session())?.user.email).toBe(email)
    const again = app.browser(byAddress())
    await again.signIn("password", { username: email, password })
    expect(await again.session()).toBeNull()
  })

  it("links an identity to whom Auth.js links it, when the lazy session ends between its look and ours", async () => {
    const base = app.config.adapter
    let tab: Browser | undefined
    let calls = 0
    const adapter: typeof base = {
      ...base,
      getUserByAccount: async (account) => {
        const owner = await base.getUserByAccount(account)
        if (++calls === 2) await tab?.signOut()
        return owner
      },
    }
    const { browser } = await app.lazyBrowser({ adapter })
    tab = await browser.copy()
    const person = app.person()
    await app.signInWith(browser, "one", person)
    const [account] = await app.database.query(
      `select "userId" from account where "providerAccountId" = '${person.sub}'`,
    )
    const session = await browser.session()
    expect(session?.user).toMatchObject({ id: account?.userId, isLazy: false })
    expect(await app.count(`"user" where email = '${person.email}'`)).toBe(1)
  })

  if (strategy === "jwt")
    it("gives the token of a merged user no new life when the browser becomes lazy again within seconds", async () => {
      const username = fresh()
      await app.browser().signIn("convert", { username, password })
      const { browser } = await app.lazyBrowser()
      const token = await browser.sessionCookie()
      await browser.signIn("password", { username, password })
      await browser.signOut()
      await browser.signIn("lazy")
      const thief = app.browser({ lazy: { recheck: 0 } })
      await thief.jar.setCookie(`authjs.session-token=${token}; Path=/`, thief.origin)
      expect(await thief.session()).toBeNull()
    })

  it("makes nobody for a request in the background that still carries the session from before a conversion", async () => {
    const { browser } = await app.lazyBrowser({ lazy: { recheck: 0 } })
    const cookie = await (await browser.copy()).jar.getCookieString(browser.origin)
    await browser.signIn("convert", { username: fresh(), password })
    const auth = withLazy({ ...app.config, lazy: { recheck: 0 } })
    const poll = { cookie, "user-agent": CHROME, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }
    const result = await gate(new Request("http://app.test/poll", { headers: poll }), auth)
    expect(result).toMatchObject({ open: true, session: null, skipped: "stale-session" })
    expect(result.headers.getSetCookie()).toEqual([])
    const page = { cookie, "user-agent": CHROME, "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }
    const asked = await gate(new Request("http://app.test/", { headers: page }), auth)
    expect(asked).toMatchObject({ open: false, reason: "session-ended" })
    const back = { ...page, cookie: `${cookie}; ${asked.headers.getSetCookie()[0]?.split(";")[0]}` }
    expect(await gate(new Request("http://app.test/", { headers: back }), auth)).toMatchObject({ created: true })
  })
})

describeLinking("the database fails after the decision", (app) => {
  it("leaves the lazy session alive where a link that it has not asked for is opened", async () => {
    const email = `${fresh()}@example.com`
    const owner = app.browser()
    await owner.visit(await app.askForLink(owner, email))
    const { browser, id } = await app.lazyBrowser({ adapter: { ...app.config.adapter, updateUser: away } })
    await browser.visit(await app.askForLink(app.browser(), email))
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it("leaves a lazy user lazy, or converts it and says so: never half", async () => {
    const { browser, id } = await app.lazyBrowser({ adapter: { ...app.config.adapter, updateUser: away } })
    await browser.visit(await app.askForLink(browser, `${fresh()}@example.com`))
    const isLazy = (await app.user(id))?.convertedAt === null
    expect((await browser.session())?.user).toMatchObject({ id, isLazy })
  })

  it("leaves a lazy user lazy when the account's owner can't be read at the last moment", async () => {
    const person = app.person()
    await app.signInWith(app.browser(), "one", person)
    const base = app.config.adapter
    let calls = 0
    const getUserByAccount: typeof base.getUserByAccount = (account) =>
      ++calls === 3 ? away() : base.getUserByAccount(account)
    const { browser, id } = await app.lazyBrowser({ adapter: { ...base, getUserByAccount } })
    await app.signInWith(browser, "one", person)
    expect(calls).toBe(3)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })
})

describeLinking("an address that is not what it seems", (app) => {
  const trusting = () => app.withProvider(app.oidc("one", { allowDangerousEmailAccountLinking: true }))

  it("makes a lazy user real whose address, kept by the app, is proven by a link, and ends its sessions", async () => {
    const email = `${fresh()}@example.com`
    const { browser: other, id } = await app.lazyBrowser({ lazy: { recheck: 0 } })
    await app.config.adapter.updateUser({ id, email })
    const owner = app.browser()
    await owner.visit(await app.askForLink(owner, email))
    expect((await owner.session())?.user).toMatchObject({ id, isLazy: false })
    expect(await other.session()).toBeNull()
  })

  it("links no identity to a lazy user because another lazy user keeps its address", async () => {
    const email = `${fresh()}@example.com`
    const other = await app.lazyBrowser()
    await app.config.adapter.updateUser({ id: other.id, email })
    const { browser, id } = await app.lazyBrowser(trusting())
    const answer = await app.signInWith(browser, "one", app.person({ email }))
    expect(answer.headers.get("location")).toContain("error=OAuthAccountNotLinked")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    expect(await app.count(`account where "userId" in ('${id}', '${other.id}')`)).toBe(0)
  })

  it.for([false, "false"])(
    "links nobody by an address of which the provider says email_verified: %j",
    async (verified) => {
      const email = `${fresh()}@example.com`
      const owner = app.browser()
      await owner.visit(await app.askForLink(owner, email))
      for (const browser of [app.browser(trusting()), (await app.lazyBrowser(trusting())).browser]) {
        const answer = await app.signInWith(browser, "one", app.person({ email, email_verified: verified as boolean }))
        expect(answer.headers.get("location")).toContain("error=OAuthAccountNotLinked")
      }
      expect(
        await app.count(`account where provider = 'one' and "userId" = '${(await owner.session())?.user.id}'`),
      ).toBe(0)
    },
  )
})

describeLinking("cookies and secrets", (app) => {
  it("reads the session that Auth.js reads, behind TLS with AUTH_URL, from the request as next-auth and Hono hand it over", async () => {
    process.env.AUTH_URL = "https://app.test"
    try {
      const auth = withLazy(app.config)
      const browser = new Browser("https://app.test", (request) => {
        const inner = new Request(request.url.replace("https://app.test", "http://localhost:3000"), request)
        return Auth(new Request(request.url, inner), auth(inner))
      })
      await browser.signIn("lazy")
      const id = (await browser.session())?.user.id
      await browser.signIn("lazy")
      expect((await browser.session())?.user.id).toBe(id)
      await browser.signIn("convert", { username: fresh(), password })
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    } finally {
      delete process.env.AUTH_URL
    }
  })

  it("gives two browsers with one made-up CSRF cookie a user each", async () => {
    const auth = withLazy(app.config)
    const headers = { cookie: "authjs.csrf-token=made-up|made-up", "user-agent": CHROME }
    const [one, two] = await Promise.all([1, 2].map(() => gate(new Request("http://app.test/", { headers }), auth)))
    expect(one?.session?.user.id).not.toBe(two?.session?.user.id)
  })
})
