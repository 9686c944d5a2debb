import { AuthError, MissingCSRF } from "@auth/core/errors"
import type { Session } from "@auth/core/types"
import { logError } from "../auth/config/log-error.js"
import { type RequestConfig, requestConfig } from "../auth/config/request-config.js"
import { issueCsrfToken, postCallback, startSignIn } from "../auth/internal-call.js"
import { readSession, type SessionAnswer } from "../auth/read-session.js"
import { type AuthCookie, cookieAfter } from "../auth/request/cookies.js"
import type { LazyAuth } from "../auth/request/head.js"
import { forwardedRequest, publicOrigin } from "../auth/request/public-url.js"
import { sameOriginPath } from "../auth/request/same-origin.js"
import { type Visitor, visitorAddress } from "../auth/request/visitor-address.js"
import { LazySetupError } from "../errors.js"
import { htmlAnswer } from "./html-answer.js"
import { jsonAnswer } from "./json-answer.js"
import { type ConvertLayout, plainLayout } from "./layout.js"
import type { PageOutcome } from "./outcome.js"
import { type Problem, readProblem } from "./problem.js"
import { contentType, type Fields, readFields } from "./read-fields.js"
import { type ConvertStrings, fillStrings } from "./strings.js"
import { type IdentifierField, readIdentifierField, readWays, type Way } from "./ways.js"

/** See {@link convertPage}. */
export interface ConvertPageOptions {
  /** Where people go who have made their account; a path of this site. Default: the page itself, which says that the account is ready. */
  redirectTo?: string
  /** Where the link goes when the page says so. Default: `"/"`. */
  doneUrl?: string
  /** Texts in place of the English ones. */
  strings?: Partial<ConvertStrings>
  /** Makes the document around the page. Default: a plain one. */
  layout?: ConvertLayout
}

/** What the framework knows of the client's address, by which tries are limited; a context of Hono and an event of SvelteKit will do. */
export type ConvertVisitor = Visitor

/** Serves the page; {@link convertPage} makes it. */
export interface ConvertPage {
  (request: Request, visitor: ConvertVisitor): Promise<Response>
  // The last one is what the types of Next look at, which hands something else to its route handlers.
  (request: Request): Promise<Response>
}

/**
 * The page on which a lazy user becomes a real one, and somebody without a session signs up; for anything that speaks Request and Response.
 * It needs a `ConvertProvider` and offers every OAuth, OpenID, e-mail and passkey provider besides. It works without JavaScript, except
 * for passkeys. A real user is sent on.
 *
 * Where to afterwards can also be asked for, with `redirectTo` or `callbackUrl` in the query or the form; what is not a path of this site is
 * ignored. The request's URL must be the one that the visitor sees, or differ from it in the origin only.
 *
 * With `Accept: application/json`, or a JSON body, it answers JSON. GET: `{ csrfToken, identifier, user, providers }`. POST of
 * `{ csrfToken, username | email, password, passwordConfirm? }`: `{ ok: true, redirectTo, user }`, or `{ ok: false, code, field, message }`
 * with 422 (refused), 429 (too many tries), 403 (the token), 409 (a real user already), 500.
 *
 * It never throws: what goes wrong inside is logged with the app's `logger` and answered with 500.
 * @throws LazySetupError at once, when there is no ConvertProvider
 */
export function convertPage(auth: LazyAuth, options: ConvertPageOptions = {}): ConvertPage {
  const identifier = readIdentifierField(auth().providers)
  const strings = fillStrings(options.strings)
  const { layout = plainLayout, doneUrl = "/" } = options
  return async (given: Request, visitor: ConvertVisitor = {}) => {
    // The gate and routes of Hono use the forwarded headers. This page must use the same address.
    const request = visitor.req?.raw === undefined ? given : forwardedRequest(given)
    const getClientAddress = visitorAddress(visitor)
    const path = pathOf(request)
    const answer = (outcome: PageOutcome) =>
      wantsJson(request) ? jsonAnswer(outcome, strings) : htmlAnswer(outcome, { strings, layout, doneUrl, path })
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

interface Visit {
  request: Request
  identifier: IdentifierField
  origin: string
  cookie: string
  config: RequestConfig
  /** A configuration for the same visitor that remembers nothing of what this one has done. */
  configFor: (cookie: string) => RequestConfig
  query: URLSearchParams
  path: string
  redirectTo: string | undefined
}

function startVisit(
  request: Request,
  auth: LazyAuth,
  {
    identifier,
    getClientAddress,
    redirectTo,
  }: Pick<Visit, "identifier" | "redirectTo"> & Pick<Visitor, "getClientAddress">,
): Visit {
  const origin = publicOrigin(request)
  const path = pathOf(request)
  const { search, searchParams: query } = new URL(request.url)
  const cookie = request.headers.get("cookie") ?? ""
  const configFor = (cookie: string) => {
    const headers = new Headers(request.headers)
    headers.set("cookie", cookie)
    const { signal } = request
    return requestConfig(auth, {
      request: new Request(`${origin}${path}${search}`, { headers, signal }),
      getClientAddress,
    })
  }
  return { request, identifier, origin, cookie, config: configFor(cookie), configFor, query, path, redirectTo }
}

async function decide(visit: Visit): Promise<PageOutcome> {
  const { method } = visit.request
  if (method === "GET" || method === "HEAD") return show(visit)
  if (method === "POST") return submit(visit)
  return { kind: "failed", status: 405, code: "method_not_allowed" }
}

/** The form, again where there is a problem; for a real user, the way on. */
async function show(visit: Visit, fields: Fields = {}, problem: Problem | null = null): Promise<PageOutcome> {
  const { identifier, origin, cookie, query } = visit
  const config = visit.configFor(cookie)
  const { target, requested } = readTarget(visit, fields)
  const session = await readSession(config, { url: origin, cookie })
  // Only a session that is there: Auth.js would also have the cookie dropped of one that it could not read this time.
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
  const session = await readSession(visit.configFor(visit.cookie), { url: visit.origin, cookie: visit.cookie })
  if (isReal(session)) return show(visit, fields)
  const way =
    fields.provider === undefined ? undefined : readWays(visit.config, visit.origin).find(goesTo(fields.provider))
  if (fields.provider !== undefined)
    return way ? leaveFor(visit, way, fields) : { kind: "failed", status: 400, code: "bad_request" }
  return convert(visit, fields)
}

/**
 * Tells whether the session is that of a real user, independent of the app's `session` callback.
 */
function isReal({ owner }: SessionAnswer): boolean {
  return owner?.isLazy === false
}

/**
 * Returns the user that the app's `session` callback shows, or the known id and name without one;
 * null when nobody is signed in.
 */
function userOf(session: SessionAnswer | null): Session["user"] | null {
  if (!session?.owner) return null
  const user: unknown = (session.body as Partial<Session> | null | undefined)?.user
  if (typeof user === "object" && user !== null) return user as Session["user"]
  const { id, isLazy } = session.owner
  return { id, isLazy: isLazy === true, username: null }
}

/**
 * Returns the target of the app's `redirect` callback: a path, or a URL of another site; null for
 * anything else.
 */
function redirectOf(given: unknown, origin: string): string | null {
  const path = sameOriginPath(given, origin)
  if (path !== null || typeof given !== "string" || !URL.canParse(given)) return path
  return /^https?:$/.test(new URL(given).protocol) ? given : null
}

/** Auth.js logs whatever it throws, and whatever it answers with a redirect to its error page. */
function isLogged(error: unknown): boolean {
  return error instanceof AuthError || error instanceof LazySetupError
}

function goesTo(provider: string): (way: Way) => boolean {
  return ({ id, type }) => id === provider && (type === "oauth" || type === "oidc")
}

async function convert(visit: Visit, fields: Fields): Promise<PageOutcome> {
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
    const now = cookieAfter(cookie, answer.cookies)
    // The conversion is written: its cookies go out whatever becomes of this, which is logged.
    const after = await readSession(visit.configFor(now), { url: origin, cookie: now }).catch(() => null)
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
    return show(visit, fields, problem)
  }
}

async function leaveFor(visit: Visit, way: Way, fields: Fields): Promise<PageOutcome> {
  const { request, origin, config } = visit
  const form = formOf({ csrfToken: fields.csrfToken, callbackUrl: readTarget(visit, fields).target })
  let started: { redirect: string; cookies: AuthCookie[] }
  try {
    started = await startSignIn(config, way.id, { origin, headers: request.headers, form })
  } catch (error) {
    if (error instanceof MissingCSRF) return show(visit, fields, { code: "csrf", field: null, status: 403 })
    if (isLogged(error)) return show(visit, fields, { code: "provider_unreachable", field: null, status: 502 })
    throw error
  }
  // The address may come from a provider's discovery document.
  if (!/^https?:$/.test(new URL(started.redirect).protocol)) throw new Error(`"${way.id}" is at no web address.`)
  return { kind: "leaving", site: way.name, url: started.redirect, cookies: started.cookies }
}

/** Where people go afterwards, and the same if the visitor asked for it. Paths, all of them. */
function readTarget(
  { origin, query, path, redirectTo }: Visit,
  fields: Fields,
): { target: string; requested: string | null } {
  const asked = [fields.redirectTo, fields.callbackUrl, query.get("redirectTo"), query.get("callbackUrl")]
  const requested = asked.map((target) => sameOriginPath(target, origin)).find((target) => target !== null) ?? null
  return { target: requested ?? sameOriginPath(redirectTo, origin) ?? `${path}?done`, requested }
}

/** The path of the page. `//host/page` is a path in a request, but an address of another site in a link. */
function pathOf(request: Request): string {
  return new URL(request.url).pathname.replace(/^\/+/, "/")
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
