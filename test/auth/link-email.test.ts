import { expect, it } from "vitest"
import { describeLinking } from "../setup/linking-app.js"

describeLinking("converting by an e-mail link", (app, strategy) => {
  it("keeps the id, makes no second user, sets emailVerified, and ends the lazy session", async () => {
    const { browser, id } = await app.lazyBrowser()
    const attacker = await browser.copy()
    const users = await app.count('"user"')
    const email = app.person().email as string
    const link = await app.askForLink(browser, email)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    const answer = await browser.visit(link)
    expect(answer.headers.get("location")).toBe("http://app.test")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, email, username: null })
    expect(await app.user(id)).toMatchObject({
      email,
      emailVerified: expect.anything(),
      convertedAt: expect.anything(),
    })
    expect(await app.count('"user"')).toBe(users)
    if (strategy === "database") {
      expect(await attacker.session()).toBeNull()
      expect(await app.count(`session where "userId" = '${id}'`)).toBe(1)
    }
    expect(await app.count(`"verificationToken" where identifier = '${email}'`)).toBe(0)
  })

  it("calls convertUser, updateUser and signIn once, and says so in the token of the same response", async () => {
    const events: unknown[] = []
    const { browser, id } = await app.lazyBrowser({
      callbacks: {
        jwt: ({ token, trigger }) => {
          if (trigger) events.push(["jwt", token.sub, token.isLazy])
          return token
        },
      },
      events: {
        convertUser: ({ user, by }) => void events.push(["convertUser", user.id, by]),
        updateUser: ({ user }) => void events.push(["updateUser", user.id]),
        createUser: () => void events.push("createUser"),
        signIn: ({ user }) => void events.push(["signIn", user.id]),
      },
    })
    events.length = 0
    await browser.visit(await app.askForLink(browser, app.person().email as string))
    expect(events).toEqual([
      ...(strategy === "jwt" ? [["jwt", id, false]] : []),
      ["updateUser", id],
      ["convertUser", id, { provider: "nodemailer", type: "email" }],
      ["signIn", id],
    ])
  })

  it("is an ordinary sign-up in another browser, and leaves the lazy session alone", async () => {
    const { browser, id } = await app.lazyBrowser()
    const email = app.person().email as string
    const link = await app.askForLink(browser, email)
    const phone = app.browser()
    await phone.visit(link)
    const there = await phone.session()
    expect(there?.user).toMatchObject({ isLazy: false, email })
    expect(there?.user.id).not.toBe(id)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true, email: null })
  })

  it("is an ordinary sign-up in a browser that is lazy but has not asked for the link, and takes nothing from its lazy user", async () => {
    const attacker = await app.lazyBrowser()
    const email = app.person().email as string
    const link = await app.askForLink(attacker.browser, email)
    const victim = await app.lazyBrowser()
    await victim.browser.visit(link)
    expect((await victim.browser.session())?.user.id).not.toBe(victim.id)
    expect(await app.user(victim.id)).toMatchObject({ email: null, convertedAt: null })
    expect(await app.user(attacker.id)).toMatchObject({ email: null, convertedAt: null })
    // Nor does the attacker who asked gain anything from the click.
    expect((await attacker.browser.session())?.user).toMatchObject({ id: attacker.id, isLazy: true })
  })

  it("converts a visitor who went on working after asking", async () => {
    const { browser, id } = await app.lazyBrowser()
    const link = await app.askForLink(browser, app.person().email as string)
    await browser.signIn("lazy")
    await browser.session()
    await browser.visit(link)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
  })

  it("works once: the second click on the link is refused and changes nothing", async () => {
    const { browser, id } = await app.lazyBrowser()
    const link = await app.askForLink(browser, app.person().email as string)
    await browser.visit(link)
    const answer = await browser.visit(link)
    expect(answer.headers.get("location")).toContain("error=Verification")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
  })

  it("answers the HEAD request of a mail scanner as Auth.js does, and the link still works", async () => {
    const { browser, id } = await app.lazyBrowser()
    const link = await app.askForLink(browser, app.person().email as string)
    expect((await app.browser().visit(link, { method: "HEAD" })).status).toBe(400)
    await browser.visit(link)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
  })

  it("makes a new user of somebody whose lazy user was deleted before the click", async () => {
    const { browser, id } = await app.lazyBrowser()
    const email = app.person().email as string
    const link = await app.askForLink(browser, email)
    await app.config.adapter.deleteUser(id)
    await browser.visit(link)
    expect((await browser.session())?.user).toMatchObject({ isLazy: false, email })
  })

  it("leaves the lazy user alone when the app's signIn refuses at the click, or onConvert throws", async () => {
    for (const changes of [
      {
        callbacks: {
          signIn: ({ account, email }: { account?: { type: string } | null; email?: object }) =>
            account?.type !== "email" || email !== undefined,
        },
      },
      {
        lazy: {
          onConvert: () => {
            throw new Error("no")
          },
        },
      },
    ]) {
      const { browser, id } = await app.lazyBrowser(changes)
      const answer = await browser.visit(await app.askForLink(browser, app.person().email as string))
      expect(answer.headers.get("location")).toContain("error=")
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: true, email: null })
    }
  })

  it("can't be turned to the mark that the lazy user's asking left", async () => {
    const { browser } = await app.lazyBrowser()
    const email = app.person().email as string
    const link = new URL(await app.askForLink(browser, email))
    const tokens = await app.database.query(`select token from "verificationToken" where identifier = '${email}'`)
    expect(tokens).toHaveLength(2)
    for (const { token } of tokens) {
      link.searchParams.set("token", String(token))
      expect((await app.browser().visit(link.href)).headers.get("location")).toContain("error=Verification")
    }
  })
})
