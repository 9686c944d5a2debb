import { RateLimiterMemory } from "rate-limiter-flexible"
import { beforeAll, expect, it } from "vitest"
import { LazyProvider } from "../../src/index.js"
import { ConvertProvider, hashPassword, PasswordProvider } from "../../src/password.js"
import { internals } from "../../src/store/lazy-store.js"
import { unique } from "../contract/fixtures.js"
import { describeFlows, password, refusal } from "../setup/flow-app.js"

/** What JSON can bring in the place of a string. */
const ODD = [
  ["an array of the right value", (right: string) => [right]],
  ["an array", () => []],
  ["an object", () => ({})],
  ["a toString bomb", () => ({ toString: 1, valueOf: 1 })],
  ["a nested array", () => [[[["x"]]]]],
  ["a number", () => 7],
  ["true", () => true],
  ["null", () => null],
] as const

const TEXTS = [
  ["NUL", "a\0b"],
  ["a lone surrogate", "a\ud800b"],
  ["10^5 characters", "a".repeat(100_000)],
  ["a bidirectional override", "abc\u202edef"],
  ["homoglyphs", "pаypal"],
  ["only blanks", "    "],
  ["invisible letters", "\u3164\u3164\u3164"],
] as const

describeFlows("fields that are not what a form sends", (app) => {
  const owner = unique("owner")
  beforeAll(async () => {
    const lazy = internals(app.config.adapter.lazy)
    await lazy.createRealUser({ username: owner, passwordHash: await hashPassword(password) })
  })
  const post = async (provider: string, fields: object, lazy = true) => {
    const providers = [
      LazyProvider(),
      // What can be no name is counted as one name.
      PasswordProvider({ limiters: { name: new RateLimiterMemory({ points: 1000, duration: 60 }) } }),
      ConvertProvider({ identifier: "email" in fields ? "email" : "username" }),
    ]
    const browser = lazy ? (await app.lazyBrowser({ providers })).browser : app.browser({ providers })
    const before = await browser.session()
    app.logged.length = 0
    const json = { csrfToken: await browser.csrfToken(), ...fields }
    const answer = await browser.visit(`/auth/callback/${provider}`, { json })
    expect(await browser.session()).toEqual(before && { ...before, expires: expect.any(String) })
    expect(app.logged.map(({ name }) => name).filter((name) => name !== "SignInRefused")).toEqual([])
    return refusal(answer)
  }

  it.each(ODD)("a password that is %s", async (_, odd) => {
    expect(await post("password", { username: owner, password: odd(password) })).toBe("wrong_credentials")
    expect(await post("convert", { username: unique("ada"), password: odd(password) })).toBe("password_weak")
  })

  it.each(ODD)("a name or an address that is %s", async (_, odd) => {
    expect(await post("password", { username: odd(owner), password })).toBe("wrong_credentials")
    expect(await post("convert", { username: odd(unique("ada")), password })).toBe("username_invalid")
    expect(await post("convert", { email: odd("ada@example.com"), password }, false)).toBe("email_invalid")
  })

  it.each(ODD)("a password that is repeated by %s", async (_, odd) => {
    expect(await post("convert", { username: unique("ada"), password, passwordConfirm: odd(password) })).toBe(
      "password_mismatch",
    )
  })

  it.each(TEXTS)("a name or an address with %s", async (_, text) => {
    expect(await post("password", { username: text, password })).toBe("wrong_credentials")
    expect(await post("password", { username: `${text}@example.com`, password })).toBe("wrong_credentials")
    expect(await post("convert", { username: text, password })).toBe("username_invalid")
    if (text.trim() !== "" && text !== "pаypal")
      expect(await post("convert", { email: `${text}x@example.com`, password })).toBe("email_invalid")
  })

  it("a name or an address that its column refuses", async () => {
    await app.database.query(
      `alter table "user" add constraint short check (char_length(username) < 25 and email not like '%@example.org')`,
    )
    expect(await post("convert", { username: "a".repeat(30), password })).toBe("username_invalid")
    expect(await post("convert", { username: "a".repeat(30), password }, false)).toBe("username_invalid")
    expect(await post("convert", { email: "ada@example.org", password })).toBe("email_invalid")
    expect(await post("convert", { email: "ada@example.org", password }, false)).toBe("email_invalid")
  })
})
