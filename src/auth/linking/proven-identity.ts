import type { Account, Profile } from "@auth/core/types"
import { isPlaceholderAddress } from "../../store/identifiers/placeholder-address.js"
import { isProven, type UserRow } from "../../store/tables/user-row.js"
import type { Conversion } from "../../store/users/conversion.js"
import type { RequestContext } from "../context/request-context.js"

/** An identity that this request has proven: the parameters of the `signIn` callback of Auth.js. */
export interface ProvenIdentity {
  user: { id?: string; name?: string | null; email?: string | null; image?: string | null }
  account?: Account | null
  profile?: Profile
}

/**
 * Removes the address from the data of a new user. Sets a placeholder where the `email` column is
 * NOT NULL.
 */
export function dropAddress(user: ProvenIdentity["user"], context: RequestContext): void {
  user.email = noAddress(context)
}

function noAddress({ adapter }: RequestContext): string | null {
  return adapter.lazy.needsEmail ? `${crypto.randomUUID()}@unproven.invalid` : null
}

/**
 * Fills the empty fields of a lazy user from a profile. Removes the generated username, unless a
 * passkey leaves the user no other name.
 *
 * Replaces an unproven address that the app stored: its owner could open a link to it and share the
 * account with the identity.
 */
export function fillFrom(
  given: ProvenIdentity["user"],
  lazy: UserRow,
  type: string,
  context: RequestContext,
): Conversion["set"] {
  const isPlaceholder = lazy.email !== null && isPlaceholderAddress(lazy.email)
  const isUnproven = lazy.email !== null && !isPlaceholder && !isProven(lazy)
  const email = given.email && !isPlaceholderAddress(given.email) ? given.email : undefined
  return {
    ...(type !== "webauthn" && { username: null }),
    ...(!lazy.name && given.name && { name: given.name }),
    ...(!lazy.image && given.image && { image: given.image }),
    ...(isUnproven && { email: email ?? noAddress(context) }),
    ...((lazy.email === null || isPlaceholder) && email !== undefined && { email }),
  }
}
