import { LazySetupError } from "../errors.js"
import type { RequestHead } from "./config.js"
import { isNameOrChunk, withoutCookies } from "./cookies.js"

const shared = new WeakSet<object>()

/** A configuration that serves a second request, which would be taken for the first visitor's. */
export function sharedConfiguration(): LazySetupError {
  return loud(
    "This configuration was made for one request, and another one came through it. Pass on the function that withLazy returned, not what it " +
      "returns: NextAuth(auth) instead of NextAuth(auth()), SvelteKitAuth(auth), initAuthConfig(auth), expressAuth(auth) of " +
      "authjs-lazy/express instead of ExpressAuth(auth()) of @auth/express, Auth(request, auth(request)).",
  )
}

/** A sign-in in which it can't be known whether the browser has a lazy user. */
export function unknownRequest(): LazySetupError {
  return loud(
    "This sign-in came through a configuration that was made without its request, so the lazy user of the browser would be left behind. Pass " +
      "on the function that withLazy returned, NextAuth(auth) instead of NextAuth(auth()), or hand it the request: Auth(request, auth(request)).",
  )
}

/** The function that `withLazy` returns, where it is used as a configuration. */
export function notAConfiguration(): LazySetupError {
  return loud(
    "withLazy returns a function that makes the configuration for each request, and something took it for a configuration. Use NextAuth(auth) " +
      "of next-auth, expressAuth(auth) of authjs-lazy/express instead of ExpressAuth of @auth/express, or Auth(request, auth(request)).",
  )
}

/** An error that must reach the developer, and not end as one of the error pages of Auth.js. */
function loud(message: string): LazySetupError {
  const error = new LazySetupError(message)
  shared.add(error)
  return error
}

/** Whether it is one of the errors above. */
export function isLoud(error: unknown): boolean {
  return typeof error === "object" && error !== null && shared.has(error)
}

/**
 * Whether two heads are of the same request: the same cookies, but for the one that Auth.js would read an address from, and those of other
 * apps that `handleAuth` hides from Auth.js.
 */
export function sameVisitor(a: RequestHead, b: RequestHead, sessionCookie: string): boolean {
  return a === b || visitorsCookies(a, sessionCookie) === visitorsCookies(b, sessionCookie)
}

function visitorsCookies({ headers }: RequestHead, sessionCookie: string): string {
  const isHidden = (name: string) => name.startsWith(sessionCookie) && !isNameOrChunk(name, sessionCookie)
  return withoutCookies(headers.get("cookie") ?? "", (name) => name.endsWith("callback-url") || isHidden(name))
}

/** Whether the `Cookie` header of a request holds this session, whole or in chunks. */
export function holdsSession({ headers }: RequestHead, sessionToken: string): boolean {
  const cookie = headers.get("cookie") ?? ""
  const end = sessionToken.slice(-16)
  return cookie.includes(end) || cookie.includes(encodeURIComponent(end)) || sessionToken.length > 3900
}
