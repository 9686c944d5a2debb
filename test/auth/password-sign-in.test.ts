import { RateLimiterMemory } from "rate-limiter-flexible"
import { expect, it } from "vitest"
import { handleAuth, LazyProvider, withLazy } from "../../src/index.js"
import { ConvertProvider, hashPassword, PasswordProvider } from "../../src/password.js"
import { Browser } from "../setup/browser-jar.js"
import { describeFlows, password, refusal } from "../setup/flow-app.js"

let counter = 0
const freshName = () => `signer-${process.pid}-${counter++}`

describeFlows("signing in with a password", (app, strategy) => {
  const signUp = async (username = freshName()) => {
    const browser = app.browser()
    await browser.signIn("convert", { username, password })
    return { username, id: (await browser.session())?.user.id as string }
  }

  it("takes the name in any case, or the address", async () => {
    const { username, id } = await signUp()
    await app.database.query(`update "user" set email = '${username}@example.com' where id = '${id}'`)
    for (const name of [username, username.toUpperCase(), ` ${username} `, `${username}@Example.COM`]) {
      const browser = app.browser()
      await browser.signIn("password", { username: name, password })
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, username })
    }
  })

  it("answers a wrong password, an unknown name, a lazy user's name and a user without a password alike", async () => {
    const { username } = await signUp()
    const { browser: lazy } = await app.lazyBrowser()
    const lazyName = (await lazy.session())?.user.username as string
    const oauth = await app.config.adapter.createUser({
      id: "oauth",
      email: `${freshName()}@example.com`,
      emailVerified: null,
    })
    const answers = []
    for (const [name, secret] of [
      [username, "not this one"],
      [freshName(), password],
      [lazyName, ""],
      [lazyName, password],
      [oauth.email, ""],
      ["", ""],
      ["a@b@c", password],
      [username, "x".repeat(100_000)],
    ] as [string, string][]) {
      const browser = app.browser()
      const answer = await browser.signIn("password", { username: name, password: secret })
      expect(await browser.sessionCookie()).toBeUndefined()
      answers.push([answer.status, answer.headers.get("location")])
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify([302, "http://app.test/auth/signin?error=CredentialsSignin&code=wrong_credentials"])]),
    )
  })

  it("replaces a hash that was made with other parameters", async () => {
    const { username, id } = await signUp()
    const old = await hashPassword(password, { memoryCost: 7168, timeCost: 5 })
    await app.database.query(`update password set hash = '${old}' where "userId" = '${id}'`)
    await app.browser().signIn("password", { username, password: "not this one" })
    expect(await app.database.query(`select hash from password where "userId" = '${id}'`)).toEqual([{ hash: old }])
    const browser = app.browser()
    await browser.signIn("password", { username, password })
    expect((await browser.session())?.user.id).toBe(id)
    const [row] = await app.database.query(`select hash from password where "userId" = '${id}'`)
    expect(row?.hash).not.toBe(old)
    await app.browser().signIn("password", { username, password })
  })

  it("limits failed tries per name, whether or not it exists, and forgets them after a success", async () => {
    const { username } = await signUp()
    const limiters = { name: new RateLimiterMemory({ points: 3, duration: 60 }) }
    const providers = [LazyProvider(), ConvertProvider(), PasswordProvider({ limiters })]
    const attempt = async (name: string, secret: string) =>
      refusal(await app.browser({ providers }).signIn("password", { username: name, password: secret }))
    const wrong = ["wrong_credentials", "wrong_credentials"]
    expect([await attempt(username, "no"), await attempt(username, "no")]).toEqual(wrong)
    expect(await attempt(username, password)).toBeNull()
    expect([await attempt(username, "no"), await attempt(username, "no")]).toEqual(wrong)
    expect(await attempt(username.toUpperCase(), "no")).toBe("wrong_credentials")
    expect(await attempt(username, password)).toBe("too_many_tries")
    const unknown = freshName()
    for (let n = 0; n < 3; n++) expect(await attempt(unknown, "no")).toBe("wrong_credentials")
    expect(await attempt(unknown, "no")).toBe("too_many_tries")
  })

  it("counts tries made at the same moment", async () => {
    const { username } = await signUp()
    const limiters = { name: new RateLimiterMemory({ points: 3, duration: 60 }) }
    const providers = [PasswordProvider({ limiters })]
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => app.browser({ providers }).signIn("password", { username, password: "no" })),
    )
    expect(answers.map(refusal).filter((code) => code === "too_many_tries")).toHaveLength(5)
  })

  it("limits failed tries per client address, where the framework knows it", async () => {
    const { username } = await signUp()
    const limiters = { address: new RateLimiterMemory({ points: 2, duration: 60 }) }
    const auth = withLazy({ ...app.config, providers: [PasswordProvider({ limiters })] })
    const from = (address: string) =>
      new Browser("http://app.test", (request) => handleAuth(request, auth, { getClientAddress: () => address }))
    const attempt = async (address: string, secret: string) =>
      refusal(
        await from(address).signIn("password", {
          username: secret === password ? username : freshName(),
          password: secret,
        }),
      )
    expect(await attempt("192.0.2.1", "no")).toBe("wrong_credentials")
    expect(await attempt("192.0.2.1", password)).toBeNull()
    expect(await attempt("192.0.2.1", "no")).toBe("wrong_credentials")
    expect(await attempt("192.0.2.1", password)).toBe("too_many_tries")
    expect(await attempt("192.0.2.2", password)).toBeNull()
  })

  it("ends the session that the browser had", async () => {
    const { username, id } = await signUp()
    const browser = app.browser()
    await browser.signIn("password", { username, password })
    const old = await browser.copy()
    await browser.signIn("password", { username, password })
    expect((await browser.session())?.user.id).toBe(id)
    if (strategy === "database") expect(await old.session()).toBeNull()
  })

  it("refuses a password sign-in when the app's signIn callback does", async () => {
    const { username } = await signUp()
    const browser = app.browser({ callbacks: { signIn: () => false } })
    const answer = await browser.signIn("password", { username, password })
    expect(answer.headers.get("location")).toContain("error=AccessDenied")
    expect(await browser.session()).toBeNull()
  })
})
