import type { Account, Profile } from "@auth/core/types"

/** An identity that somebody has just proven to own: the parameters of the `signIn` callback of Auth.js. */
export interface ProvenIdentity {
  user: { id?: string; name?: string | null; email?: string | null; image?: string | null }
  account?: Account | null
  profile?: Profile
}
