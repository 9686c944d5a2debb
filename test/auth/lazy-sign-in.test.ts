import { expect, it } from "vitest"
import { LazyProvider } from "../../src/index.js"
import { describeFlows, earlyInWindow, password, refusal } from "../setup/flow-app.js"

describeFlows("signing in lazily", (app, strategy) => {
  it("makes one user with a generated name and no password, and a session that tells who it is", async () => {
    const before = await app.count('"user"')
    const visitor = app.browser()
    const answer = await visitor.signIn("lazy")
    expect(answer.headers.get("location")).toBe("http://app.test")
    const session = await visitor.session()
    expect(session?.user).toEqual({
      id: expect.any(String),
      isLazy: true,
      username: expect.stringMatching(/^guest-[2-9a-hjkmnp-z]{10}$/),
      name: null,
      email: null,
      image: null,
    })
    expect(await app.count('"user"')).toBe(before + 1)
    expect(await app.user(session?.user.id as string)).toMatchObject({
      username: session?.user.username,
      lazySince: expect.anything(),
      seenAt: expect.anything(),
      convertedAt: null,
    })
    expect(await app.count("password")).toBe(0)
  })

  it("tells nothing about id or session in the generated name", async () => {
    const { browser, id } = await app.lazyBrowser()
    const [, random] = String((await browser.session())?.user.username).split("-")
    expect(id.replaceAll("-", "")).not.toContain(random)
    expect(await browser.sessionCookie()).not.toContain(random)
  })

  it("refuses a post without the CSRF token and makes nothing (cross-site POST)", async () => {
    const before = await app.count('"user"')
    const visitor = app.browser()
    await visitor.csrfToken()
    const answer = await visitor.visit("/auth/callback/lazy", { form: { csrfToken: "made up" } })
    expect(answer.headers.get("location")).toContain("error=MissingCSRF")
    expect(await visitor.session()).toBeNull()
    expect(await app.count('"user"')).toBe(before)
  })

  it("keeps user and session of a visitor who is lazy already", async () => {
    const { browser, id } = await app.lazyBrowser()
    const before = [await browser.sessionCookie(), await app.count('"user"'), await app.count("session")]
    await browser.signIn("lazy")
    if (strategy === "database") expect(await browser.sessionCookie()).toBe(before[0])
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    expect([await app.count('"user"'), await app.count("session")]).toEqual(before.slice(1))
  })

  it("keeps the session of a real user, with everything in it, and calls no callback or event of a sign-in", async () => {
    const calls: string[] = []
    const browser = app.browser({
      callbacks: {
        signIn: ({ account }) => {
          calls.push(`signIn ${account?.provider}`)
          return true
        },
        jwt: ({ token, account }) => (account ? { ...token, apiToken: `for ${account.provider}` } : token),
        session: ({ session, token }) => ({
          ...session,
          apiToken: (token as Record<string, unknown> | undefined)?.apiToken,
        }),
      },
      events: { signIn: ({ account }) => void calls.push(`event ${account?.provider}`) },
    })
    await browser.signIn("convert", { username: `real-${strategy}`, password })
    const before = await browser.session()
    expect(before?.user.isLazy).toBe(false)
    calls.length = 0
    const users = await app.count('"user"')
    await browser.signIn("lazy")
    expect({ ...(await browser.session()), expires: "" }).toEqual({ ...before, expires: "" })
    expect(calls).toEqual([])
    expect(await app.count('"user"')).toBe(users)
  })

  it("makes one user when one browser asks twice at the same moment", async () => {
    const visitor = app.browser()
    const csrfToken = await visitor.csrfToken()
    const before = await app.count('"user"')
    const ask = () => visitor.visit("/auth/callback/lazy", { form: { csrfToken } })
    await earlyInWindow()
    const answers = await Promise.all([ask(), ask(), ask()])
    for (const answer of answers) expect(answer.headers.get("location")).toBe("http://app.test")
    expect(await app.count('"user"')).toBe(before + 1)
    expect((await visitor.session())?.user.isLazy).toBe(true)
  })

  it("makes a user for each of two browsers that ask at the same moment", async () => {
    const before = await app.count('"user"')
    const [one, other] = await Promise.all([app.lazyBrowser(), app.lazyBrowser()])
    expect(one.id).not.toBe(other.id)
    expect(await app.count('"user"')).toBe(before + 2)
  })

  it("makes a new lazy user for the session of a deleted one", async () => {
    const { browser, id } = await app.lazyBrowser()
    await app.config.adapter.deleteUser(id)
    await browser.signIn("lazy")
    const session = await browser.session()
    expect(session?.user.isLazy).toBe(true)
    // The same browser may get the same id within seconds, but never the old row.
    expect(await app.count(`"user" where id = '${session?.user.id}'`)).toBe(1)
  })

  it("ignores whatever the form sends: no name, id or flag in it signs anybody in", async () => {
    const owner = app.browser()
    await owner.signIn("convert", { username: `owner-${strategy}`, password })
    const ownerId = (await owner.session())?.user.id as string
    const attacker = app.browser()
    await attacker.signIn("lazy", {
      id: ownerId,
      userId: ownerId,
      sub: ownerId,
      username: `owner-${strategy}`,
      email: "owner@example.com",
      isLazy: "false",
    })
    const session = await attacker.session()
    expect(session?.user.isLazy).toBe(true)
    expect(session?.user.id).not.toBe(ownerId)
  })

  it("makes nobody while turned off, and leaves who is there alone", async () => {
    const { browser, id } = await app.lazyBrowser()
    const before = await app.count('"user"')
    const asked: string[] = []
    const off = app.browser({
      lazy: {
        enabled: (request) => {
          asked.push(new URL(request.url).pathname)
          return false
        },
      },
    })
    expect(refusal(await off.signIn("lazy"))).toBe("lazy_disabled")
    expect(asked).toEqual(["/auth/callback/lazy"])
    expect(refusal(await app.browser({ lazy: { enabled: false } }).signIn("lazy"))).toBe("lazy_disabled")
    expect(await app.count('"user"')).toBe(before)

    const still = app.browser({ lazy: { enabled: false } })
    for (const cookie of await browser.jar.getCookies(browser.origin))
      await still.jar.setCookie(cookie.toString(), browser.origin)
    await still.signIn("convert", { username: `off-${strategy}`, password })
    expect((await still.session())?.user).toMatchObject({ id, isLazy: false })
  })

  it("leaves no row when the app's signIn callback refuses, redirects or throws", async () => {
    const before = [await app.count('"user"'), await app.count("session")]
    for (const signIn of [
      () => false,
      () => "/elsewhere",
      () => {
        throw new Error("no")
      },
    ]) {
      const visitor = app.browser({ callbacks: { signIn } })
      await visitor.signIn("lazy")
      expect(await visitor.session()).toBeNull()
    }
    expect([await app.count('"user"'), await app.count("session")]).toEqual(before)
  })

  it("takes whatever is truthy for a yes of the app's signIn callback, as Auth.js does", async () => {
    const { browser, id } = await app.lazyBrowser({ callbacks: { signIn: () => ({}) as never } })
    expect(await app.user(id)).toBeDefined()
    expect((await browser.session())?.user.id).toBe(id)
  })

  it("shows the app's signIn callback the user, and createLazyUser and signIn events what was written", async () => {
    const seen: Record<string, unknown> = {}
    const visitor = app.browser({
      callbacks: {
        signIn: ({ user, account }) => {
          seen.callback = { id: user.id, provider: account?.provider, email: user.email }
          return true
        },
      },
      events: {
        createLazyUser: ({ user }) => void Object.assign(seen, { created: user }),
        signIn: ({ user }) => void Object.assign(seen, { signedIn: user }),
        createUser: () => void Object.assign(seen, { createUser: true }),
      },
    })
    await visitor.signIn("lazy")
    const { id, username } = (await visitor.session())?.user ?? {}
    expect(seen.callback).toEqual({ id, provider: "lazy", email: null })
    expect(seen.created).toMatchObject({ id, username })
    expect(seen.signedIn).toMatchObject({ id, username })
    expect(seen.createUser).toBeUndefined()
  })

  it("still signs in, and calls signIn, when the createLazyUser event throws", async () => {
    let signedIn = false
    const visitor = app.browser({
      events: {
        createLazyUser: () => {
          throw new Error("event failed")
        },
        signIn: () => {
          signedIn = true
        },
      },
    })
    app.logged.length = 0
    await visitor.signIn("lazy")
    expect((await visitor.session())?.user.isLazy).toBe(true)
    expect(signedIn).toBe(true)
    expect(String((app.logged[0]?.cause as { err?: Error })?.err)).toContain("event failed")
  })

  it("retries a generated name that is taken, and asks generateEmail for an address", async () => {
    const taken = ((await (await app.lazyBrowser()).browser.session())?.user.username ?? "") as string
    const names = [taken, taken, `fresh-${strategy}`]
    const provider = LazyProvider({
      generateName: () => names.shift() as string,
      generateEmail: ({ id }) => `${id}@lazy.invalid`,
    })
    const { browser, id } = await app.lazyBrowser({ providers: [provider] })
    expect((await browser.session())?.user).toMatchObject({
      username: `fresh-${strategy}`,
      email: `${id}@lazy.invalid`,
    })
    expect(names).toEqual([])
  })
})

describeFlows("a lazy sign-in that fails half-way", (app, strategy) => {
  const rows = async () => [await app.count('"user"'), await app.count("session")]

  it("leaves no row when the session can't be written", async () => {
    const visitor = app.browser({ session: { strategy, generateSessionToken: () => "the same token" } })
    const other = app.browser({ session: { strategy, generateSessionToken: () => "the same token" } })
    await other.signIn("lazy")
    const before = await rows()
    await visitor.signIn("lazy")
    if (strategy === "database") {
      expect(await visitor.session()).toBeNull()
      expect(await rows()).toEqual(before)
    } else {
      expect((await visitor.session())?.user.isLazy).toBe(true)
    }
  })

  if (strategy === "jwt")
    it("leaves no row when the jwt callback throws, returns null, or the token can't be made", async () => {
      const before = await rows()
      const encode = () => Promise.reject(new Error("no token"))
      for (const changes of [
        {
          callbacks: {
            jwt: () => {
              throw new Error("no")
            },
          },
        },
        { callbacks: { jwt: () => null } },
        { jwt: { encode } },
      ]) {
        const visitor = app.browser(changes)
        await visitor.signIn("lazy")
        expect(await visitor.sessionCookie()).toBeUndefined()
        expect(await rows()).toEqual(before)
      }
    })

  it("leaves no row and no cookie when the database is away, and works when it is back", async () => {
    const visitor = app.browser()
    const csrfToken = await visitor.csrfToken()
    await app.database.query(`alter table "user" rename to "user_away"`)
    const answer = await visitor.visit("/auth/callback/lazy", { form: { csrfToken } })
    expect(answer.headers.get("location")).toContain("error=Configuration")
    await app.database.query(`alter table "user_away" rename to "user"`)
    expect(await visitor.sessionCookie()).toBeUndefined()
    await visitor.signIn("lazy")
    expect((await visitor.session())?.user.isLazy).toBe(true)
  })
})
