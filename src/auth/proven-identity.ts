import type { Account, Profile } from "@auth/core/types"

/** An identity that somebody has just proven to own: the parameters of the `signIn` callback of Auth.js. */
export interface ProvenIdentity {
  user: { id?: string; name?: string | null; email?: string | null; image?: string | null }
  account?: Account | null
  profile?: Profile
}

/** Whether the provider itself calls the address unchecked; some say it as a string. */
export function saysUnverified({ profile }: ProvenIdentity): boolean {
  const verified: unknown = profile?.email_verified
  return verified === false || verified === "false"
}
