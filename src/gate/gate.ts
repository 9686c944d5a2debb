import { SessionTokenError } from "@auth/core/errors"
import { TooManyLazyUsers } from "../auth/config/limits.js"
import { logError } from "../auth/config/log-error.js"
import { type RequestConfig, sessionConfig } from "../auth/config/request-config.js"
import { contextOf } from "../auth/context/request-context.js"
import { LazyDisabled, VisitorNotVerified } from "../auth/providers/lazy.js"
import { readSession, type SessionAnswer } from "../auth/read-session.js"
import type { AuthCookie } from "../auth/request/cookies.js"
import type { LazyAuth, RequestHead } from "../auth/request/head.js"
import { publicAddress, sameOriginPath } from "../auth/request/public-url.js"
import { readSessionCookie } from "../auth/session/cookie.js"
import { signInLazily } from "../auth/sign-in-lazily.js"
import { LazySetupError } from "../errors.js"
import { FOR_ONE } from "./answer.js"
import { askAgain, cameBack } from "./ask-again.js"
import { isDead, openBeforeWrite, openWithoutCookie } from "./before-write.js"
import { isNavigation, isPageLoad, isWrite, type SkipReason, skipReason } from "./decide.js"
import { decideEmbedded } from "./embedded.js"
import { checkOptions, type GateOptions } from "./options.js"
import { isShownLater } from "./prefetch.js"
import { type GatedVisit, refuseAhead, refuseForNow, refuseOther } from "./refusals.js"
import { type GateOpen, type GateRefused, type GateResult, letPass } from "./result.js"

/**
 * Finds the session of a request, or signs the visitor in as a new lazy user. A sign-in runs the
 * app's callbacks and events. Bots, prefetches, HEAD, OPTIONS and cross-site requests get no user.
 *
 * The gate reads the method, URL and headers of the request, never its body.
 * @throws LazySetupError when an option doesn't exist, or `auth` is not what `withLazy` returned
 * @throws Error of the database or of an app's callback, in which case nothing was written
 * @example
 * async function handle(request: Request): Promise<Response> {
 *   const result = await gate(request, authConfig)
 *   if (!result.open) return result.apply()
 *   return result.apply(new Response(`You are ${result.session?.user.username}.`))
 * }
 */
export async function gate(request: RequestHead, auth: LazyAuth, options: GateOptions = {}): Promise<GateResult> {
  checkOptions("gate", options)
  return decideGate(request, auth, options)
}

/**
 * Decides on a request as {@link gate} does, with options that are already checked.
 * @param canSendBack false where the gate can't set a cookie and redirect to the same URL
 */
export async function decideGate(
  request: RequestHead,
  auth: LazyAuth,
  options: GateOptions,
  { canSendBack } = { canSendBack: true },
): Promise<GateResult> {
  const { origin, url } = publicAddress(request)
  const { method, headers } = request
  const visit: GatedVisit = { url, origin, method, headers, options }

  const unread = openWithoutCookie(visit, auth)
  if (unread) return unread
  const seen = visibleRequest(visit, request)
  const config = sessionConfig(auth, { request: seen, getClientAddress: options.getClientAddress })
  if (!Array.isArray(config.providers)) throw notFromWithLazy(config)
  const { embedded } = contextOf(config)?.options ?? {}
  if (!embedded) return decideVisit(visit, config, seen, canSendBack)
  return decideEmbedded(visit, config, embedded, (visible) => decideVisit(visible, config, seen, canSendBack))
}

async function decideVisit(
  visit: GatedVisit,
  config: RequestConfig,
  seen: RequestHead,
  canSendBack: boolean,
): Promise<GateResult> {
  const { url, headers, options } = visit
  const cookie = headers.get("cookie") ?? ""
  const before = await readSession(config, { url, cookie })
  const late = before.ended && canSendBack ? sendBack(visit, config) : undefined
  if (late && late !== "returned") return late
  if (options.require) return notAhead(visit, admit(visit, config, options.require, before))
  if (before.owner && before.body) return openWith(visit, before, before.cookie ?? cookie)
  if (options.create === false) return openWithout("read-only", before.cookie ?? cookie, before.cookies)
  if (options.on === "write" && !isWrite(visit)) {
    const isOver = canSendBack && !before.ended && isPageLoad(headers) && (await isDead(visit, config, before))
    const asked = isOver ? sendBack(visit, config) : late
    return typeof asked === "object" ? asked : openBeforeWrite(visit, config, { before, hasReturned: !!asked })
  }

  const { isBot, enabled = false } = contextOf(config)?.options ?? {}
  const skipped = skipReason(visit, isBot)
  if (skipped === "prefetch" && isShownLater(headers) && enabled !== false) return refuseAhead(null)
  if (skipped) return openWithout(skipped, cookie)
  // The browser may have sent this request before a conversion and receive the answer after it. The
  // answer must not replace the new session.
  const yields = options.on === "write"
  if (
    late !== "returned" &&
    (before.ended || (!yields && !isNavigation(visit))) &&
    readSessionCookie(config, { url, cookie }) !== null
  )
    return openWithout("stale-session", cookie)
  try {
    const signedIn = await signInLazily(silenceRefusals(config), { url, cookie }, seen, { yields })
    // The app's callbacks end or hide this session, so don't create another one.
    if (!signedIn) return openWithout("stale-session", cookie, before.cookies)
    return openWith(visit, signedIn, signedIn.cookie, { created: true })
  } catch (error) {
    if (error instanceof LazyDisabled) return openWithout("disabled", cookie)
    if (error instanceof VisitorNotVerified) return openWithout("bot", cookie)
    if (error instanceof TooManyLazyUsers) return refuseForNow(visit, error)
    throw error
  }
}

/** Makes the error for another function in place of `authConfig`, such as `auth` of next-auth. */
function notFromWithLazy(config: unknown): LazySetupError {
  // `auth` of next-auth returns a promise, whose rejection nothing else would catch.
  Promise.resolve(config).catch(() => {})
  return new LazySetupError(
    "The gate needs the function that withLazy returned, not `auth` of next-auth or another function. " +
      "Write gate(request, authConfig), allowLazy(authConfig) or requireReal(authConfig).",
  )
}

/** Returns the request under its public URL, and without its body, which the handler reads. */
function visibleRequest({ url, method, headers }: GatedVisit, request: RequestHead): RequestHead {
  const isWhole = request instanceof Request && request.url === url && method === "GET"
  return isWhole ? request : { method: "GET", url, headers }
}

/**
 * Redirects a browser with an ended session to the same URL; "returned" when it came back from
 * there, undefined when it would not follow a redirect.
 */
function sendBack(visit: GatedVisit, config: RequestConfig): GateRefused | "returned" | undefined {
  const { url, origin, headers } = visit
  if (!isPageLoad(headers) && !isScriptWriting(visit)) return undefined
  if (skipReason(visit, contextOf(config)?.options.isBot)) return undefined
  const cookie = headers.get("cookie") ?? ""
  const token = readSessionCookie(config, { url, cookie })
  const path = sameOriginPath(url, origin)
  if (token === null || path === null) return undefined
  const ended = { url, cookie, token, path }
  return cameBack(config, ended) ? "returned" : askAgain(config, ended)
}

/**
 * Tells whether a script of a browser sends a write to a gate that makes lazy users on writes. Its
 * pages make nobody, so it may have no other way to a session.
 */
function isScriptWriting({ method, headers, options }: GatedVisit): boolean {
  const mode = headers.get("sec-fetch-mode")
  return options.on === "write" && isWrite({ method }) && (mode === "cors" || mode === "same-origin")
}

/** Keeps the browser from showing a preloaded refusal after a later click. */
function notAhead({ headers }: GatedVisit, result: GateResult): GateResult {
  return !result.open && isShownLater(headers) ? refuseAhead(result.session) : result
}

function openWith(
  { options }: GatedVisit,
  { body: session, cookies }: SessionAnswer,
  cookie: string,
  { created } = { created: false },
): GateOpen {
  // Before the first write, the handler may let shared caches keep this page.
  const cacheControl = options.on === "write" ? FOR_ONE : undefined
  return letPass({ session, created, skipped: undefined, cookie }, cookies, cacheControl)
}

function openWithout(skipped: SkipReason, cookie: string, cookies: AuthCookie[] = []): GateOpen {
  return letPass({ session: null, created: false, skipped, cookie }, cookies)
}

function admit(visit: GatedVisit, config: RequestConfig, wanted: "lazy" | "real", found: SessionAnswer): GateResult {
  const { body: session, cookies, owner, cookie = visit.headers.get("cookie") ?? "" } = found
  if (owner && owner.isLazy === undefined)
    throw new SessionTokenError("The user of this session could not be read from the database.")
  if (session && owner?.isLazy === (wanted === "lazy")) return openWith(visit, found, cookie)
  return refuseOther(visit, config, wanted, { session, cookies })
}

/** Keeps the gate's own refusals, which bots can cause at will, out of the app's log. */
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
