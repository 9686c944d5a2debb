import { RateLimiterMemory } from "rate-limiter-flexible"
import { expect, it } from "vitest"
import { handleAuth, LazyProvider, withLazy } from "../../src/index.js"
import { ConvertProvider, PasswordProvider, SignInRefused } from "../../src/password.js"
import { Browser } from "../setup/browser-jar.js"
import { describeFlows, password, refusal } from "../setup/flow-app.js"
import { oncePerTransaction } from "../setup/repeated-hooks.js"

let counter = 0
const freshName = () => `person-${process.pid}-${counter++}`

describeFlows("converting with a password", (app, strategy) => {
  const withEmail = () => ({
    providers: [LazyProvider(), PasswordProvider(), ConvertProvider({ identifier: "email" })],
  })

  it("keeps id and row, takes the chosen name, and ends every session the lazy user had", async () => {
    const { browser, id } = await app.lazyBrowser()
    const attacker = await browser.copy()
    const users = await app.count('"user"')
    const name = freshName()
    const answer = await browser.signIn("convert", {
      username: name.toUpperCase(),
      password,
      passwordConfirm: password,
    })
    expect(answer.headers.get("location")).toBe("http://app.test")
    expect((await browser.session())?.user).toMatchObject({
      id,
      isLazy: false,
      username: name,
      name: name.toUpperCase(),
    })
    expect(await app.count('"user"')).toBe(users)
    expect(await app.user(id)).toMatchObject({
      username: name,
      lazySince: expect.anything(),
      convertedAt: expect.anything(),
    })
    expect(await app.database.query(`select hash from password where "userId" = '${id}'`)).toEqual([
      { hash: expect.stringMatching(/^\$argon2id\$/) },
    ])
    // The cookie an attacker planted, or copied, before the conversion.
    expect(await browser.sessionCookie()).not.toBe(await attacker.sessionCookie())
    if (strategy === "database") expect(await attacker.session()).toBeNull()
    expect(await app.count(`session where "userId" = '${id}'`)).toBe(strategy === "database" ? 1 : 0)
  })

  if (strategy === "jwt")
    it("ends the token of the lazy user once it is checked again", async () => {
      const { browser, id } = await app.lazyBrowser()
      const attacker = app.browser({ lazy: { recheck: 0 } })
      for (const cookie of await browser.jar.getCookies(browser.origin))
        await attacker.jar.setCookie(cookie.toString(), browser.origin)
      expect((await attacker.session())?.user).toMatchObject({ id, isLazy: true })
      await browser.signIn("convert", { username: freshName(), password })
      // The cookie stays: an answer that comes late must not remove the one of the next session.
      expect([await attacker.session(), await attacker.session()]).toEqual([null, null])
    })

  it("signs somebody up who has no session, and calls createUser and signIn once", async () => {
    const events: string[] = []
    const visitor = app.browser({
      events: {
        createUser: ({ user }) => void events.push(`createUser ${(user as { username?: string }).username}`),
        convertUser: () => void events.push("convertUser"),
        signIn: ({ account }) => void events.push(`signIn ${account?.provider}`),
      },
    })
    const name = freshName()
    await visitor.signIn("convert", { username: name, password })
    const session = await visitor.session()
    expect(session?.user).toMatchObject({ isLazy: false, username: name })
    expect(await app.user(session?.user.id as string)).toMatchObject({ lazySince: null, convertedAt: null })
    expect(events).toEqual([`createUser ${name}`, "signIn convert"])
  })

  it("calls onConvert inside the transaction, and convertUser and signIn once, after the commit", async () => {
    const events: unknown[][] = []
    const { browser, id } = await app.lazyBrowser({
      lazy: {
        onConvert: async ({ tx, user, from, by }) => {
          const inside = await tx.execute(`select "convertedAt" from "user" where id = '${user.id}'`)
          const rows = (Array.isArray(inside) ? inside : (inside as unknown as { rows: unknown[] }).rows) as unknown[]
          events.push(["onConvert", user.id, from.id, from.convertedAt, by, rows.length])
        },
      },
      events: {
        convertUser: async ({ user, from, by }) => {
          events.push([
            "convertUser",
            user.id,
            from.username?.startsWith("guest-"),
            by,
            await app.count(`password where "userId" = '${user.id}'`),
          ])
        },
        signIn: ({ user, account }) => void events.push(["signIn", user.id, account?.provider]),
      },
    })
    events.length = 0
    await browser.signIn("convert", { username: freshName(), password })
    const by = { provider: "convert", type: "credentials" }
    expect(oncePerTransaction(events)).toEqual([
      ["onConvert", id, id, null, by, 1],
      ["convertUser", id, true, by, 1],
      ["signIn", id, "convert"],
    ])
  })

  it("limits tries per client address, where the framework knows it, those that succeed included", async () => {
    const limiters = { address: new RateLimiterMemory({ points: 3, duration: 60 }) }
    const auth = withLazy({ ...app.config, providers: [LazyProvider(), ConvertProvider({ limiters })] })
    const from = (address?: string) =>
      new Browser("http://app.test", (request) =>
        handleAuth(request, auth, address === undefined ? {} : { getClientAddress: () => address }),
      )
    const signUp = async (username: string, address?: string) =>
      refusal(await from(address).signIn("convert", { username, password }))
    const taken = freshName()
    expect(await signUp(taken, "192.0.2.1")).toBeNull()

    const guest = from("192.0.2.1")
    await guest.signIn("lazy")
    const before = await guest.session()
    expect(refusal(await guest.signIn("convert", { username: taken, password }))).toBe("username_taken")
    expect(await signUp("?", "192.0.2.1")).toBe("username_invalid")
    const users = await app.count('"user"')
    for (const username of [taken, "?", freshName()]) expect(await signUp(username, "192.0.2.1")).toBe("too_many_tries")
    expect(refusal(await guest.signIn("convert", { username: freshName(), password }))).toBe("too_many_tries")
    expect((await guest.session())?.user).toEqual(before?.user)
    expect(await app.count('"user"')).toBe(users)

    expect(await signUp(freshName(), "192.0.2.2")).toBeNull()
    for (let n = 0; n < 4; n++) expect(await signUp(freshName())).toBeNull()
  })

  it("counts tries at the same moment", async () => {
    const limiters = { address: new RateLimiterMemory({ points: 2, duration: 60 }) }
    const auth = withLazy({ ...app.config, providers: [ConvertProvider({ limiters })] })
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        new Browser("http://app.test", (request) =>
          handleAuth(request, auth, { getClientAddress: () => "192.0.2.3" }),
        ).signIn("convert", { username: freshName(), password }),
      ),
    )
    expect(answers.map(refusal).filter((code) => code === "too_many_tries")).toHaveLength(4)
  })

  it("refuses a real user, and changes nothing", async () => {
    const { browser, id } = await app.lazyBrowser()
    await browser.signIn("convert", { username: freshName(), password })
    const before = [await app.user(id), await app.database.query(`select * from password where "userId" = '${id}'`)]
    expect(refusal(await browser.signIn("convert", { username: freshName(), password: `${password}!` }))).toBe(
      "already_converted",
    )
    expect([await app.user(id), await app.database.query(`select * from password where "userId" = '${id}'`)]).toEqual(
      before,
    )
    expect((await browser.session())?.user.id).toBe(id)
  })

  it("stays lazy, with everything in place, after every kind of bad input", async () => {
    const taken = freshName()
    await app.browser().signIn("convert", { username: taken, password })
    const { browser, id } = await app.lazyBrowser()
    const before = [await app.user(id), await app.count(`session where "userId" = '${id}'`)]
    const cases: [Record<string, string>, string][] = [
      [{ username: "ab", password }, "username_invalid"],
      [{ username: "someone@example.com", password }, "username_invalid"],
      [{ username: "someone＠example", password }, "username_invalid"],
      [{ password }, "username_invalid"],
      [{ username: taken, password }, "username_taken"],
      [{ username: taken.toUpperCase(), password }, "username_taken"],
      [{ username: freshName(), password: "short" }, "password_weak"],
      [{ username: freshName(), password: "password1" }, "password_weak"],
      [{ username: "florentina", password: "florentina1" }, "password_weak"],
      [{ username: freshName() }, "password_weak"],
      [{ username: freshName(), password: "long enough ".repeat(30) }, "password_too_long"],
      [{ username: freshName(), password, passwordConfirm: `${password}x` }, "password_mismatch"],
    ]
    for (const [form, code] of cases) {
      expect(refusal(await browser.signIn("convert", form)), JSON.stringify(form)).toBe(code)
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    }
    expect([await app.user(id), await app.count(`session where "userId" = '${id}'`)]).toEqual(before)
    expect(await app.count(`password where "userId" = '${id}'`)).toBe(0)
  })

  it("stores an address unverified, and refuses bad and taken ones", async () => {
    const address = `${freshName()}@example.com`
    const { browser, id } = await app.lazyBrowser(withEmail())
    expect(refusal(await browser.signIn("convert", { email: "nobody", password }))).toBe("email_invalid")
    expect(refusal(await browser.signIn("convert", { email: "a@b.com,c@d.com", password }))).toBe("email_invalid")
    await browser.signIn("convert", { email: ` ${address.toUpperCase()} `, password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, email: address, username: null })
    expect(await app.user(id)).toMatchObject({ email: address, emailVerified: null })
    const { browser: other } = await app.lazyBrowser(withEmail())
    expect(refusal(await other.signIn("convert", { email: address, password }))).toBe("email_taken")
    expect((await other.session())?.user.isLazy).toBe(true)
  })

  it("takes the place of the address that generateEmail made", async () => {
    const lazy = LazyProvider({ generateEmail: ({ id }) => `${id}@lazy.invalid` })
    const providers = [lazy, ConvertProvider({ identifier: "email" })]
    const { browser, id } = await app.lazyBrowser({ providers })
    const address = `${freshName()}@example.com`
    await browser.signIn("convert", { email: address, password })
    expect(await app.user(id)).toMatchObject({ email: address })
  })

  it("lets the app's validate refuse", async () => {
    const validate = ({ username }: { username?: string }) => {
      if (username?.startsWith("admin")) throw new SignInRefused("username_invalid")
    }
    const { browser } = await app.lazyBrowser({ providers: [LazyProvider(), ConvertProvider({ validate })] })
    expect(refusal(await browser.signIn("convert", { username: "administrator", password }))).toBe("username_invalid")
    await browser.signIn("convert", { username: freshName(), password })
    expect((await browser.session())?.user.isLazy).toBe(false)
  })

  it("gives a name to one of two people who want it at the same moment, and tells the other", async () => {
    const one = await app.lazyBrowser()
    const two = await app.lazyBrowser()
    const username = freshName()
    const codes = (
      await Promise.all([one, two].map(({ browser }) => browser.signIn("convert", { username, password })))
    ).map(refusal)
    expect(codes.toSorted()).toEqual(["username_taken", null].toSorted())
    const [loser, winner] = codes[0] === null ? [two, one] : [one, two]
    expect((await loser.browser.session())?.user).toMatchObject({ id: loser.id, isLazy: true })
    expect((await winner.browser.session())?.user).toMatchObject({ id: winner.id, isLazy: false, username })
  })

  it("converts once when the form is sent twice at the same moment", async () => {
    const { browser, id } = await app.lazyBrowser()
    const twin = await browser.copy()
    const answers = await Promise.all(
      [browser, twin].map((each) => each.signIn("convert", { username: freshName(), password })),
    )
    const codes = answers.map(refusal)
    expect(codes.filter((code) => code === null)).toHaveLength(1)
    expect(await app.count(`password where "userId" = '${id}'`)).toBe(1)
    const winner = codes[0] === null ? browser : twin
    expect((await winner.session())?.user).toMatchObject({ id, isLazy: false })
  })

  it("leaves the user lazy and signed in when the app says no or fails", async () => {
    const no = () => {
      throw new Error("no")
    }
    const changes = [
      {
        callbacks: { signIn: ({ account }: { account?: { provider: string } | null }) => account?.provider === "lazy" },
      },
      {
        callbacks: {
          signIn: ({ account }: { account?: { provider: string } | null }) => account?.provider === "lazy" || no(),
        },
      },
      { lazy: { onConvert: no } },
      { lazy: { onConvert: async () => Promise.reject(new Error("later")) } },
      ...(strategy === "jwt"
        ? [
            {
              callbacks: {
                jwt: ({ token, account }: { token: object; account?: { provider: string } | null }) =>
                  account?.provider === "convert" ? no() : token,
              },
            },
            {
              callbacks: {
                jwt: ({ token, account }: { token: object; account?: { provider: string } | null }) =>
                  account?.provider === "convert" ? null : token,
              },
            },
          ]
        : []),
    ]
    for (const change of changes) {
      const { browser, id } = await app.lazyBrowser(change as never)
      const before = [await app.user(id), await app.count(`session where "userId" = '${id}'`)]
      const keep = await browser.copy()
      await browser.signIn("convert", { username: freshName(), password })
      expect((await keep.session())?.user).toMatchObject({ id, isLazy: true })
      expect([await app.user(id), await app.count(`session where "userId" = '${id}'`)]).toEqual(before)
      expect(await app.count(`password where "userId" = '${id}'`)).toBe(0)
    }
  })

  it("signs up a visitor whose lazy user was deleted meanwhile", async () => {
    const { browser, id } = await app.lazyBrowser()
    await app.config.adapter.deleteUser(id)
    await browser.signIn("convert", { username: freshName(), password })
    const session = await browser.session()
    expect(session?.user.isLazy).toBe(false)
    expect(session?.user.id).not.toBe(id)
  })

  it("never puts a hash into a session, a token or what a callback sees", async () => {
    const seen: unknown[] = []
    const { browser } = await app.lazyBrowser({
      callbacks: {
        signIn: (params) => {
          seen.push(params.user)
          return true
        },
        jwt: ({ token, user }) => {
          seen.push(token, user)
          return token
        },
        session: (params) => {
          seen.push(params)
          return params.session
        },
      },
      events: { convertUser: (message) => void seen.push(message), signIn: (message) => void seen.push(message) },
    })
    const name = freshName()
    await browser.signIn("convert", { username: name, password })
    await browser.signOut()
    await browser.signIn("password", { username: name, password })
    expect((await browser.session())?.user.isLazy).toBe(false)
    expect(seen.length).toBeGreaterThan(5)
    expect(JSON.stringify(seen)).not.toContain("argon2")
  })
})

describeFlows("an app whose tables differ", (app, strategy) => {
  if (strategy === "jwt")
    it("works without a sessions table", async () => {
      await app.database.query("drop table session")
      const { browser, id } = await app.lazyBrowser()
      const username = freshName()
      await browser.signIn("convert", { username, password })
      await browser.signOut()
      await browser.signIn("password", { username, password })
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    })

  it("signs up with a username where generateEmail fills the address", async () => {
    const convert = ConvertProvider({ generateEmail: ({ id }) => `${id}@users.invalid` })
    const browser = app.browser({ providers: [LazyProvider(), convert] })
    await browser.signIn("convert", { username: freshName(), password })
    const user = (await browser.session())?.user
    expect(user?.email).toBe(`${user?.id}@users.invalid`)
  })
})
