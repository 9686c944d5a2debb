import { type AuthCookie, appendCookies } from "../auth/request/cookies.js"
import type { GateSession } from "../auth/types.js"
import { refusalHeaders, withGateHeaders } from "./answer.js"
import type { SkipReason } from "./decide.js"

/** Lets the visitor through, with a session or without one. */
export interface GateOpen {
  /** True: the handler behind the gate runs. */
  open: true
  /**
   * The session; null when `skipped` says why, and when the app's `session` callback returns none.
   */
  session: GateSession | null
  /** Whether this request created the lazy user. */
  created: boolean
  /** Why there is no session; undefined when there is one. */
  skipped: SkipReason | undefined
  /** The `Cookie` header for the handler behind the gate, with a new session in it. */
  cookie: string
  /** Headers for the response: `Set-Cookie`, and `Vary` and `Cache-Control` for shared caches. */
  headers: Headers
  /**
   * Returns a copy of the response with the gate's cookies, `Cache-Control` and `Vary`. Of two
   * cookies with one name, the response's wins.
   *
   * Send the returned response. Otherwise the visitor loses the new session, and the next request
   * creates another lazy user.
   * @example
   * const greet = (result: GateOpen) => result.apply(new Response("Hello"))
   */
  apply: (response: Response) => Response
}

/** Refuses the visitor. Answer with `apply()`, or with `status`, `headers` and `body`. */
export interface GateRefused {
  /** False: the handler behind the gate must not run. */
  open: false
  /**
   * The reason:
   * - `"lazy-required"`, `"real-required"`: the gate lets only such users through
   * - `"rate-limited"`: too many lazy users were made
   * - `"unavailable"`: the database or the store of a limiter can't be asked
   * - `"prefetch"`: the browser preloads a page that would make a lazy user
   * - `"session-ended"`: the session of the request ended while it was on its way
   */
  reason: "lazy-required" | "real-required" | "rate-limited" | "unavailable" | "prefetch" | "session-ended"
  /** The session of the user who may not pass; null without one. */
  session: GateSession | null
  /**
   * The status of the response:
   * - 303 with `Location` for a browser that navigates without the required user; other clients get
   *   401 without a session, else 403
   * - 429 with `Retry-After` over the limit of new lazy users
   * - 503 with `Retry-After` while the database, or the store of a limiter, can't be reached
   * - 503 for a page that the browser preloads, so that it requests it again on the click
   * - 307 to the same URL after the session has ended, so that the browser sends its newest cookie
   */
  status: 303 | 307 | 401 | 403 | 429 | 503
  /** Headers for the response, with `Location` or `Retry-After` where the status has one. */
  headers: Headers
  /** HTML for a browser that navigates, JSON for others; empty with 303, 307 and `"prefetch"`. */
  body: string
  /**
   * Returns the refusal as a response, or a copy of the app's own response with the refusal's
   * headers.
   * @example
   * const answer = (result: GateResult) => result.apply(new Response("Hello"))
   */
  apply: (response?: Response) => Response
}

/** The decision of the gate, which each framework's gate translates. */
export type GateResult = GateOpen | GateRefused

/**
 * Makes the result that lets a visitor through, with the cookies to set.
 * @param cacheControl what the response has to say where it sets no cookie; null to leave it to the
 * handler
 */
export function letPass(
  result: Pick<GateOpen, "session" | "created" | "skipped" | "cookie">,
  cookies: AuthCookie[],
  cacheControl: string | null = "private",
): GateOpen {
  const headers = gateHeaders(cookies, cacheControl)
  const apply = (response: Response) => withGateHeaders(response, headers)
  return { open: true, headers, apply, ...result }
}

/** Makes the result that refuses a visitor, with headers that keep it out of caches. */
export function refuse(
  result: Pick<GateRefused, "reason" | "session" | "status" | "body">,
  headers: HeadersInit,
  cookies: AuthCookie[] = [],
): GateRefused {
  const { status, body } = result
  const all = gateHeaders(cookies, null)
  for (const [name, value] of new Headers(headers)) all.set(name, value)
  all.set("cache-control", "private, no-store")
  const apply = (response?: Response) =>
    response ? refusalHeaders(response, all) : new Response(body || null, { status, headers: all })
  return { open: false, ...result, headers: all, apply }
}

function gateHeaders(cookies: AuthCookie[], cacheControl: string | null): Headers {
  const headers = new Headers({ vary: "Cookie" })
  const control = cookies.length > 0 ? "private, no-store" : cacheControl
  if (control !== null) headers.set("cache-control", control)
  appendCookies(headers, cookies)
  return headers
}
