import type { AdapterUser } from "@auth/core/adapters"
import type { JWT } from "@auth/core/jwt"
import type { RequestContext } from "../context/request-context.js"

/**
 * Names a user without an e-mail address by the username while the options of a passkey are
 * requested. Auth.js offers a passkey only to users with an address, and stores it under that name.
 */
export function nameForPasskey<User extends AdapterUser>(user: User, context: RequestContext): User {
  const { username } = user
  return !user.email && username && wantsPasskey(context) ? { ...user, email: username } : user
}

/** Names the user of a JWT session without an e-mail address, as {@link nameForPasskey} does. */
export function nameInTokenForPasskey(token: JWT | null, context: RequestContext): JWT | null {
  return token && !token.email && token.username && wantsPasskey(context) ? { ...token, email: token.username } : token
}

/**
 * Removes that name from the user that Auth.js kept in the challenge, so that it never becomes an
 * address.
 */
export function dropPasskeyName(user: { email?: string | null }): void {
  if (user.email && !user.email.includes("@")) user.email = null
}

function wantsPasskey({ head }: RequestContext): boolean {
  // Test the text first: parsing the URL of every request is slow.
  return (
    head?.url.includes("webauthn-options") === true && /\/webauthn-options\/[^/]+$/.test(new URL(head.url).pathname)
  )
}
