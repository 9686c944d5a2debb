import { LazySetupError } from "../../errors.js"
import { isNameOrChunk, withoutCookies } from "../request/cookies.js"
import type { RequestHead } from "../request/head.js"

const shared = new WeakSet<object>()

/** Reports a configuration that was made for one request and is used for another. */
export function sharedConfiguration(): LazySetupError {
  return loud(
    "This configuration was made for one request and is used for another. Pass the function that withLazy returned instead of calling it: " +
      "NextAuth(authConfig) instead of NextAuth(authConfig()), SvelteKitAuth(authConfig), initAuthConfig(authConfig), " +
      "expressAuth(authConfig) of authjs-lazy/express instead of ExpressAuth(authConfig()) of @auth/express, " +
      "Auth(request, authConfig(request)).",
  )
}

/** Reports a sign-in whose request is unknown, so that its lazy user is unknown too. */
export function unknownRequest(): LazySetupError {
  return loud(
    "This sign-in uses a configuration that was made without its request, so the lazy user of the browser would be lost. Pass the function " +
      "that withLazy returned, NextAuth(authConfig) instead of NextAuth(authConfig()), or pass the request: " +
      "Auth(request, authConfig(request)).",
  )
}

/** Reports that the function from `withLazy` was passed where a configuration is expected. */
export function notAConfiguration(): LazySetupError {
  return loud(
    "withLazy returns a function that makes the configuration of each request; it is not a configuration itself. Use " +
      "NextAuth(authConfig) of next-auth, expressAuth(authConfig) of authjs-lazy/express instead of ExpressAuth of @auth/express, " +
      "or Auth(request, authConfig(request)).",
  )
}

/** Makes an error that must reach the developer instead of ending as an error page of Auth.js. */
function loud(message: string): LazySetupError {
  const error = new LazySetupError(message)
  shared.add(error)
  return error
}

/** Tells whether an error reports a misused configuration. */
export function isLoud(error: unknown): boolean {
  return typeof error === "object" && error !== null && shared.has(error)
}

/**
 * Tells whether two heads belong to the same request: their cookies are equal, apart from the
 * callback URL and from the cookies of other apps that `handleAuth` removes.
 */
export function sameVisitor(a: RequestHead, b: RequestHead, sessionCookie: string): boolean {
  return a === b || visitorsCookies(a, sessionCookie) === visitorsCookies(b, sessionCookie)
}

function visitorsCookies({ headers }: RequestHead, sessionCookie: string): string {
  const isHidden = (name: string) => name.startsWith(sessionCookie) && !isNameOrChunk(name, sessionCookie)
  return withoutCookies(headers.get("cookie") ?? "", (name) => name.endsWith("callback-url") || isHidden(name))
}

/** Tells whether the `Cookie` header of a request holds this session, whole or in chunks. */
export function holdsSession({ headers }: RequestHead, sessionToken: string): boolean {
  const cookie = headers.get("cookie") ?? ""
  const end = sessionToken.slice(-16)
  return cookie.includes(end) || cookie.includes(encodeURIComponent(end)) || sessionToken.length > 3900
}
