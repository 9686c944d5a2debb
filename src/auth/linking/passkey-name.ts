import type { AdapterUser } from "@auth/core/adapters"
import type { JWT } from "@auth/core/jwt"
import type { RequestContext } from "../context/request-context.js"

/**
 * Auth.js offers a passkey only to users who have an e-mail address: it becomes the name under which the passkey is kept. Where the options
 * for one are asked for, and only there, the username stands in for it.
 */
export function nameForPasskey<User extends AdapterUser>(user: User, context: RequestContext): User {
  const { username } = user
  return !user.email && username && wantsPasskey(context) ? { ...user, email: username } : user
}

/** The same for a JWT session. */
export function nameInTokenForPasskey(token: JWT | null, context: RequestContext): JWT | null {
  return token && !token.email && token.username && wantsPasskey(context) ? { ...token, email: token.username } : token
}

/** Takes the stand-in back out of what Auth.js kept in the challenge, so that it never becomes anybody's address. */
export function dropPasskeyName(user: { email?: string | null }): void {
  if (user.email && !user.email.includes("@")) user.email = null
}

function wantsPasskey({ head }: RequestContext): boolean {
  // Most requests are told apart without taking their address to pieces.
  return (
    head?.url.includes("webauthn-options") === true && /\/webauthn-options\/[^/]+$/.test(new URL(head.url).pathname)
  )
}
