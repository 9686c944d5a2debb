import type { Session } from "@auth/core/types"
import { type AuthCookie, appendCookies } from "../auth/request/cookies.js"
import { refusalHeaders, withGateHeaders } from "./answer.js"
import type { SkipReason } from "./decide.js"

/** The door is open. */
export interface GateOpen {
  open: true
  /** Null where no lazy user was made, which `skipped` explains, and where the app's `session` callback shows none. */
  session: Session | null
  /** Whether the lazy user was made by this request. */
  created: boolean
  /** Why there is no session; undefined when there is one. */
  skipped: SkipReason | undefined
  /** The value of the `Cookie` header that the handler behind the gate should see. */
  cookie: string
  /** Headers to add to the response: `Set-Cookie`, and what keeps shared caches from mixing people up. */
  headers: Headers
  /**
   * Returns the response with the headers of the gate: its cookies, `Cache-Control` and `Vary`. Status, body, and the
   * cookies of the response stay; of two cookies with one name, the one of the response wins. Send what it returns, or
   * the visitor loses the new session and becomes another lazy user with the next request.
   * @example return result.apply(new Response("Hello"))
   */
  apply: (response: Response) => Response
}

/** The door stays shut: answer with `apply()`, or with `status`, `headers` and `body`. */
export interface GateRefused {
  open: false
  reason: "lazy-required" | "real-required" | "rate-limited" | "prefetch" | "session-ended"
  session: Session | null
  /**
   * Where somebody else is required: 303 with a `Location` for a browser that navigates, 401 (nobody is signed in) or 403 for everything
   * else. 429 with `Retry-After` over the limit. 503 where the browser loads ahead what it would show without a session. 307 to the same
   * address where the session was ended elsewhere, so that the browser shows which one it has by now.
   */
  status: 303 | 307 | 401 | 403 | 429 | 503
  headers: Headers
  /** A plain page for a browser that navigates, JSON for everything else; empty with 303, 307 and 503. */
  body: string
  /**
   * Returns the refusal as a response; or a response of the app's own with the headers of the refusal, out of shared
   * caches. Status, body and cookies of that response stay.
   * @example if (!result.open) return result.apply()
   */
  apply: (response?: Response) => Response
}

/** What the gate decided; frameworks only translate it. */
export type GateResult = GateOpen | GateRefused

/** Makes the result that lets a visitor pass, with the cookies to set. */
export function letPass(
  result: Pick<GateOpen, "session" | "created" | "skipped" | "cookie">,
  cookies: AuthCookie[],
): GateOpen {
  const headers = gateHeaders(cookies)
  return { open: true, ...result, headers, apply: (response) => withGateHeaders(response, headers) }
}

/** Makes the result that refuses a visitor. Its headers exclude caches, and can be added to. */
export function refuse(
  result: Pick<GateRefused, "reason" | "session" | "status" | "body">,
  headers: HeadersInit,
  cookies: AuthCookie[] = [],
): GateRefused {
  const { status, body } = result
  const all = gateHeaders(cookies)
  for (const [name, value] of new Headers(headers)) all.set(name, value)
  all.set("cache-control", "private, no-store")
  const apply = (response?: Response) =>
    response ? refusalHeaders(response, all) : new Response(body || null, { status, headers: all })
  return { open: false, ...result, headers: all, apply }
}

function gateHeaders(cookies: AuthCookie[]): Headers {
  // Also without a session: whether one is made depends on more than what a shared cache looks at.
  const headers = new Headers({ vary: "Cookie", "cache-control": cookies.length > 0 ? "private, no-store" : "private" })
  appendCookies(headers, cookies)
  return headers
}
