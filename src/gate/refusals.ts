import type { Session } from "@auth/core/types"
import type { TooManyLazyUsers } from "../auth/config/limits.js"
import type { RequestConfig } from "../auth/config/request-config.js"
import { actionUrl } from "../auth/internal-call.js"
import type { AuthCookie } from "../auth/request/cookies.js"
import { sameOriginPath } from "../auth/request/public-url.js"
import { isNavigation } from "./decide.js"
import type { GateOptions } from "./options.js"
import { type GateRefused, refuse } from "./result.js"

/** A request as the visitor sees it, and what its gate asks for. */
export interface Visit {
  url: string
  origin: string
  method: string
  headers: Headers
  options: GateOptions
}

/** Refuses a visitor who is not the one that the gate requires: redirects a browser, and tells other clients why. */
export function refuseOther(
  visit: Visit,
  config: RequestConfig,
  wanted: "lazy" | "real",
  { session, cookies }: { session: Session | null; cookies: AuthCookie[] },
): GateRefused {
  const refusal = { reason: `${wanted}-required` as const, session }
  if (isNavigation(visit))
    return refuse({ ...refusal, status: 303, body: "" }, { location: redirectTarget(visit, config) }, cookies)
  return refuse({ ...refusal, status: session ? 403 : 401, body: jsonOf(refusal.reason) }, JSON_TYPE, cookies)
}

/** Refuses a visitor for whom no lazy user may be made until `retryAfter` seconds have passed. */
export function refuseForNow(visit: Visit, { retryAfter }: TooManyLazyUsers): GateRefused {
  const refusal = { reason: "rate-limited" as const, session: null, status: 429 as const }
  const later = { "retry-after": String(retryAfter) }
  if (!isNavigation(visit)) return refuse({ ...refusal, body: jsonOf(refusal.reason) }, { ...later, ...JSON_TYPE })
  const body = "<!doctype html><title>Too many visitors</title><p>Too many visitors. Please try again later.</p>"
  return refuse({ ...refusal, body }, { ...later, "content-type": "text/html; charset=utf-8" })
}

/** Answers 503, on which Chromium discards the preloaded page and asks again on the click. */
export function refuseAhead(session: Session | null): GateRefused {
  return refuse({ reason: "prefetch", session, status: 503, body: "" }, {})
}

const JSON_TYPE = { "content-type": "application/json" }

const jsonOf = (reason: GateRefused["reason"]) => JSON.stringify({ error: reason })

function redirectTarget({ url, origin, options }: Visit, config: RequestConfig): string {
  const target = new URL(options.redirectTo ?? config.pages?.signIn ?? actionUrl(origin, config, "signin"), origin)
  const from = sameOriginPath(url, origin)
  if (from) target.searchParams.set("callbackUrl", from)
  return `${target.pathname}${target.search}`
}
