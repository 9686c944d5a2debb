import type { Session, User } from "@auth/core/types"
import type { LazyClaims } from "./token/claims.js"

/**
 * The user in a session of `withLazy`. For `auth()` of a framework too, an app declares it as the
 * type of `Session["user"]`.
 * @example
 * const label = (user: SessionUser) => (user.isLazy ? "New here" : (user.username ?? user.email))
 */
export type SessionUser = User & {
  id: string
  /** Whether the signed-in user is lazy, and so has not signed up. */
  isLazy: boolean
  /**
   * The generated name of a lazy user, or the name that a real user chose; null for real users
   * without one.
   */
  username: string | null
}

/**
 * The session that a gate returns: that of Auth.js with a {@link SessionUser}, and with what the
 * app declares for `Session["user"]`.
 * @example
 * const greet = ({ user }: GateSession) => (user.isLazy ? "Welcome" : `Welcome, ${user.username}`)
 */
export type GateSession = Session & { user: SessionUser }

/**
 * What this library adds to Auth.js's `User`. All of it is optional, so that providers of any kind
 * still return a `User`, and an app may declare the same properties more narrowly.
 */
export interface LazyUserFields {
  /** Whether the user is lazy. Set in sessions, callbacks and events; undefined elsewhere. */
  isLazy?: boolean
  /** The generated name of a lazy user, or the one that a real user chose. */
  username?: string | null
  /** When a gate or `signIn("lazy")` made the user; null for a user who signed up. */
  lazySince?: Date | null
  /** When the lazy user became real; null before that. */
  convertedAt?: Date | null
  /** When the lazy user was last seen. The purge goes by it. */
  seenAt?: Date | null
}

// `Session["user"]` is left to the app: two declarations of one property must be identical
// (TS2717), while bases only have to agree.
declare module "@auth/core/types" {
  interface User extends LazyUserFields {}
}

declare module "@auth/core/jwt" {
  interface JWT extends LazyClaims {}
}
