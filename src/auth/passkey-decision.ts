import { AccessDenied, AccountNotLinked } from "@auth/core/errors"
import type { Account } from "@auth/core/types"
import type { UserRow } from "../store/user-row.js"
import { dropAddress } from "./proven-identity.js"
import { publicOrigin } from "./public-url.js"
import type { RequestContext } from "./request-context.js"

/**
 * Finds the owner of the passkey that somebody signs in by, or null for a passkey that is new.
 * @throws AccountNotLinked for a registration that names a known credential: a registration proves nothing about who owns its id
 * @throws AccessDenied for what another site posted; Auth.js checks no CSRF token where it takes a passkey
 */
export async function decidePasskey(account: Account, context: RequestContext): Promise<UserRow | null> {
  refuseCrossSite(context)
  const { provider, providerAccountId } = account
  const { adapter, assertedPasskey } = context
  const owner = (await adapter.getUserByAccount({ provider, providerAccountId })) as UserRow | null
  const signed = assertedPasskey?.provider === provider && assertedPasskey.providerAccountId === providerAccountId
  if (signed) return owner
  // By its own id as well, since rows of the two tables can be removed one by one.
  if (owner || (await adapter.getAuthenticator(providerAccountId)))
    throw new AccountNotLinked("This passkey is known already. Sign in with it; it can't be registered again.")
  return null
}

function refuseCrossSite({ head }: RequestContext): void {
  const site = head?.headers.get("sec-fetch-site")
  const origin = head?.headers.get("origin")
  const elsewhere = site ? site !== "same-origin" && site !== "none" : head && origin && origin !== publicOrigin(head)
  if (elsewhere) throw new AccessDenied("A passkey from another site.")
}

/**
 * Keeps only the name and the picture of who signs up by a passkey. Auth.js makes a user of what was in the challenge: an address that was
 * typed and never proven, or the whole row of a user who asked for the options.
 */
export function forgetTypedAddress(user: object, context: RequestContext): void {
  for (const key of Object.keys(user))
    if (!["id", "name", "email", "image"].includes(key)) delete (user as Record<string, unknown>)[key]
  dropAddress(user, context)
}
