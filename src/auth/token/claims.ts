import type { JWT } from "@auth/core/jwt"
import type { Account } from "@auth/core/types"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import { isLazyRow, isProven, type UserRow } from "../../store/tables/user-row.js"
import { isSignedOut } from "../../store/users/closed-user.js"

/** The claims that this library adds to a JWT session. */
export interface LazyClaims {
  /** Whether the user was lazy at the last check. */
  isLazy?: boolean
  username?: string | null
  /**
   * When the lazy user was made, in milliseconds since 1970. Tells apart two users with the same
   * id, which may be used again once its user is gone. Null in the token of a user who was never
   * lazy, but whom `adopt` may make lazy.
   */
  lazySince?: number | null
  /** Whether the address is unproven, so that its first proof would end the account's sessions. */
  unproven?: boolean
  /** When the token was last checked, in seconds since 1970. Only in tokens that need checks. */
  checkedAt?: number
  /**
   * When the lazy user was last seen, in seconds since 1970, as the database says. The token
   * expires one maximum session age later.
   */
  seenAt?: number
}

/** The seconds after its expiry for which Auth.js accepts a token, since clocks differ. */
const TOLERANCE = 15

const OWN: readonly (keyof LazyClaims)[] = ["isLazy", "username", "lazySince", "unproven", "checkedAt", "seenAt"]

/** Makes the claims for a user who signs in now. */
export async function claimsFor(
  user: UserRow,
  account: Pick<Account, "provider" | "type"> | null | undefined,
  adapter: InternalAdapter,
): Promise<LazyClaims> {
  const { lazy } = adapter
  const isLazy = isLazyRow(user)
  const mayBeUnproven = !isLazy && user.email != null && !isProven(user)
  // A conversion is written after its token, and a password may be removed while it is verified:
  // count the address as unproven.
  const byPassword = account?.provider === "convert" || account?.provider === "password"
  // The identity of this sign-in may be written after the token.
  const byIdentity = account?.type === "oauth" || account?.type === "oidc"
  const asks = () => (byIdentity ? lazy.hasPassword(user.id) : lazy.endsAtProof(user.id))
  // When the database fails, mark the token for a later check.
  const unproven = mayBeUnproven && (byPassword || (await asks().catch(() => true)))
  const mayBecomeLazy = unproven || (await mayBeAdopted(user, account, lazy))
  // A provider of the app may know less of the user than the database.
  const row = mayBecomeLazy && user.lazySince === undefined ? await storedRow(user.id, adapter) : user
  if (row && row !== user && isLazyRow(row)) return claimsFor(row, account, adapter)
  return {
    isLazy,
    username: user.username,
    ...(isLazy && { lazySince: user.lazySince?.valueOf(), seenAt: secondsOf(user.seenAt) }),
    ...(mayBecomeLazy && row?.lazySince === null && { lazySince: null }),
    ...(unproven && { unproven }),
    ...((isLazy || mayBecomeLazy || lazy.hasInactiveUsers) && { checkedAt: secondsNow() }),
  }
}

/** Reads a user; null also when the database fails, since the next check reads it again. */
async function storedRow(id: string, adapter: InternalAdapter): Promise<UserRow | null> {
  try {
    return (await adapter.getUser(id)) as UserRow | null
  } catch {
    return null
  }
}

/**
 * Tells whether the user may be a guest that the app has made by hand, whom `adopt` makes lazy
 * later: without an address, an identity and a sign-in through this library.
 */
async function mayBeAdopted(
  user: UserRow,
  account: Pick<Account, "provider" | "type"> | null | undefined,
  lazy: InternalAdapter["lazy"],
): Promise<boolean> {
  if (isLazyRow(user) || user.convertedAt != null || user.email != null || isProven(user)) return false
  if (account && (account.type !== "credentials" || account.provider === "convert" || account.provider === "password"))
    return false
  return lazy.endsAtProof(user.id).catch(() => true)
}

/**
 * Tells whether a token is still true of its user. A token for a lazy user ends with the
 * conversion. A token for an account with a password and an unproven address ends when the address
 * is proven.
 * @param keepsClaims whether every token that this library has made has its claims
 */
export function claimsHold(token: LazyClaims & Pick<JWT, "iat">, user: UserRow, keepsClaims: boolean): boolean {
  if (!token.isLazy && isSignedOut(user)) return false
  // A token without claims may belong to a former lazy user, whose tokens end with the conversion. A
  // process of the app without this library may have issued it again since.
  const convertedAt = secondsOf(user.convertedAt)
  if (token.isLazy === undefined && convertedAt !== undefined && (keepsClaims || (token.iat ?? 0) < convertedAt))
    return false
  // A token from before the user was adopted ends with the conversion, too.
  if (!token.isLazy && token.lazySince === null && convertedAt !== undefined) return false
  // Without claims, nothing says whether the address was unproven when the token was made.
  const provenAt = secondsOf(user.emailVerified)
  if (token.isLazy === undefined && provenAt !== undefined && token.iat !== undefined && token.iat < provenAt)
    return false
  if (token.isLazy && !(isLazyRow(user) && user.lazySince?.valueOf() === token.lazySince)) return false
  return !(token.unproven && isProven(user))
}

/** How often tokens are checked, and which. */
export interface TokenChecks {
  /** Seconds from one check to the next. */
  recheck: number
  /** Seconds from one record of a lazy user's visit to the next. */
  updateAge: number
  /** Whether tokens of real users are checked too, who may become inactive. */
  checksReal: boolean
}

/**
 * Tells whether a token must be checked against the database, or its user must be recorded as seen.
 */
export function isDue(token: LazyClaims, { recheck, updateAge, checksReal }: TokenChecks): boolean {
  if (token.isLazy === undefined) return true
  if (!token.isLazy && token.checkedAt === undefined && !checksReal) return false
  return secondsNow() - (token.checkedAt ?? 0) >= recheck || isUnseen(token, updateAge)
}

/** Tells whether a token belongs to a lazy user who was not seen for this many seconds. */
export function isUnseen(token: LazyClaims, updateAge: number): boolean {
  return token.isLazy === true && secondsNow() - (token.seenAt ?? 0) >= updateAge
}

/**
 * Returns the seconds that a token may live. The token of a lazy user ends when the purge may
 * delete the user: one maximum session age after the database last saw the user, not after its last
 * use.
 * @param longest the longest lifetime of a session, as the purge is told, in seconds
 */
export function lifetime(token: LazyClaims | undefined, maxAge: number, longest: number): number {
  if (!token?.isLazy || token.seenAt === undefined) return maxAge
  return Math.min(maxAge, token.seenAt + Math.min(maxAge, longest) - TOLERANCE - secondsNow())
}

/**
 * Restores the claims of this library, whatever the app's `jwt` callback or a client's session
 * update has changed.
 */
export function restoreClaims(token: JWT, claims: LazyClaims): JWT {
  const restored: JWT = { ...token }
  // Keep the order of the claims: in another order, the token would count as changed and be
  // rewritten.
  for (const claim of OWN) {
    if (claims[claim] === undefined) delete restored[claim]
    else Object.assign(restored, { [claim]: claims[claim] })
  }
  return restored
}

/** Picks the claims of this library. */
export function pickClaims(token: LazyClaims): LazyClaims {
  return Object.fromEntries(OWN.filter((claim) => token[claim] !== undefined).map((claim) => [claim, token[claim]]))
}

/** Converts a moment into seconds since 1970; undefined for none. */
export function secondsOf(moment: Date | null | undefined): number | undefined {
  return moment ? Math.floor(moment.valueOf() / 1000) : undefined
}

/**
 * Returns the current time in seconds since 1970, as in JWTs (RFC 7519, section 2, NumericDate).
 */
export function secondsNow(): number {
  return Math.floor(Date.now() / 1000)
}
