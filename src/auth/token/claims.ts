import type { JWT } from "@auth/core/jwt"
import type { Account } from "@auth/core/types"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import { isLazyRow, type UserRow } from "../../store/tables/user-row.js"

/** What this library keeps in a JWT session, beside what Auth.js does. */
export interface LazyClaims {
  /** Whether the user was lazy when the database was last asked. */
  isLazy?: boolean
  username?: string | null
  /** When the lazy user was made, in milliseconds since 1970: an id may be given out again once its user is gone. */
  lazySince?: number
  /** The address is unproven, and its first proof would end the sessions of the account. */
  unproven?: boolean
  /** When the database was last asked, in seconds since 1970; only in tokens that have to be checked again. */
  checkedAt?: number
  /** When the lazy user was last seen, as the database says, in seconds since 1970: the token ends a session's maximum age after it. */
  seenAt?: number
}

/** For how many seconds after its end Auth.js still takes a token, since clocks differ. */
const TOLERANCE = 15

const OWN: readonly (keyof LazyClaims)[] = ["isLazy", "username", "lazySince", "unproven", "checkedAt", "seenAt"]

/** The claims for somebody who signs in now. */
export async function claimsFor(
  user: UserRow,
  account: Pick<Account, "provider" | "type"> | null | undefined,
  { lazy }: InternalAdapter,
): Promise<LazyClaims> {
  const isLazy = isLazyRow(user)
  const mayBeUnproven = !isLazy && user.email != null && user.emailVerified == null
  // A conversion is written after its token is made, and a password may be removed while it is being verified.
  const byPassword = account?.provider === "convert" || account?.provider === "password"
  // The identity of this sign-in may be written after the token.
  const byIdentity = account?.type === "oauth" || account?.type === "oidc"
  const asks = () => (byIdentity ? lazy.hasPassword(user.id) : lazy.endsAtProof(user.id))
  // Where it can't be asked, the token is checked again all the same.
  const unproven = mayBeUnproven && (byPassword || (await asks().catch(() => true)))
  return {
    isLazy,
    username: user.username,
    ...(isLazy && { lazySince: user.lazySince?.valueOf(), seenAt: secondsOf(user.seenAt) }),
    ...(unproven && { unproven }),
    ...((isLazy || unproven) && { checkedAt: secondsNow() }),
  }
}

/**
 * Whether a token still says the truth about its user. One that was made for a lazy user ends with the conversion; one that was made for
 * an account with a password and an unproven address ends when somebody proves to own the address.
 */
export function claimsHold(token: LazyClaims & Pick<JWT, "iat">, user: UserRow): boolean {
  // A token without our claims may belong to a former lazy user, whose tokens end with the
  // conversion.
  const convertedAt = secondsOf(user.convertedAt)
  if (token.isLazy === undefined && convertedAt !== undefined && (token.iat ?? 0) < convertedAt) return false
  if (token.isLazy && !(isLazyRow(user) && user.lazySince?.valueOf() === token.lazySince)) return false
  return !(token.unproven && user.emailVerified !== null)
}

/**
 * Tells whether a token must be checked against the database, or its user must be recorded as seen.
 */
export function isDue(token: LazyClaims, { recheck, updateAge }: { recheck: number; updateAge: number }): boolean {
  if (token.isLazy === undefined) return true
  if (!token.isLazy && !token.unproven) return false
  return secondsNow() - (token.checkedAt ?? 0) >= recheck || isUnseen(token, updateAge)
}

/** Whether this is the token of a lazy user who was not seen for that many seconds. */
export function isUnseen(token: LazyClaims, updateAge: number): boolean {
  return token.isLazy === true && secondsNow() - (token.seenAt ?? 0) >= updateAge
}

/**
 * How many seconds a token may live. That of a lazy user ends when the user may be purged: a session's maximum age after the database last heard of
 * it, and not after it was last used.
 * @param longest the longest that a session lives as far as the purge knows, in seconds
 */
export function lifetime(token: LazyClaims | undefined, maxAge: number, longest: number): number {
  if (!token?.isLazy || token.seenAt === undefined) return maxAge
  return Math.min(maxAge, token.seenAt + Math.min(maxAge, longest) - TOLERANCE - secondsNow())
}

/** Sets our claims in `token` to those of `claims`, whatever an app's `jwt` callback or a client's session update has put there. */
export function restoreClaims(token: JWT, claims: LazyClaims): JWT {
  const restored: JWT = { ...token }
  // Each in its place: a token that says the same in another order would look changed, and be written again.
  for (const claim of OWN) {
    if (claims[claim] === undefined) delete restored[claim]
    else Object.assign(restored, { [claim]: claims[claim] })
  }
  return restored
}

/** Only our claims. */
export function pickClaims(token: LazyClaims): LazyClaims {
  return Object.fromEntries(OWN.filter((claim) => token[claim] !== undefined).map((claim) => [claim, token[claim]]))
}

/** The moment in the unit of time in JWTs; undefined for none. */
export function secondsOf(moment: Date | null | undefined): number | undefined {
  return moment ? Math.floor(moment.valueOf() / 1000) : undefined
}

/** Seconds since 1970, the unit of time in JWTs (RFC 7519, section 2, NumericDate). */
export function secondsNow(): number {
  return Math.floor(Date.now() / 1000)
}
