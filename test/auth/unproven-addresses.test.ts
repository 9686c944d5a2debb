import { expect, it } from "vitest"
import type { LazyConfig } from "../../src/index.js"
import { describeLinking } from "../setup/linking-app.js"

describeLinking("an address that nobody proved", (app) => {
  /** The provider, trusted to link by address, with more in its profile than OpenID has. */
  const provider = (about: object, trusted = true) =>
    app.oidc("one", {
      allowDangerousEmailAccountLinking: trusted,
      profile: (claims: { sub: string; name: string; email: string }) => ({
        id: claims.sub,
        name: claims.name,
        email: (about as { email?: string }).email ?? claims.email,
      }),
      // Auth.js hands on what the provider sent; the test's can't send more.
      userinfo: undefined,
    })
  const saysNo = (changes: Partial<LazyConfig["lazy"]> = {}): Partial<LazyConfig> => ({
    ...app.withProvider(provider({})),
    lazy: { isEmailVerified: async (_, { provider }) => (provider === "one" ? false : undefined), ...changes },
  })
  const owner = async () => {
    const email = app.person().email as string
    const user = await app.config.adapter.createUser({ id: "", email, emailVerified: new Date() })
    return { id: user.id, email }
  }
  const accounts = (id: string) => app.count(`account where "userId" = '${id}'`)

  it("is neither linked nor taken, where the app says so, in a lazy session and in none", async () => {
    const { id, email } = await owner()
    for (const browser of [app.browser(saysNo()), (await app.lazyBrowser(saysNo())).browser]) {
      const answer = await app.signInWith(browser, "one", app.person({ email }))
      expect(answer.headers.get("location")).toContain("error=OAuthAccountNotLinked")
      expect(await accounts(id)).toBe(0)
      const fresh = app.person()
      await app.signInWith(browser, "one", fresh)
      const made = (await browser.session())?.user
      expect(made).toMatchObject({ isLazy: false, email: null })
      expect(await app.count(`"user" where email = '${fresh.email}'`)).toBe(0)
      // Who proves it later gets an account of their own.
      const victim = app.browser()
      await victim.visit(await app.askForLink(victim, fresh.email as string))
      expect((await victim.session())?.user.id).not.toBe(made?.id)
    }
  })

  it("is what our reading says where the app says nothing", async () => {
    const { id, email } = await owner()
    for (const verified of ["False", "0", 0, null]) {
      const browser = app.browser({
        ...app.withProvider(provider({})),
        lazy: { isEmailVerified: () => undefined },
      })
      await app.signInWith(browser, "one", app.person({ email, email_verified: verified as unknown as boolean }))
      expect(await browser.session(), String(verified)).toBeNull()
      expect(await accounts(id)).toBe(0)
    }
  })

  it.each(["another address", "the same, unverified", "none"])(
    "does not stay with a lazy user who converts by an identity with %s",
    async (kind) => {
      const email = app.person().email as string
      const { browser: attacker, id } = await app.lazyBrowser()
      // The app keeps what was typed into a form of its own.
      await app.database.query(`update "user" set email = '${email}' where id = '${id}'`)
      const about = { "another address": {}, "the same, unverified": { email, email_verified: false } }[kind]
      const person = about ? app.person(about) : { sub: app.person().sub }
      await app.signInWith(attacker, "one", person)
      const kept = kind === "another address" ? person.email : null
      expect(await app.user(id)).toMatchObject({ email: kept, convertedAt: expect.anything() })
      const victim = app.browser()
      await victim.visit(await app.askForLink(victim, email))
      expect((await victim.session())?.user.email).toBe(email)
      expect((await victim.session())?.user.id).not.toBe(id)
    },
  )

  it("stays with a lazy user where the app has proven it", async () => {
    const email = app.person().email as string
    const { browser, id } = await app.lazyBrowser()
    await app.database.query(`update "user" set email = '${email}', "emailVerified" = now() where id = '${id}'`)
    await app.signInWith(browser, "one", app.person())
    expect(await app.user(id)).toMatchObject({ email, emailVerified: expect.anything() })
  })

  it("is that of another person where only its lower case is the same", async () => {
    const email = `k${app.person().email}`
    const { id } = await app.config.adapter.createUser({ id: "", email, emailVerified: new Date() })
    const kelvin = email.replace("k", "\u212a")
    const changes = { ...app.withProvider(provider({ email: kelvin })), lazy: { isEmailVerified: () => true } }
    for (const browser of [app.browser(changes), (await app.lazyBrowser(changes)).browser]) {
      await app.signInWith(browser, "one", app.person({ email: kelvin }))
      expect((await browser.session())?.user.id).not.toBe(id)
      expect(await accounts(id)).toBe(0)
    }
    const upper = app.person({ email: email.toUpperCase() })
    const owners = app.browser({ ...app.withProvider(provider({})), lazy: { isEmailVerified: () => true } })
    await app.signInWith(owners, "one", upper)
    expect((await owners.session())?.user.id).toBe(id)
  })

  it("fails the sign-in, with nothing changed, where the app's own reading throws", async () => {
    const isEmailVerified = () => {
      throw new Error("no answer")
    }
    const { browser, id } = await app.lazyBrowser(saysNo({ isEmailVerified }))
    const answer = await app.signInWith(browser, "one", app.person())
    expect(answer.headers.get("location")).toContain("error=")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it.each(["@lazy.invalid", "@LAZY.invalid.", "@invalid"])("can't be claimed where it ends in %s", async (domain) => {
    const { browser: keeper, id } = await app.lazyBrowser()
    const address = `${id}${domain}`
    await app.database.query(`update "user" set email = '${address}' where id = '${id}'`)
    const changes = app.withProvider(provider({ email: address }))
    for (const browser of [app.browser(changes), (await app.lazyBrowser(changes)).browser]) {
      await app.signInWith(browser, "one", app.person())
      const made = (await browser.session())?.user
      expect(made).toMatchObject({ isLazy: false, email: null })
      expect(made?.id).not.toBe(id)
    }
    expect((await keeper.session())?.user).toMatchObject({ id, isLazy: true })
    const csrfToken = await keeper.csrfToken()
    const answer = await keeper.visit("/auth/signin/nodemailer", { form: { csrfToken, email: address } })
    expect(answer.headers.get("location")).toContain("error=")
    expect(await app.count(`"verificationToken" where identifier ilike '%invalid%'`)).toBe(0)
    expect(await app.user(id)).toMatchObject({ emailVerified: null, convertedAt: null })
  })
})
