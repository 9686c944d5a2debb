import { Auth } from "@auth/core"
import { framePolicy } from "./config/embedding.js"
import { type RequestConfig, requestConfig } from "./config/request-config.js"
import { hideFromOtherSites, refusedRoute } from "./context/loaded-elsewhere.js"
import { contextOf } from "./context/request-context.js"
import { keepPrivate } from "./request/cache-control.js"
import { appendCookies, hideForeignCookies, isNameOrChunk } from "./request/cookies.js"
import type { LazyAuth } from "./request/head.js"
import { publicRequest } from "./request/public-url.js"
import { readBody } from "./request/read-body.js"
import { isOtherCookie, removeSessionCookies, sessionCookieName } from "./session/cookie.js"
import { setYielding } from "./session/standing.js"

/**
 * Options of {@link handleAuth}.
 * @example
 * const options: HandleAuthOptions = { getClientAddress: () => "192.0.2.1" }
 */
export interface HandleAuthOptions {
  /**
   * Returns the address of the client, under which failed sign-ins, conversions and new lazy users
   * are counted.
   * @default the address is unknown and not counted, unless `lazy.trustProxy` names a header
   */
  getClientAddress?: () => string
}

/**
 * The largest accepted body, in bytes. Every form of Auth.js is smaller, and so is the data of a
 * session update, which has to fit into cookies.
 */
const MAX_BODY = 256 * 1024

/**
 * Answers a request to one of the routes of Auth.js (`/auth/…`), in anything that speaks Request
 * and Response. Calls `Auth()` with the configuration for this request and the defaults of the
 * environment (`AUTH_SECRET`, `AUTH_URL`, …). Answers 413 to a body of more than 256 KiB, which
 * Auth.js would read whole.
 * @example
 * const response = await handleAuth(request, authConfig)
 */
export async function handleAuth(request: Request, auth: LazyAuth, options: HandleAuthOptions = {}): Promise<Response> {
  const read = await withReadBody(request)
  if (read instanceof Response) return read
  const outside = publicRequest(read)
  const config = requestConfig(auth, { request: outside, getClientAddress: options.getClientAddress })
  const context = contextOf(config)
  const refused = context && refusedRoute(outside, config, context)
  const done = refused ?? finished(await answered(outside, config), outside, config)
  const { embedded } = context?.options ?? {}
  if (embedded) done.headers.append("content-security-policy", framePolicy(embedded))
  return done
}

function answered(request: Request, config: RequestConfig): Promise<Response> {
  return Auth(config.trustHost ? visibleRequest(request, config) : withoutQuery(request), config)
}

/**
 * Removes the query, in which e-mail links have their token: Auth.js logs the URL of an untrusted
 * host.
 */
function withoutQuery({ url, headers }: Request): Request {
  const { origin, pathname } = new URL(url)
  return new Request(`${origin}${pathname}`, { headers })
}

/**
 * Removes the cookies of other apps, and a session that another site may not use, in a copy: the
 * request belongs to the caller.
 */
function visibleRequest(request: Request, config: RequestConfig): Request {
  const { url, method } = request
  const headers = new Headers(request.headers)
  hideForeignCookies(headers, config)
  const context = contextOf(config)
  if (context) hideFromOtherSites({ url, method, headers }, config, context)
  return headers.get("cookie") === request.headers.get("cookie") ? request : new Request(request, { headers })
}

/**
 * Removes every other form of the session cookie when Auth.js sets or removes it, and keeps the
 * answer out of shared caches.
 */
function finished(answer: Response, request: Request, config: RequestConfig): Response {
  if (!answer.headers.has("set-cookie")) return privateCopy(answer)
  const name = sessionCookieName(config, request.url)
  const place = { url: request.url, cookie: request.headers.get("cookie") ?? "" }
  const session = isSessionRoute(request, config) ? contextOf(config)?.session : undefined
  if (session?.isEnded) keepSession(answer.headers, name)
  if (session?.yields && setYielding(answer.headers, config, place)) return keptPrivate(answer)
  const set = answer.headers.getSetCookie()
  const named = set.map((cookie) => cookie.slice(0, cookie.indexOf("=")))
  const { headers } = answer
  if (named.some((each) => isNameOrChunk(each, name))) {
    const left = removeSessionCookies(config, place).filter(
      (each) => !named.includes(each.name) || isOtherCookie(each, config.cookies?.sessionToken?.options),
    )
    headers.delete("set-cookie")
    appendCookies(headers, left)
    for (const cookie of set) headers.append("set-cookie", cookie)
  }
  return keptPrivate(answer)
}

function keptPrivate(answer: Response): Response {
  keepPrivate(answer.headers)
  return answer
}

/** Copies the answer, since the headers of a `Response.redirect()` can't be changed. */
function privateCopy(answer: Response): Response {
  if (answer.headers.has("cache-control")) return answer
  const copy = new Response(answer.body, answer)
  keepPrivate(copy.headers)
  return copy
}

function isSessionRoute({ url }: Request, config: RequestConfig): boolean {
  return new URL(url).pathname === `${config.basePath}/session`
}

/**
 * Keeps the cookie of a session that was ended, such as by a conversion a moment ago. Removing it in
 * a late answer would remove the new session of the browser.
 */
function keepSession(headers: Headers, name: string): void {
  const set = headers.getSetCookie()
  headers.delete("set-cookie")
  for (const cookie of set)
    if (!isNameOrChunk(cookie.slice(0, cookie.indexOf("=")), name)) headers.append("set-cookie", cookie)
}

/**
 * Reads the body into memory. Returns the answer instead when the body is too large or unreadable.
 */
async function withReadBody(request: Request): Promise<Request | Response> {
  try {
    // A body that other code has read, or that is known to be short, needs no limit.
    if (!request.body || request.bodyUsed || isShort(request.headers)) return request
    const { url, method, headers, signal } = request
    const body = await readBody(request, MAX_BODY)
    if (body === null) return new Response("The body is larger than 256 KiB.", { status: 413 })
    return new Request(url, { method, headers, body, signal })
  } catch {
    // The client disconnected, or @hono/node-server could not make a Request of it. Auth.js gives
    // the same answer.
    return Response.json("Bad request.", { status: 400 })
  }
}

/**
 * Tells whether the body is short by its `Content-Length`, which HTTP enforces. Reading it twice is
 * slow.
 */
function isShort(headers: Headers): boolean {
  const length = headers.get("content-length")
  return length !== null && /^\d+$/.test(length) && Number(length) <= MAX_BODY
}
