import type { RequestConfig } from "../auth/config/request-config.js"
import { contextOf } from "../auth/context/request-context.js"
import type { SessionAnswer } from "../auth/read-session.js"
import { type AuthCookie, cookieAfter } from "../auth/request/cookies.js"
import { newCsrfCookie, readCsrfToken } from "../auth/request/csrf-cookie.js"
import { readSessionCookie, removeSessionCookies } from "../auth/session/cookie.js"
import { FOR_ONE } from "./answer.js"
import { isNavigation, skipReason } from "./decide.js"
import type { GatedVisit } from "./refusals.js"
import { type GateOpen, letPass } from "./result.js"

/** What the gate knows of a request that finds no session and must not create one. */
interface Unwritten {
  before: SessionAnswer
  /** Whether the browser was asked for a newer session, and has none. */
  hasReturned: boolean
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
  const { headers } = visit
  const cookie = headers.get("cookie") ?? ""
  const cookies = isPage(visit, config) ? await pageCookies(visit, config, unwritten) : unwritten.before.cookies
  const result = { session: null, created: false, skipped: "method" as const, cookie: cookieAfter(cookie, cookies) }
  return letPass(result, cookies, isSameForAll(visit, config) ? null : FOR_ONE)
}

/** Tells whether a person's browser opens a page, and not a crawler, a prefetch or a script. */
function isPage(visit: GatedVisit, config: RequestConfig): boolean {
  return isNavigation(visit) && skipReason(visit, contextOf(config)?.options.isBot) === undefined
}

async function pageCookies(
  visit: GatedVisit,
  config: RequestConfig,
  { before, hasReturned }: Unwritten,
): Promise<AuthCookie[]> {
  const { url, headers } = visit
  const place = { url, cookie: headers.get("cookie") ?? "" }
  const isOver = readSessionCookie(config, place) !== null && (!before.ended || hasReturned)
  // A callback of the app may hide a session that is alive, whose cookie has to stay.
  const isDead = isOver && before.cookies.length === 0 && !(await contextOf(config)?.session.current())
  const removed = isDead ? removeSessionCookies(config, place) : before.cookies
  return needsCsrfCookie(visit, config) ? [...removed, newCsrfCookie(config, url)] : removed
}

function needsCsrfCookie({ options, ...request }: GatedVisit, config: RequestConfig): boolean {
  const isWanted = options.csrfCookie !== false && contextOf(config)?.options.enabled !== false
  return isWanted && readCsrfToken(config, request) === undefined
}

/**
 * Tells whether the page is the same for everyone whose `Cookie` header is the same. A page that
 * would set a CSRF cookie, if a person opened it, is not.
 */
function isSameForAll(visit: GatedVisit, config: RequestConfig): boolean {
  const place = { url: visit.url, cookie: visit.headers.get("cookie") ?? "" }
  const { method } = visit
  return (
    (method === "GET" || method === "HEAD") &&
    readSessionCookie(config, place) === null &&
    !needsCsrfCookie(visit, config)
  )
}
