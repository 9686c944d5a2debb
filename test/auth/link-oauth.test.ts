import { expect, it } from "vitest"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"
import { oncePerTransaction } from "../setup/repeated-hooks.js"

describeLinking("converting by an OAuth identity that nobody has", (app, strategy) => {
  it("keeps the id, links, fills the profile, drops the generated name, rotates the session", async () => {
    const { browser, id } = await app.lazyBrowser()
    const attacker = await browser.copy()
    const users = await app.count('"user"')
    const person = app.person()
    const answer = await app.signInWith(browser, "one", person)
    expect(answer.headers.get("location")).toBe("http://app.test")
    expect((await browser.session())?.user).toEqual({
      id,
      isLazy: false,
      username: null,
      name: person.name,
      email: person.email,
      image: person.picture,
    })
    expect(await app.user(id)).toMatchObject({ convertedAt: expect.anything(), emailVerified: null })
    expect(await app.count('"user"')).toBe(users)
    expect(
      await app.database.query(`select "userId" from account where "providerAccountId" = '${person.sub}'`),
    ).toEqual([{ userId: id }])
    expect(await browser.sessionCookie()).not.toBe(await attacker.sessionCookie())
    if (strategy === "database") {
      expect(await attacker.session()).toBeNull()
      expect(await app.count(`session where "userId" = '${id}'`)).toBe(1)
    }
  })

  it("says so in the token of the very same response", async () => {
    const seen: unknown[] = []
    const { browser, id } = await app.lazyBrowser({
      callbacks: {
        jwt: ({ token, trigger }) => {
          if (trigger) seen.push({ trigger, sub: token.sub, isLazy: token.isLazy, email: token.email })
          return token
        },
      },
    })
    seen.length = 0
    const person = app.person()
    await app.signInWith(browser, "one", person)
    expect(seen).toEqual(strategy === "jwt" ? [{ trigger: "signIn", sub: id, isLazy: false, email: person.email }] : [])
  })

  it("calls onConvert in the transaction, and linkAccount, convertUser and signIn once each, after the commit", async () => {
    const events: unknown[][] = []
    const accounts = (id: string) => app.count(`account where "userId" = '${id}'`)
    const { browser, id } = await app.lazyBrowser({
      lazy: { onConvert: ({ by }) => void events.push(["onConvert", by.provider]) },
      events: {
        linkAccount: async ({ user }) => void events.push(["linkAccount", user.id, await accounts(user.id as string)]),
        convertUser: async ({ user, from }) =>
          void events.push(["convertUser", user.id, from.convertedAt, await accounts(user.id)]),
        signIn: ({ user, isNewUser }) => void events.push(["signIn", user.id, isNewUser]),
        createUser: () => void events.push(["createUser"]),
      },
    })
    events.length = 0
    await app.signInWith(browser, "one", app.person())
    expect(oncePerTransaction(events)).toEqual([
      ["onConvert", "one"],
      ["linkAccount", id, 1],
      ["convertUser", id, null, 1],
      ["signIn", id, false],
    ])
  })

  it("keeps the name and the picture that the user has, and takes the place of a generated address", async () => {
    const { browser, id } = await app.lazyBrowser()
    await app.database.query(
      `update "user" set name = 'Mine', image = 'mine.png', email = '${id}@lazy.invalid' where id = '${id}'`,
    )
    const person = app.person()
    await app.signInWith(browser, "one", person)
    expect((await browser.session())?.user).toMatchObject({ id, name: "Mine", image: "mine.png", email: person.email })
  })

  it("converts somebody whose provider tells neither name nor address", async () => {
    const { browser, id } = await app.lazyBrowser()
    await app.signInWith(browser, "one", { sub: app.person().sub })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, email: null })
  })

  it("takes no address that the provider calls unverified", async () => {
    const { browser, id } = await app.lazyBrowser()
    await app.signInWith(browser, "one", app.person({ email_verified: false }))
    expect(await app.user(id)).toMatchObject({ email: null, convertedAt: expect.anything() })
  })

  it("signs the same user in again later, and links a second identity as Auth.js does", async () => {
    const { browser, id } = await app.lazyBrowser()
    const person = app.person()
    await app.signInWith(browser, "one", person)
    const other = app.person()
    await app.signInWith(browser, "two", other)
    expect(await app.count(`account where "userId" = '${id}'`)).toBe(2)
    for (const [provider, who] of [
      ["one", person],
      ["two", other],
    ] as const) {
      const elsewhere = app.browser()
      await app.signInWith(elsewhere, provider, who)
      expect((await elsewhere.session())?.user).toMatchObject({ id, isLazy: false })
    }
  })

  it("leaves the lazy user alone when the app's signIn refuses or throws, or onConvert throws", async () => {
    const no = () => {
      throw new Error("no")
    }
    for (const changes of [
      { callbacks: { signIn: ({ account }: { account?: { type: string } | null }) => account?.type !== "oidc" } },
      {
        callbacks: { signIn: ({ account }: { account?: { type: string } | null }) => account?.type !== "oidc" || no() },
      },
      { lazy: { onConvert: no } },
    ]) {
      const { browser, id } = await app.lazyBrowser(changes)
      const before = [
        await app.user(id),
        await app.count("account"),
        await app.count(`session where "userId" = '${id}'`),
      ]
      await app.signInWith(browser, "one", app.person())
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
      expect([
        await app.user(id),
        await app.count("account"),
        await app.count(`session where "userId" = '${id}'`),
      ]).toEqual(before)
    }
  })

  it("refuses an identity whose address belongs to a real user, as for a visitor, and stays lazy", async () => {
    const owner = await app.config.adapter.createUser({
      id: "",
      email: app.person().email as string,
      emailVerified: new Date(),
    })
    const { browser, id } = await app.lazyBrowser()
    const answer = await app.signInWith(browser, "one", app.person({ email: owner.email }))
    expect(answer.headers.get("location")).toContain("error=OAuthAccountNotLinked")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true, email: null })
    expect(await app.count(`account where "userId" = '${owner.id}'`)).toBe(0)
  })

  it("signs both of two tabs in that finish with one identity at the same moment", async () => {
    const { browser, id } = await app.lazyBrowser()
    const person = app.person()
    const tabs = [browser, await browser.copy()]
    const callbacks: string[] = []
    for (const tab of tabs) callbacks.push(await app.oauthCallback(tab, "one", person))
    const answers = await Promise.all(tabs.map((tab, place) => tab.visit(callbacks[place] as string)))
    for (const answer of answers) expect(answer.headers.get("location")).toBe("http://app.test")
    for (const tab of tabs) expect((await tab.session())?.user).toMatchObject({ id, isLazy: false })
    expect(await app.count(`account where "providerAccountId" = '${person.sub}'`)).toBe(1)
  })

  it("signs a tab in that finishes while another one makes the same user real, whenever that is noticed", async () => {
    // Auth.js asks first, and then, when it has read the session, this library.
    for (const asking of [1, 2]) {
      const base = app.config.adapter
      let calls = 0
      let hurry: (() => Promise<unknown>) | undefined
      const getUserByAccount: typeof base.getUserByAccount = async (account) => {
        if (hurry && ++calls === asking) {
          const other = hurry
          hurry = undefined
          await other()
        }
        return base.getUserByAccount(account)
      }
      const { browser, id } = await app.lazyBrowser({ adapter: { ...base, getUserByAccount } })
      const person = app.person()
      const slow = await browser.copy()
      const [first, second] = [
        await app.oauthCallback(browser, "one", person),
        await app.oauthCallback(slow, "one", person),
      ]
      hurry = () => browser.visit(first)
      const answer = await slow.visit(second)
      expect(hurry).toBeUndefined()
      expect(answer.headers.get("location")).toBe("http://app.test")
      for (const tab of [browser, slow]) expect((await tab.session())?.user).toMatchObject({ id, isLazy: false })
      expect(await app.count(`account where "providerAccountId" = '${person.sub}'`)).toBe(1)
    }
  })

  it("changes nothing when a callback is replayed", async () => {
    const { browser, id } = await app.lazyBrowser()
    const callback = await app.oauthCallback(browser, "one", app.person())
    await browser.visit(callback)
    const before = await app.user(id)
    const answer = await browser.visit(callback)
    expect(answer.headers.get("location")).toContain("error=")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    expect(await app.user(id)).toEqual(before)
    expect((await app.browser().visit(callback)).headers.get("location")).toContain("error=")
  })

  it("makes an ordinary new user of somebody whose lazy user was deleted meanwhile", async () => {
    const { browser, id } = await app.lazyBrowser()
    const person = app.person()
    const callback = await app.oauthCallback(browser, "one", person)
    await app.config.adapter.deleteUser(id)
    await browser.visit(callback)
    const session = await browser.session()
    expect(session?.user).toMatchObject({ isLazy: false, email: person.email })
    expect(session?.user.id).not.toBe(id)
  })

  it("links nothing to a user through a lazy session from before the conversion", async () => {
    const { browser, id } = await app.lazyBrowser()
    const attacker = await browser.copy()
    await browser.signIn("convert", { username: `victim-${strategy}-${id.slice(-4)}`, password })
    const person = app.person()
    await app.signInWith(attacker, "one", person)
    expect(await app.count(`account where "userId" = '${id}'`)).toBe(0)
    expect((await attacker.session())?.user.id).not.toBe(id)
  })
})

describeLinking("an address that somebody else registered with a password", (app, strategy) => {
  const squat = async (email: string) => {
    const { ConvertProvider } = await import("../../src/password.js")
    const squatter = app.browser({
      ...app.withProvider(ConvertProvider({ identifier: "email" })),
      lazy: { recheck: 0 },
    })
    await squatter.signIn("convert", { email, password })
    const session = await squatter.session()
    expect(session?.user.email).toBe(email)
    return { squatter, id: session?.user.id as string }
  }
  const stillIn = async (squatter: Awaited<ReturnType<typeof squat>>["squatter"], email: string) => {
    const again = app.browser()
    await again.signIn("password", { username: email, password })
    return [await squatter.session(), await again.session()]
  }

  it("loses password and sessions when its owner proves it by an e-mail link", async () => {
    const email = app.person().email as string
    const { squatter, id } = await squat(email)
    const victim = app.browser()
    await victim.visit(await app.askForLink(victim, email))
    expect((await victim.session())?.user).toMatchObject({ id, email })
    expect(await app.user(id)).toMatchObject({ emailVerified: expect.anything() })
    expect(await stillIn(squatter, email)).toEqual([null, null])
    expect((await victim.session())?.user.id).toBe(id)
    // A second link changes nothing any more for the one who owns the address.
    const phone = app.browser()
    await phone.visit(await app.askForLink(phone, email))
    expect((await victim.session())?.user.id).toBe(id)
  })

  it("loses the identities that somebody else linked, too", async () => {
    const email = app.person().email as string
    const { squatter, id } = await squat(email)
    const squattersOwn = app.person()
    await app.signInWith(squatter, "two", squattersOwn)
    expect(await app.count(`account where "userId" = '${id}'`)).toBe(1)
    const victim = app.browser()
    await victim.visit(await app.askForLink(victim, email))
    expect((await victim.session())?.user).toMatchObject({ id, email })
    expect(await stillIn(squatter, email)).toEqual([null, null])
    const again = app.browser()
    await app.signInWith(again, "two", squattersOwn)
    expect((await again.session())?.user.id).not.toBe(id)
  })

  it("loses password and sessions when its owner comes through a provider that the app trusts with addresses", async () => {
    const person = app.person()
    const { squatter, id } = await squat(person.email as string)
    const victim = app.browser(app.withProvider(app.oidc("one", { allowDangerousEmailAccountLinking: true })))
    await app.signInWith(victim, "one", person)
    expect((await victim.session())?.user.id).toBe(id)
    expect(await stillIn(squatter, person.email as string)).toEqual([null, null])
    expect((await victim.session())?.user.id).toBe(id)
    expect(strategy === "database" ? await app.count(`session where "userId" = '${id}'`) : 1).toBe(1)
  })
})
