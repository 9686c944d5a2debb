import type { Account, Profile } from "@auth/core/types"
import { isPlaceholderAddress } from "../../store/identifiers/placeholder-address.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { Conversion } from "../../store/users/conversion.js"
import type { RequestContext } from "../context/request-context.js"

/** An identity that somebody has just proven to own: the parameters of the `signIn` callback of Auth.js. */
export interface ProvenIdentity {
  user: { id?: string; name?: string | null; email?: string | null; image?: string | null }
  account?: Account | null
  profile?: Profile
}

/** Takes the address out of what Auth.js makes a new user of; where the user table demands one, a placeholder stands in for it. */
export function dropAddress(user: ProvenIdentity["user"], context: RequestContext): void {
  user.email = noAddress(context)
}

function noAddress({ adapter }: RequestContext): string | null {
  return adapter.lazy.needsEmail ? `${crypto.randomUUID()}@unproven.invalid` : null
}

/**
 * What a conversion fills from a profile: what is empty. The generated username goes, unless it is all a user without a profile has. So does an address
 * that the app kept for the lazy user and nobody proved: its owner, opening a link, would share the account with the identity.
 */
export function fillFrom(
  given: ProvenIdentity["user"],
  lazy: UserRow,
  type: string,
  context: RequestContext,
): Conversion["set"] {
  const isPlaceholder = lazy.email !== null && isPlaceholderAddress(lazy.email)
  const isUnproven = lazy.email !== null && !isPlaceholder && lazy.emailVerified === null
  const email = given.email && !isPlaceholderAddress(given.email) ? given.email : undefined
  return {
    ...(type !== "webauthn" && { username: null }),
    ...(!lazy.name && given.name && { name: given.name }),
    ...(!lazy.image && given.image && { image: given.image }),
    ...(isUnproven && { email: email ?? noAddress(context) }),
    ...((lazy.email === null || isPlaceholder) && email !== undefined && { email }),
  }
}
