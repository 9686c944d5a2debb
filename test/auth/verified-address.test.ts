import { describe, expect, it } from "vitest"
import { readsUnverified } from "../../src/auth/linking/verified-address.js"
import { isPlaceholderAddress } from "../../src/store/identifiers/placeholder-address.js"

const email = "ada@example.com"

describe("a profile says that its address is not verified", () => {
  const names = ["email_verified", "emailVerified", "verified", "verified_email", "is_verified", "is_email_verified"]
  const more = ["email_confirmed", "confirmed", "confirmed_email", "is_confirmed", "is_email_valid", "xms_edov"]
  const namespaced = ["https://app.example/email_verified", "urn:example:email_verified"]
  const times = ["confirmed_at", "email_verified_at", "date_email_verified", "verified_at", "emailConfirmedAt"]

  it.each([...names, ...more, ...namespaced, ...times])("by %s, whatever its way to say no", (name) => {
    for (const no of [
      false,
      "false",
      "False",
      "FALSE",
      0,
      "0",
      "no",
      "No",
      "",
      null,
      " false ",
      "unverified",
      0n,
      Number.NaN,
    ])
      expect(readsUnverified({ sub: "1", email, [name]: no }, email), String(no)).toBe(true)
    for (const yes of [true, "true", "True", 1, "1", "yes", 1700000000, "2024-01-01T00:00:00Z"])
      expect(readsUnverified({ sub: "1", email, [name]: yes }, email), String(yes)).toBe(false)
    expect(readsUnverified({ sub: "1", email, [name]: undefined }, email)).toBe(false)
  })

  it.each([
    { user: { email_verified: false } },
    { data: { user: { attributes: { email, verified: "0" } } } },
    { kakao_account: { email, is_email_valid: true, is_email_verified: false } },
    { emails: [{ email, verified: false, primary: true }] },
    { emails: [{ value: "Ada@Example.com", confirmed: false }] },
    { emailAddresses: [{ value: email, metadata: { verified: false } }] },
    { email_verified: true, user: { verified: false } },
    { has_verified_email: false },
    { primary_email_address_verified: "no" },
    { email_status: "unverified" },
    { email_verification_status: "pending" },
    { email_unverified: true },
    { unconfirmed_email: "ADA@example.com" },
    { account: { not_verified: "yes" } },
    { verified_primary_email: ["other@example.com"], verified_secondary_email: [] },
  ])("within others: %j", (profile) => {
    expect(readsUnverified(profile, email)).toBe(true)
  })

  it("however much else it holds", () => {
    const own = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`key${n}`, { n }]))
    for (const profile of [
      { about: own, email_verified: false },
      { about: Object.values(own), email_verified: false },
      { ...own, user: { email, verified: false } },
    ])
      expect(readsUnverified(profile, email)).toBe(true)
    const groups = Array.from({ length: 5000 }, (_, n) => `group ${n}`)
    expect(readsUnverified({ groups, email_verified: true }, email)).toBe(false)
  })

  it.each([
    {},
    null,
    "verified",
    { email_unverified: false, unconfirmed_email: "new@example.com", unverified: null },
    { email_status: "active" },
    { name: "verified", notes: ["email_verified: false"] },
    { phone_verified: false, phone_number_verified: "false", phone: { verified: false } },
    {
      emails: [
        { email: "other@example.com", verified: false },
        { email, verified: true },
      ],
    },
    { verified_primary_email: [], verified_secondary_email: ["ADA@example.com"] },
  ])("not by what is about something else: %j", (profile) => {
    expect(readsUnverified(profile, email)).toBe(false)
  })

  it("not by a badge of the person", () => {
    expect(readsUnverified({ data: { verified: false } }, email, "twitter")).toBe(false)
    expect(readsUnverified({ data: { verified: false } }, email, "other")).toBe(true)
  })

  it("with bounded work, also where the profile holds itself", () => {
    const profile: Record<string, unknown> = { list: Array.from({ length: 100_000 }, () => ({ a: { b: {} } })) }
    profile.self = profile
    expect(readsUnverified(profile, email)).toBe(true)
  })
})

describe("a placeholder", () => {
  it.each([
    "a@lazy.invalid",
    "a@LAZY.INVALID",
    "a@lazy.invalid.",
    "a@invalid",
    " a@lazy.invalid ",
    "<a@lazy.invalid>",
    "a@lazy。invalid",
    "a@lazy．invalid",
  ])("is %s", (address) => expect(isPlaceholderAddress(address)).toBe(true))
  it.each(["a@example.com", "invalid@example.com", "a@invalid.example", "a@notinvalid", ""])("is not %s", (address) =>
    expect(isPlaceholderAddress(address)).toBe(false),
  )
})
