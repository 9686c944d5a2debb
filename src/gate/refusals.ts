import { isAuthError } from "../auth/config/auth-error.js"
import type { TooManyLazyUsers } from "../auth/config/limits.js"
import { logError } from "../auth/config/log-error.js"
import { isOutage, outageAnswer } from "../auth/config/outage.js"
import type { RequestConfig } from "../auth/config/request-config.js"
import { contextOf } from "../auth/context/request-context.js"
import { actionUrl } from "../auth/internal-call.js"
import type { AuthCookie } from "../auth/request/cookies.js"
import { newCsrfCookie, readCsrfToken } from "../auth/request/csrf-cookie.js"
import { tokenForId } from "../auth/request/lazy-user-ids.js"
import { sameOriginPath } from "../auth/request/public-url.js"
import type { GateSession } from "../auth/types.js"
import { isNavigation } from "./decide.js"
import type { GateOptions } from "./options.js"
import { type GateRefused, refuse } from "./result.js"

/** Describes a request under its public URL, with the options of its gate. */
export interface GatedVisit {
  url: string
  origin: string
  method: string
  headers: Headers
  options: GateOptions
}

/** Refuses a visitor without the required user. Redirects a browser, and sends JSON to others. */
export function refuseOther(
  visit: GatedVisit,
  config: RequestConfig,
  wanted: "lazy" | "real",
  { session, cookies }: { session: GateSession | null; cookies: AuthCookie[] },
): GateRefused {
  const refusal = { reason: `${wanted}-required` as const, session }
  if (isNavigation(visit))
    return refuse({ ...refusal, status: 303, body: "" }, { location: redirectTarget(visit, config) }, cookies)
  return refuse({ ...refusal, status: session ? 403 : 401, body: jsonOf(refusal.reason) }, JSON_TYPE, cookies)
}

/** Answers 429 to a visitor over the limit of new lazy users, with the seconds to wait. */
export function refuseForNow(visit: GatedVisit, { retryAfter }: TooManyLazyUsers): GateRefused {
  const refusal = { reason: "rate-limited" as const, session: null, status: 429 as const }
  const later = { "retry-after": String(retryAfter) }
  if (!isNavigation(visit)) return refuse({ ...refusal, body: jsonOf(refusal.reason) }, { ...later, ...JSON_TYPE })
  const body = "<!doctype html><title>Too many visitors</title><p>Too many visitors. Please try again later.</p>"
  return refuse({ ...refusal, body }, { ...later, "content-type": "text/html; charset=utf-8" })
}

/**
 * Answers 503 where the database or the store of a limiter can't be reached. Keeps the session
 * cookie: what can't be read may be alive. A connection may have been lost after it made the lazy
 * user, so the browser gets a cookie by which its next request finds that user.
 * @throws the given error when it says anything else
 */
export function refuseInOutage(visit: GatedVisit, config: RequestConfig, error: unknown): GateRefused {
  if (!isOutage(error)) throw error
  if (!isAuthError(error)) logError(config, error)
  const { newId } = contextOf(config)?.exchange ?? {}
  const token =
    newId !== undefined && readCsrfToken(config, visit) === undefined ? tokenForId(config, newId) : undefined
  const cookies = token === undefined ? [] : [newCsrfCookie(config, visit.url, token)]
  const { body, headers } = outageAnswer(isNavigation(visit))
  return refuse({ reason: "unavailable", session: null, status: 503, body }, headers, cookies)
}

/** Answers 503, so that Chromium discards the preloaded page and requests it on the click. */
export function refuseAhead(session: GateSession | null): GateRefused {
  return refuse({ reason: "prefetch", session, status: 503, body: "" }, {})
}

const JSON_TYPE = { "content-type": "application/json" }

const jsonOf = (reason: GateRefused["reason"]) => JSON.stringify({ error: reason })

function redirectTarget({ url, origin, options }: GatedVisit, config: RequestConfig): string {
  const target = new URL(options.redirectTo ?? config.pages?.signIn ?? actionUrl(origin, config, "signin"), origin)
  const from = sameOriginPath(url, origin)
  if (from) target.searchParams.set("callbackUrl", from)
  return `${target.pathname}${target.search}`
}
