import { SessionTokenError } from "@auth/core/errors"
import type { Session } from "@auth/core/types"
import { TooManyLazyUsers } from "../auth/config/limits.js"
import { logError } from "../auth/config/log-error.js"
import { type RequestConfig, sessionConfig } from "../auth/config/request-config.js"
import { contextOf } from "../auth/context/request-context.js"
import { actionUrl } from "../auth/internal-call.js"
import { LazyDisabled, VisitorNotVerified } from "../auth/providers/lazy.js"
import { readSession, type SessionAnswer } from "../auth/read-session.js"
import { type AuthCookie, appendCookies } from "../auth/request/cookies.js"
import type { LazyAuth, RequestHead } from "../auth/request/head.js"
import { publicAddress } from "../auth/request/public-url.js"
import { sameOriginPath } from "../auth/request/same-origin.js"
import { readSessionCookie } from "../auth/session/cookie.js"
import { signInLazily } from "../auth/sign-in-lazily.js"
import { askAgain, cameBack } from "./ask-again.js"
import { isNavigation, isPageLoad, type SkipReason, skipReason } from "./decide.js"
import { isShownLater } from "./prefetch.js"

/** See {@link gate}. */
export interface GateOptions {
  /**
   * Whom to let through: `lazy`, lazy users only; `real`, real users only; neither makes anybody. Default: whoever is signed in, and a new
   * lazy user where nobody is.
   */
  require?: "lazy" | "real"
  /** Where to send a browser that is not let through; a path of this site. Default: the sign-in page of Auth.js. */
  redirectTo?: string
  /** The address of the client, where the framework knows it. */
  getClientAddress?: () => string
}

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
}

/** The door stays shut: answer with `status`, `headers` and `body`. */
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
}

/** What the gate decided; frameworks only translate it. */
export type GateResult = GateOpen | GateRefused

/**
 * Opens the door: finds the session that the request has, or signs the visitor in as a new lazy user. Every callback and event that the app
 * has configured runs as in any sign-in. No lazy user is made for bots, prefetches, HEAD and OPTIONS, or another site's request.
 *
 * Only method, URL and headers of the request are read, never its body.
 * @throws whatever the database, or a callback of the app, throws; nothing has been written then
 */
export function gate(request: RequestHead, auth: LazyAuth, options: GateOptions = {}): Promise<GateResult> {
  return decideGate(request, auth, options, { canSendBack: true })
}

/**
 * Decides whom to let in; see {@link gate}. `canSendBack` is false where no cookie can be set and
 * no redirect to the same address sent.
 */
export async function decideGate(
  request: RequestHead,
  auth: LazyAuth,
  options: GateOptions,
  { canSendBack }: { canSendBack: boolean },
): Promise<GateResult> {
  const { origin, url } = publicAddress(request)
  const { method, headers } = request
  const visit: Visit = { url, origin, method, headers, options }

  const cookie = headers.get("cookie") ?? ""
  const seen = visibleRequest(visit, request)
  const config = sessionConfig(auth, { request: seen, getClientAddress: options.getClientAddress })
  const before = await readSession(config, { url, cookie })
  const late = before.ended && canSendBack ? sendBack(visit, config) : undefined
  if (late && late !== "returned") return late
  if (options.require) return notAhead(visit, admit(visit, config, options.require, before))
  if (before.owner && before.body) return openWith(before.body, before.cookie ?? cookie, before.cookies, false)

  const { isBot, enabled = false } = contextOf(config)?.options ?? {}
  const skipped = skipReason(visit, isBot)
  if (skipped === "prefetch" && isShownLater(headers) && enabled !== false) return refuseAhead(null)
  if (skipped) return openWithout(skipped, cookie)
  // The request may have been sent while this browser converted: its answer must not replace the
  // new session.
  if (
    late !== "returned" &&
    (before.ended || !isNavigation(visit)) &&
    readSessionCookie(config, { url, cookie }) !== null
  )
    return openWithout("stale-session", cookie)
  try {
    const signedIn = await signInLazily(silenceRefusals(config), { url, cookie }, seen)
    // The app's callbacks ended or hide this session: do not give the visitor another one.
    if (!signedIn) return openWithout("stale-session", cookie, before.cookies)
    return openWith(signedIn.body, signedIn.cookie, signedIn.cookies, true)
  } catch (error) {
    if (error instanceof LazyDisabled) return openWithout("disabled", cookie)
    if (error instanceof VisitorNotVerified) return openWithout("bot", cookie)
    if (error instanceof TooManyLazyUsers) return refuseForNow(visit, error)
    throw error
  }
}

interface Visit {
  /** As the visitor sees it. */
  url: string
  origin: string
  method: string
  headers: Headers
  options: GateOptions
}

/** The request under the visitor's address and without its body, which is the handler's to read. */
function visibleRequest({ url, method, headers }: Visit, request: RequestHead): RequestHead {
  const isWhole = request instanceof Request && request.url === url && method === "GET"
  return isWhole ? request : { method: "GET", url, headers }
}

/**
 * Sends a browser whose session was ended back to the same address. Returns undefined where a
 * redirect can not be followed.
 */
function sendBack(visit: Visit, config: RequestConfig): GateRefused | "returned" | undefined {
  const { url, origin, headers } = visit
  if (!isPageLoad(headers) || skipReason(visit, contextOf(config)?.options.isBot)) return undefined
  const cookie = headers.get("cookie") ?? ""
  const token = readSessionCookie(config, { url, cookie })
  const path = sameOriginPath(url, origin)
  if (token === null || path === null) return undefined
  const ended = { url, cookie, token, path }
  return cameBack(config, ended) ? "returned" : askAgain(config, ended)
}

/** Keeps the browser from showing a preloaded refusal after a later click. */
function notAhead({ headers }: Visit, result: GateResult): GateResult {
  return !result.open && isShownLater(headers) ? refuseAhead(result.session) : result
}

/** Answers 503, on which Chromium discards the preloaded page and asks again on the click. */
function refuseAhead(session: Session | null): GateRefused {
  const headers = setCookieHeaders([])
  headers.set("cache-control", "private, no-store")
  return { open: false, reason: "prefetch", session, status: 503, headers, body: "" }
}

function openWith(session: Session | null, cookie: string, cookies: AuthCookie[], created: boolean): GateOpen {
  return { open: true, session, created, skipped: undefined, cookie, headers: setCookieHeaders(cookies) }
}

function openWithout(skipped: SkipReason, cookie: string, cookies: AuthCookie[] = []): GateOpen {
  return { open: true, session: null, created: false, skipped, cookie, headers: setCookieHeaders(cookies) }
}

function admit(
  visit: Visit,
  config: RequestConfig,
  wanted: "lazy" | "real",
  { body: session, cookies, owner, cookie = visit.headers.get("cookie") ?? "" }: SessionAnswer,
): GateResult {
  if (owner && owner.isLazy === undefined) throw new SessionTokenError("The database could not be asked who this is.")
  if (session && owner?.isLazy === (wanted === "lazy")) return openWith(session, cookie, cookies, false)
  const headers = setCookieHeaders(cookies)
  headers.set("cache-control", "private, no-store")
  const refusal = { open: false as const, reason: `${wanted}-required` as const, session, headers }
  if (!isNavigation(visit)) return { ...refusal, status: session ? 403 : 401, body: jsonBody(refusal) }
  headers.set("location", redirectTarget(visit, config))
  return { ...refusal, status: 303, body: "" }
}

function refuseForNow(visit: Visit, { retryAfter }: TooManyLazyUsers): GateRefused {
  const headers = setCookieHeaders([])
  headers.set("cache-control", "private, no-store")
  headers.set("retry-after", String(retryAfter))
  const refusal = {
    open: false as const,
    reason: "rate-limited" as const,
    session: null,
    headers,
    status: 429 as const,
  }
  if (!isNavigation(visit)) return { ...refusal, body: jsonBody(refusal) }
  headers.set("content-type", "text/html; charset=utf-8")
  return {
    ...refusal,
    body: "<!doctype html><title>Too many visitors</title><p>Too many visitors. Please try again later.</p>",
  }
}

function jsonBody({ reason, headers }: Pick<GateRefused, "reason" | "headers">): string {
  headers.set("content-type", "application/json")
  return JSON.stringify({ error: reason })
}

function redirectTarget({ url, origin, options }: Visit, config: RequestConfig): string {
  const target = new URL(options.redirectTo ?? config.pages?.signIn ?? actionUrl(origin, config, "signin"), origin)
  const from = sameOriginPath(url, origin)
  if (from) target.searchParams.set("callbackUrl", from)
  return `${target.pathname}${target.search}`
}

/** What the gate answers itself is no error of the app's, and may come as often as bots do. The configuration is that of one request. */
function silenceRefusals(config: RequestConfig): RequestConfig {
  const { logger } = config
  const error = (problem: Error) => {
    if (!isRefusal(problem)) logError({ logger }, problem)
  }
  config.logger = { ...logger, error }
  return config
}

function isRefusal(error: unknown): boolean {
  return error instanceof LazyDisabled || error instanceof VisitorNotVerified || error instanceof TooManyLazyUsers
}

function setCookieHeaders(cookies: AuthCookie[]): Headers {
  // Also without a session: whether one is made depends on more than what a shared cache looks at.
  const headers = new Headers({ vary: "Cookie", "cache-control": cookies.length > 0 ? "private, no-store" : "private" })
  appendCookies(headers, cookies)
  return headers
}
