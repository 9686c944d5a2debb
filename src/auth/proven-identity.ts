import type { Account, Profile } from "@auth/core/types"
import type { Conversion } from "../store/lazy-store.js"
import { isPlaceholderAddress } from "../store/placeholder-address.js"
import type { UserRow } from "../store/user-row.js"
import type { RequestContext } from "./request-context.js"

/** An identity that somebody has just proven to own: the parameters of the `signIn` callback of Auth.js. */
export interface ProvenIdentity {
  user: { id?: string; name?: string | null; email?: string | null; image?: string | null }
  account?: Account | null
  profile?: Profile
}

/**
 * Removes the address of a new user, or sets a placeholder where the `email` column is NOT NULL.
 */
export function dropAddress(user: ProvenIdentity["user"], { adapter }: RequestContext): void {
  user.email = adapter.lazy.needsEmail ? `${crypto.randomUUID()}@unproven.invalid` : null
}

/**
 * Picks what a conversion fills from a profile: the empty fields. Clears the generated username,
 * except for a passkey, which brings no other name.
 */
export function fillFrom(given: ProvenIdentity["user"], lazy: UserRow, type: string): Conversion["set"] {
  const isEmpty = lazy.email === null || isPlaceholderAddress(lazy.email)
  const hasOne = given.email && !isPlaceholderAddress(given.email)
  return {
    ...(type !== "webauthn" && { username: null }),
    ...(!lazy.name && given.name && { name: given.name }),
    ...(!lazy.image && given.image && { image: given.image }),
    ...(isEmpty && hasOne && { email: given.email }),
  }
}
