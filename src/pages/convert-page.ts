import { isAuthError } from "../auth/config/auth-error.js"
import { logError } from "../auth/config/log-error.js"
import type { RequestConfig } from "../auth/config/request-config.js"
import { contextOf } from "../auth/context/request-context.js"
import { issueCsrfToken, postCallback, startSignIn } from "../auth/internal-call.js"
import { readNewSession, readSession, type SessionAnswer } from "../auth/read-session.js"
import { type AuthCookie, cookieAfter } from "../auth/request/cookies.js"
import type { LazyAuth } from "../auth/request/head.js"
import { forwardedRequest, sameOriginPath } from "../auth/request/public-url.js"
import { visitorAddress } from "../auth/request/visitor-address.js"
import { readSessionCookie } from "../auth/session/cookie.js"
import type { GateSession } from "../auth/types.js"
import { LazySetupError } from "../errors.js"
import { type Problem, readProblem } from "../messages/problem.js"
import { convertStrings } from "../messages/strings.js"
import { htmlAnswer } from "./html-answer.js"
import { jsonAnswer } from "./json-answer.js"
import { plainLayout } from "./layout.js"
import type { PageOutcome } from "./outcome.js"
import type { ConvertPage, ConvertPageOptions, ConvertVisitor } from "./page-options.js"
import { contentType, type Fields, readFields } from "./read-fields.js"
import { pathOf, readTarget, startVisit, type Visit } from "./visit.js"
import { readIdentifierField, readWays, type Way } from "./ways.js"

/**
 * Makes the page on which a lazy user converts and a visitor without a session signs up. It offers
 * the `ConvertProvider`'s form and every OAuth, OpenID, e-mail and passkey provider, and works
 * without JavaScript, except for passkeys. It redirects a real user.
 *
 * A request can name the path to go to afterwards as `redirectTo` or `callbackUrl`, in the query or
 * in the form; the page ignores other sites. The request's URL may differ from the one in the
 * browser in its origin alone.
 *
 * The page answers JSON to `Accept: application/json` or a JSON body. GET returns
 * `{ csrfToken, identifier, user, providers }`. POST takes
 * `{ csrfToken, username | email, password, passwordConfirm? }` and returns
 * `{ ok: true, redirectTo, user }`, or `{ ok: false, code, field, message }` with status 422
 * (refused), 429 (too many tries), 403 (CSRF token), 409 (already a real user) or 500.
 *
 * The returned function never throws: it logs errors with the app's `logger` and answers 500.
 * @throws LazySetupError when the configuration has no ConvertProvider
 * @example
 * ```ts
 * const page = convertPage(authConfig, { redirectTo: "/dashboard" })
 * const response = await page(request)
 * ```
 */
export function convertPage(auth: LazyAuth, options: ConvertPageOptions = {}): ConvertPage {
  const config = auth()
  const identifier = readIdentifierField(config.providers)
  const { embedded } = contextOf(config)?.options ?? {}
  const strings = convertStrings(options.strings)
  const { layout = plainLayout, doneUrl = "/" } = options
  return async (given: Request, visitor: ConvertVisitor = {}) => {
    // Hono's gate and routes use the forwarded headers, so this page must use the same URL.
    const request = visitor.req?.raw === undefined ? given : forwardedRequest(given)
    const getClientAddress = visitorAddress(visitor)
    const path = pathOf(request)
    const answer = (outcome: PageOutcome) =>
      wantsJson(request)
        ? jsonAnswer(outcome, strings)
        : htmlAnswer(outcome, { strings, layout, doneUrl, path, embedded })
    let logger: RequestConfig["logger"]
    let response: Response
    try {
      const visit = startVisit(request, auth, { identifier, getClientAddress, redirectTo: options.redirectTo })
      logger = visit.config.logger
      response = answer(await decide(visit))
    } catch (error) {
      if (!isLogged(error)) logError({ logger }, error)
      response = answer({ kind: "failed", status: 500, code: "server_error" })
    }
    return request.method === "HEAD" ? new Response(null, response) : response
  }
}

async function decide(visit: Visit): Promise<PageOutcome> {
  const { method } = visit.request
  if (method === "GET" || method === "HEAD") return show(visit, await sessionOf(visit))
  if (method === "POST") return submit(visit)
  return { kind: "failed", status: 405, code: "method_not_allowed" }
}

/** Reads the visitor's session, from the live one of several cookies. */
function sessionOf({ config, origin, cookie }: Visit): Promise<SessionAnswer> {
  return readSession(config, { url: origin, cookie })
}

/** Shows the form, with a problem if there was one. Sends a real user on. */
async function show(
  visit: Visit,
  session: SessionAnswer,
  fields: Fields = {},
  problem: Problem | null = null,
): Promise<PageOutcome> {
  const { identifier, origin, config, query } = visit
  const { target, requested } = readTarget(visit, fields)
  // Drop cookies without a user: Auth.js would delete the session cookie after a failed read.
  const cookies = session.owner ? session.cookies : []
  if (isReal(session)) return { kind: "real", user: userOf(session), done: query.has("done"), target, cookies }
  const csrf = await issueCsrfToken(config, visit)
  return {
    kind: "form",
    user: userOf(session),
    identifier,
    ways: readWays(config, origin),
    csrfToken: csrf.body,
    target,
    requested,
    problem,
    typed: fields[identifier],
    cookies: [...cookies, ...csrf.cookies],
  }
}

async function submit(visit: Visit): Promise<PageOutcome> {
  const result = await readFields(visit.request)
  if (!result.ok) return { kind: "failed", status: result.status, code: result.code }
  const { fields } = result
  const session = await sessionOf(visit)
  if (isReal(session)) return show(visit, session, fields)
  const way =
    fields.provider === undefined ? undefined : readWays(visit.config, visit.origin).find(goesTo(fields.provider))
  if (fields.provider !== undefined)
    return way ? leaveFor(visit, session, way, fields) : { kind: "failed", status: 400, code: "bad_request" }
  return convert(visit, session, fields)
}

/** Tells whether the session is a real user's, independent of the app's `session` callback. */
function isReal({ owner }: SessionAnswer): boolean {
  return owner?.isLazy === false
}

/**
 * Returns the user from the app's `session` callback, or else the id from the database; null when
 * nobody is signed in.
 */
function userOf(session: SessionAnswer | null): GateSession["user"] | null {
  if (!session?.owner) return null
  const user: unknown = (session.body as Partial<GateSession> | null | undefined)?.user
  if (typeof user === "object" && user !== null) return user as GateSession["user"]
  const { id, isLazy } = session.owner
  return { id, isLazy: isLazy === true, username: null }
}

/**
 * Returns the target that the app's `redirect` callback chose: a path, or an http or https URL of
 * another site; null for anything else.
 */
function redirectOf(given: unknown, origin: string): string | null {
  const path = sameOriginPath(given, origin)
  if (path !== null || typeof given !== "string" || !URL.canParse(given)) return path
  return /^https?:$/.test(new URL(given).protocol) ? given : null
}

/** Tells whether Auth.js has already logged this error, as it does before it throws one. */
function isLogged(error: unknown): boolean {
  return isAuthError(error) || error instanceof LazySetupError
}

function goesTo(provider: string): (way: Way) => boolean {
  return ({ id, type }) => id === provider && (type === "oauth" || type === "oidc")
}

async function convert(visit: Visit, session: SessionAnswer, fields: Fields): Promise<PageOutcome> {
  const { request, identifier, origin, cookie, config } = visit
  const { target } = readTarget(visit, fields)
  const form = formOf({
    csrfToken: fields.csrfToken,
    [identifier]: fields[identifier],
    password: fields.password,
    passwordConfirm: fields.passwordConfirm,
    callbackUrl: target,
  })
  try {
    const answer = await postCallback(config, "convert", { origin, headers: request.headers, form })
    const place = { url: origin, cookie: cookieAfter(cookie, answer.cookies) }
    const isSame = readSessionCookie(config, place) === readSessionCookie(config, { url: origin, cookie })
    // The conversion is committed: send its cookies even if this read fails, which is logged.
    const after = isSame ? session : await readNewSession(config, place).catch(() => null)
    return {
      kind: "accepted",
      isReal: after !== null && isReal(after),
      user: userOf(after),
      target: redirectOf(answer.redirect, origin) ?? target,
      cookies: answer.cookies,
    }
  } catch (error) {
    const problem = readProblem(error, identifier)
    if (!problem) throw error
    // Another tab converted this user, which ended the session of this request.
    const now = problem.code === "already_converted" ? await sessionOf(visit) : session
    return show(visit, now, fields, problem)
  }
}

async function leaveFor(visit: Visit, session: SessionAnswer, way: Way, fields: Fields): Promise<PageOutcome> {
  const { request, origin, config } = visit
  const form = formOf({ csrfToken: fields.csrfToken, callbackUrl: readTarget(visit, fields).target })
  let started: { redirect: string; cookies: AuthCookie[] }
  try {
    started = await startSignIn(config, way.id, { origin, headers: request.headers, form })
  } catch (error) {
    if (isAuthError(error, "MissingCSRF"))
      return show(visit, session, fields, { code: "csrf", field: null, status: 403 })
    if (isLogged(error)) return show(visit, session, fields, { code: "provider_unreachable", field: null, status: 502 })
    throw error
  }
  return { kind: "leaving", site: way.name, url: started.redirect, cookies: started.cookies }
}

function wantsJson(request: Request): boolean {
  const accept = request.headers.get("accept") ?? ""
  if (accept.includes("text/html")) return false
  return accept.includes("application/json") || contentType(request) === "application/json"
}

function formOf(fields: Record<string, string | undefined>): URLSearchParams {
  return new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
