import type { RequestConfig } from "../auth/config/request-config.js"
import { contextOf } from "../auth/context/request-context.js"
import { type SettledConfig, settledConfigOf } from "../auth/context/settled-config.js"
import type { SessionAnswer } from "../auth/read-session.js"
import { type AuthCookie, cookieAfter } from "../auth/request/cookies.js"
import { newCsrfCookie, readCsrfToken } from "../auth/request/csrf-cookie.js"
import type { LazyAuth } from "../auth/request/head.js"
import { readSessionCookie, removeSessionCookies, sessionCookieName } from "../auth/session/cookie.js"
import { FOR_ONE } from "./answer.js"
import { isNavigation, isWrite, skipReason } from "./decide.js"
import type { GatedVisit } from "./refusals.js"
import { type GateOpen, letPass } from "./result.js"

/** What the gate knows of a request that finds no session and must not create one. */
interface Unwritten {
  before: SessionAnswer
  /** Whether the browser was asked for a newer session, and has none. */
  hasReturned: boolean
}

/**
 * Shows a page to a visitor without a session cookie, at a gate that creates lazy users on a write.
 * Spares the request a configuration of its own, which takes most of the time of such a page.
 * @returns undefined for any other request, where the configuration is not from `withLazy`, and
 * where other sites may embed the page
 */
export function openWithoutCookie(visit: GatedVisit, auth: LazyAuth): GateOpen | undefined {
  const { url, headers, options } = visit
  if (options.on !== "write" || options.require || options.create === false || isWrite(visit)) return undefined
  const settled = settledConfigOf(auth)
  if (!settled || settled.options.embedded) return undefined
  if (headers.get("cookie")?.includes(sessionCookieName(settled.config, url))) return undefined
  return open(visit, settled, isPage(visit, settled.options), [])
}

/**
 * Shows a page without a session at a gate that creates lazy users on a write. Prepares the browser
 * for that write: gives it a CSRF cookie, and removes the cookie of a session that is over.
 */
export async function openBeforeWrite(
  visit: GatedVisit,
  config: RequestConfig,
  unwritten: Unwritten,
): Promise<GateOpen> {
  const options = contextOf(config)?.options ?? { enabled: true }
  const isOfPerson = isPage(visit, options)
  const cookies = isOfPerson ? await deadCookies(visit, config, unwritten) : unwritten.before.cookies
  return open(visit, { config, options }, isOfPerson, cookies)
}

function open(
  visit: GatedVisit,
  { config, options }: SettledConfig,
  isOfPerson: boolean,
  removed: AuthCookie[],
): GateOpen {
  const { method, url, headers } = visit
  const cookie = headers.get("cookie") ?? ""
  const needsCookie =
    visit.options.csrfCookie !== false && options.enabled && readCsrfToken(config, visit) === undefined
  const cookies = needsCookie && isOfPerson ? [...removed, newCsrfCookie(config, url)] : removed
  // A page that would set a CSRF cookie, if a person opened it, is not the same for everyone.
  const isSameForAll =
    !needsCookie && (method === "GET" || method === "HEAD") && readSessionCookie(config, { url, cookie }) === null
  const result = { session: null, created: false, skipped: "method" as const, cookie: cookieAfter(cookie, cookies) }
  return letPass(result, cookies, isSameForAll ? null : FOR_ONE)
}

/** Tells whether a person's browser opens a page, and not a crawler, a prefetch or a script. */
function isPage(visit: GatedVisit, { isBot }: SettledConfig["options"]): boolean {
  return isNavigation(visit) && skipReason(visit, isBot) === undefined
}

/**
 * Tells whether the session cookie of a visit is of no live session. A callback of the app may hide
 * one that is alive, whose cookie has to stay.
 */
export async function isDead(
  { url, headers }: GatedVisit,
  config: RequestConfig,
  { cookies }: SessionAnswer,
): Promise<boolean> {
  const place = { url, cookie: headers.get("cookie") ?? "" }
  if (readSessionCookie(config, place) === null || cookies.length > 0) return false
  return !(await contextOf(config)?.session.current())
}

/**
 * Removes the cookies of a session that is over, once the browser was asked for a newer one. In the
 * answer to a request that is late, the removal would hit the new session of the browser.
 */
async function deadCookies(
  visit: GatedVisit,
  config: RequestConfig,
  { before, hasReturned }: Unwritten,
): Promise<AuthCookie[]> {
  if (!hasReturned || !(await isDead(visit, config, before))) return before.cookies
  return removeSessionCookies(config, { url: visit.url, cookie: visit.headers.get("cookie") ?? "" })
}
