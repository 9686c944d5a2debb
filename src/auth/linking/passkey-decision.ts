import { AccessDenied, AccountNotLinked } from "@auth/core/errors"
import type { Account } from "@auth/core/types"
import type { UserRow } from "../../store/tables/user-row.js"
import type { RequestContext } from "../context/request-context.js"
import { senderOf } from "../request/sender.js"
import { dropAddress } from "./proven-identity.js"

/**
 * Finds the owner of the passkey of this sign-in. Returns null for a new passkey.
 * @throws AccountNotLinked for a registration with a known credential id, which proves no ownership
 * @throws AccessDenied for a cross-site request; Auth.js checks no CSRF token for passkeys
 */
export async function decidePasskey(account: Account, context: RequestContext): Promise<UserRow | null> {
  refuseCrossSite(context)
  const { provider, providerAccountId } = account
  const { adapter, method } = context
  const owner = (await adapter.getUserByAccount({ provider, providerAccountId })) as UserRow | null
  const isSigned =
    method.kind === "passkey" && method.provider === provider && method.providerAccountId === providerAccountId
  if (isSigned) return owner
  // Look in both tables: their rows can be deleted separately.
  if (owner || (await adapter.getAuthenticator(providerAccountId)))
    throw new AccountNotLinked("This passkey is registered already. Sign in with it.")
  return null
}

function refuseCrossSite({ head }: RequestContext): void {
  const sender = head && senderOf(head)
  if (sender !== undefined && sender !== "same-origin" && sender !== "none")
    throw new AccessDenied("Another site sent this passkey request.")
}

/**
 * Keeps only the name and the picture of a user who signs up with a passkey. Auth.js takes the user
 * from the challenge, with an address that was typed and never proven.
 */
export function forgetTypedAddress(user: object, context: RequestContext): void {
  for (const key of Object.keys(user))
    if (!["id", "name", "email", "image"].includes(key)) delete (user as Record<string, unknown>)[key]
  dropAddress(user, context)
}
