import { Auth, raw, skipCSRFCheck } from "@auth/core"
import Credentials from "@auth/core/providers/credentials"
import { authHandler, initAuthConfig } from "@hono/auth-js"
import { type Context, Hono } from "hono"
import { expect, it } from "vitest"
import { type LazyAuth, type LazyConfig, LazyProvider, LazySetupError, withLazy } from "../../src/index.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { Browser } from "../setup/browser-jar.js"
import { password } from "../setup/flow-app.js"
import { describeLinking } from "../setup/linking-app.js"

const BROWSERS = 20

describeLinking("a configuration", (app) => {
  const config = (changes: Partial<LazyConfig> = {}): LazyConfig => ({
    ...app.config,
    basePath: "/auth",
    ...changes,
    lazy: { limits: { perAddress: false }, ...changes.lazy },
  })
  const shared = (auth: LazyAuth, built = auth()) => new Browser("http://app.test", (request) => Auth(request, built))
  const refused = {
    message: expect.stringContaining("NextAuth(authConfig) instead of NextAuth(authConfig())"),
    code: "setup",
  }

  it("that was built without a request serves one, and gives nobody another one's session", async () => {
    const auth = withLazy(config())
    const built = auth()
    const users = await app.count('"user"')
    const browsers = Array.from({ length: BROWSERS }, () => shared(auth, built))
    const answers = await Promise.allSettled(browsers.map((browser) => browser.signIn("lazy")))
    expect(answers.filter(({ status }) => status === "rejected")).toHaveLength(BROWSERS)
    for (const answer of answers) expect(answer).toMatchObject({ reason: refused })
    expect(await app.count('"user"')).toBe(users)
    for (const browser of browsers) await expect(browser.session()).rejects.toThrow(LazySetupError)
    expect(app.logged.at(-1)).toBeInstanceOf(LazySetupError)
  })

  it("that Hono shares serves one request, and the function serves all", async () => {
    const auth = withLazy(config())
    const appFor = (make: (c: Context) => ReturnType<LazyAuth>) => {
      const hono = new Hono()
      hono.onError((error, c) => c.text(`${error.name}: ${error.message}`, 500))
      hono.use("*", initAuthConfig(make as Parameters<typeof initAuthConfig>[0]))
      hono.use("/auth/*", authHandler())
      return () => new Browser("http://app.test", async (request) => hono.fetch(request))
    }
    const built = auth()
    const mixed = Array.from(
      { length: BROWSERS },
      appFor(() => built),
    )
    const users = await app.count('"user"')
    await Promise.allSettled(mixed.map((browser) => browser.signIn("lazy")))
    expect(await app.count('"user"')).toBeLessThanOrEqual(users + 1)
    expect(await (await (mixed[0] as Browser).visit("/auth/session")).text()).toContain(
      "LazySetupError: This configuration",
    )

    const each = Array.from(
      { length: BROWSERS },
      appFor((c) => auth(c)),
    )
    await Promise.all(each.map((browser) => browser.signIn("lazy")))
    const ids = await Promise.all(each.map(async (browser) => (await browser.session())?.user.id))
    expect(new Set(ids).size).toBe(BROWSERS)
  })

  it("that was built for one browser signs in no other, by whatever way", async () => {
    const auth = withLazy(config())
    const { browser: first, id } = await app.lazyBrowser()
    const cookie = await first.jar.getCookieString(first.origin)
    const owned = app.person()
    await app.signInWith(app.browser(), "one", owned)
    const username = app.person().sub
    await app.browser().signIn("convert", { username, password })
    const ways: Record<string, (browser: Browser) => Promise<Response>> = {
      lazy: (browser) => browser.signIn("lazy"),
      password: (browser) => browser.signIn("password", { username, password }),
      oauth: async (browser) => app.signInWith(browser, "one", owned),
    }
    for (const [way, signIn] of Object.entries(ways)) {
      const built = auth(new Request("http://app.test/auth/csrf", { headers: { cookie } }))
      const other = shared(auth, built)
      await expect(signIn(other), way).rejects.toMatchObject(refused)
      expect(await app.user(id), way).toMatchObject({ convertedAt: null })
      expect((await first.session())?.user).toMatchObject({ id, isLazy: true })
    }
  })

  it("that is shared reads no second session, and takes nobody's cookie away", async () => {
    const auth = withLazy(config())
    const [{ browser: first, id }, { browser: second, id: otherId }] = [
      await app.lazyBrowser(),
      await app.lazyBrowser(),
    ]
    const built = auth(new Request("http://app.test/auth/session"))
    const send = async (browser: Browser) => {
      const cookie = await browser.jar.getCookieString(browser.origin)
      return Auth(new Request("http://app.test/auth/session", { headers: { cookie } }), built)
    }
    for (const _ of [1, 2]) expect(await (await send(first)).json()).toMatchObject({ user: { id } })
    await expect(send(second)).rejects.toMatchObject(refused)
    expect((await second.session())?.user.id).toBe(otherId)
  })

  it("that is made for each request serves twenty browsers at once", async () => {
    const auth = withLazy(config())
    const browsers = Array.from(
      { length: BROWSERS },
      () => new Browser("http://app.test", (request) => Auth(request, auth(request))),
    )
    await Promise.all(browsers.map((browser) => browser.signIn("lazy")))
    const ids = await Promise.all(browsers.map(async (browser) => (await browser.session())?.user.id))
    expect(new Set(ids).size).toBe(BROWSERS)
  })

  it("is not the function that makes it, and that says what to write", () => {
    const auth = withLazy(config())
    expect(() => (auth as unknown as LazyConfig).providers).toThrow("expressAuth(authConfig) of authjs-lazy/express")
  })

  /**
   * Calls as next-auth does in a server action, without a request while it builds the
   * configuration.
   */
  const inAction = async (
    browser: Browser,
    changes: Partial<LazyConfig>,
    path: string,
    form: Record<string, string>,
  ) => {
    const request = new Request(`http://app.test${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        cookie: await browser.jar.getCookieString(browser.origin),
      },
      body: new URLSearchParams({ ...form, callbackUrl: "/" }),
    })
    const { cookies = [] } = await Auth(request, { ...withLazy(config(changes))(), raw, skipCSRFCheck })
    for (const { name, value } of cookies) await browser.jar.setCookie(`${name}=${value}; Path=/`, browser.origin)
  }

  const own = (id: string) => ({
    Credentials: Credentials({ id: "own", credentials: {}, authorize: () => app.config.adapter.getUser(id) }),
    "a function": () => Credentials({ id: "own", credentials: {}, authorize: () => app.config.adapter.getUser(id) }),
  })

  it.for(["Credentials", "a function"] as const)("merges in a server action, by %s of the app's own", async (kind) => {
    const real = app.browser()
    await real.signIn("convert", { username: app.person().sub, password })
    const realId = (await real.session())?.user.id as string
    const { browser, id } = await app.lazyBrowser()
    const providers = [
      LazyProvider(),
      PasswordProvider(),
      ConvertProvider(),
      own(realId)[kind],
    ] as LazyConfig["providers"]
    await inAction(browser, { providers }, "/auth/callback/own", {})
    expect(await app.user(id)).toBeUndefined()
    expect((await browser.session())?.user).toMatchObject({ id: realId, isLazy: false })
  })

  it("knows in a server action whose e-mail link it is", async () => {
    const { browser, id } = await app.lazyBrowser()
    const email = app.person().email as string
    await inAction(browser, {}, "/auth/signin/nodemailer", { email })
    await browser.visit(await app.mailbox.linkFor(email))
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, email })
  })

  it("leaves no lazy user behind in silence where the request can't be known", async () => {
    const { browser, id } = await app.lazyBrowser()
    const callback = await app.oauthCallback(browser, "one", app.person())
    const cookie = await browser.jar.getCookieString(browser.origin)
    const answer = Auth(new Request(callback, { headers: { cookie } }), withLazy(config())())
    await expect(answer).rejects.toThrow("made without its request")
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })
})
