import type { Account } from "@auth/core/types"
import type { RequestContext } from "../context/request-context.js"
import type { ProvenIdentity } from "./proven-identity.js"

/**
 * Field names for a verified address, in lower case and without separators: `email_verified`
 * (OpenID), `verified_email` (Google), `verified` (Discord, Zoom), `is_email_verified` (Kakao),
 * `confirmed_at` (GitLab), `confirmed_email` (Wikimedia), `xms_edov` (Microsoft),
 * `date_email_verified` (Slack), and variations of them.
 */
const SAYS_VERIFIED = new RegExp(
  [
    "^(is|has|date)?(verified|confirmed|validated|valid|verification|confirmation)(e?mail(address)?)?(at|on|date|status)?$",
    "e?mail(address)?(is|has|was)?(verified|confirmed|validated|valid|verification|confirmation)(at|on|date|status)?$",
    "^e?mail(status|state)$",
    "^xmsedov$",
  ].join("|"),
)

/** Field names for an unverified address, such as `email_unverified`. */
const SAYS_UNVERIFIED = /^(is|has)?(e?mail(address)?)?(is)?(un|not)(verified|confirmed)(e?mail(address)?)?$/

/** Field names that concern a phone number. */
const NOT_AN_ADDRESS = /phone|mobile|sms|tel$/

/** Providers whose `verified` field is a badge of the person. */
const BADGES: Record<string, readonly string[]> = {
  twitter: ["verified"],
  tiktok: ["isverified"],
  vk: ["verified"],
}

/** Texts that mean no, beside the falsy values of JavaScript. */
const NO =
  /^\s*(false|no|n|f|0+(\.0*)?|off|none|null|undefined|nan|un(verified|confirmed)|not[ _-]?(verified|confirmed)|pending)?\s*$/i

const MAX_DEPTH = 5
/**
 * The number of profile fields to read. The profile comes from another server, so its size must not
 * matter.
 */
const MAX_VALUES = 2000

/**
 * Tells whether the provider says that the address is unverified: by `lazy.isEmailVerified`, or by
 * reading the profile. False for an identity without an address.
 */
export async function isReportedUnverified(
  { user, profile }: ProvenIdentity,
  account: Account,
  { options }: RequestContext,
): Promise<boolean> {
  if (!user.email) return false
  if (isFolded(profile, user.email)) return true
  const own = await options.isEmailVerified?.(profile ?? {}, account)
  if (own !== undefined) return own !== true
  return readsUnverified(profile, user.email, account.provider)
}

/**
 * Tells whether the profile has an address outside ASCII that Auth.js has turned into this one,
 * such as by lowering U+212A, the Kelvin sign, to "k". The two addresses may have different owners.
 */
function isFolded(profile: unknown, email: string): boolean {
  if (typeof profile !== "object" || profile === null) return false
  const given = Object.values(profile).filter((value) => typeof value === "string" && value.toLowerCase() === email)
  return (
    given.length > 0 &&
    given.every((value) => value.replace(/[A-Z]+/g, (ascii: string) => ascii.toLowerCase()) !== email)
  )
}

/**
 * Tells whether a profile says that the address is unverified, in any field near its top. Ignores
 * entries about another address or a phone number.
 */
export function readsUnverified(profile: unknown, email: string, provider = ""): boolean {
  const badges = BADGES[provider] ?? []
  let left = MAX_VALUES
  const reads = (value: unknown, depth: number): boolean => {
    if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return false
    if (Array.isArray(value)) return value.some((each) => reads(each, depth + 1))
    if (depth > 0 && isAboutAnother(value, email)) return false
    const entries = Object.entries(value).flatMap(([key, said]) => {
      const claim = claimOf(key)
      return claim === undefined ? [] : [{ claim, said }]
    })
    left -= entries.length + 1
    // A person can fill a profile to hide what the provider says: count that as unverified.
    if (left < 0) return true
    return (
      entries.some(({ claim, said }) => saysNo(claim, said, badges, email)) ||
      entries.some(({ said }) => reads(said, depth + 1))
    )
  }
  return reads(profile, 0) || isMissingFromLists(profile, email)
}

/**
 * Returns the name of a claim in lower case and without separators; undefined where it is not about
 * this address.
 */
function claimOf(key: string): string | undefined {
  const name = key.toLowerCase().replace(/[^a-z0-9]/g, "")
  if (NOT_AN_ADDRESS.test(name)) return undefined
  // Microsoft lists the verified addresses. OpenID names a claim of another namespace by a URL.
  if (/^verified(primary|secondary)e?mails?$/.test(name)) return undefined
  return SAYS_VERIFIED.test(name) || SAYS_UNVERIFIED.test(name) ? name : lastPart(key)
}

function saysNo(claim: string, said: unknown, badges: readonly string[], email: string): boolean {
  if (SAYS_VERIFIED.test(claim) && !badges.includes(claim)) return isNo(said)
  return SAYS_UNVERIFIED.test(claim) && isYes(said, email)
}

/**
 * Returns the last part of a namespaced claim, such as `https://example.com/email_verified` of
 * Auth0.
 */
function lastPart(key: string): string {
  return (key.split(/[/:.#]/).at(-1) ?? "").toLowerCase().replace(/[^a-z0-9]/g, "")
}

function isNo(said: unknown): boolean {
  if (typeof said === "string") return NO.test(said)
  return said !== undefined && !said
}

/**
 * Tells whether a field means yes for this address. GitLab's `unconfirmed_email` holds the address
 * that will replace it.
 */
function isYes(said: unknown, email: string): boolean {
  if (typeof said === "string" && said.includes("@")) return isSame(said, email)
  return said !== undefined && typeof said !== "object" && !isNo(said)
}

/** Tells whether an object in a profile names addresses, but not this one. */
function isAboutAnother(entry: object, email: string): boolean {
  const addresses = Object.values(entry).filter(
    (value): value is string => typeof value === "string" && /^[^\s@]+@[^\s@]+$/.test(value),
  )
  return addresses.length > 0 && !addresses.some((address) => isSame(address, email))
}

/**
 * Tells whether the address is missing from the lists of Microsoft Entra, `verified_primary_email`
 * and `verified_secondary_email`.
 */
function isMissingFromLists(profile: unknown, email: string): boolean {
  if (typeof profile !== "object" || profile === null) return false
  const lists = Object.entries(profile).filter(([key]) => /^verified_(primary|secondary)_e?mails?$/i.test(key))
  if (lists.length === 0) return false
  return !lists
    .flatMap(([, value]): unknown[] => (Array.isArray(value) ? value.slice(0, MAX_VALUES) : [value]))
    .some((address) => typeof address === "string" && isSame(address, email))
}

function isSame(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase()
}
