import type { Handle, RequestEvent } from "@sveltejs/kit"
import { parseSetCookie } from "cookie"
import type { LazyAuth, RequestHead } from "../auth/request/head.js"
import { platformAddress } from "../auth/request/node-address.js"
import { cacheControl, isForOne, missingCookies, namesCookie, removeSharedCaches } from "./answer.js"
import { addFramePolicy, framePolicyOf } from "./frame-policy.js"
import { decideGate } from "./gate.js"
import { type AllowOptions, type GateOptions, optionsOf, type RequireOptions } from "./options.js"
import type { GateRefused } from "./result.js"

/**
 * Signs in each visitor who has no session as a new lazy user. From the very first request,
 * `event.locals.auth()` of @auth/sveltekit returns the session, or null for requests that create
 * nobody, such as those of bots and prefetches.
 *
 * Place it after the handle of `SvelteKitAuth`. Paths without a route, and prerendered pages, pass
 * unchanged.
 * @throws LazySetupError when an argument is invalid
 * @example
 * // `sequence` is from @sveltejs/kit/hooks, and `authHandle` from SvelteKitAuth(authConfig).
 * export const handle = sequence(authHandle, allowLazy(authConfig))
 */
export function allowLazy(auth: LazyAuth, options?: AllowOptions): Handle {
  return gateHandle(auth, optionsOf("allowLazy", auth, options))
}

/**
 * Lets only lazy users through. Redirects any other browser to `redirectTo`, by default the
 * sign-in page, and answers other clients with 401 or 403.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const gates = { "/welcome": requireLazy(authConfig, { redirectTo: "/notes" }) }
 */
export function requireLazy(auth: LazyAuth, options?: RequireOptions): Handle {
  return gateHandle(auth, optionsOf("requireLazy", auth, options))
}

/**
 * Lets only real users through. Redirects any other browser to `redirectTo`, by default the
 * sign-in page, and answers other clients with 401 or 403.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const gates = { "/settings": requireReal(authConfig, { redirectTo: "/convert" }) }
 */
export function requireReal(auth: LazyAuth, options?: RequireOptions): Handle {
  return gateHandle(auth, optionsOf("requireReal", auth, options))
}

/**
 * Reads the session without creating or refusing anyone, for sign-in pages and public pages.
 * `event.locals.auth()` then returns the session.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const gates = { "/signin": optionalSession(authConfig) }
 */
export function optionalSession(auth: LazyAuth): Handle {
  return gateHandle(auth, optionsOf("optionalSession", auth))
}

function gateHandle(auth: LazyAuth, options: GateOptions): Handle {
  return async ({ event, resolve }) => {
    const { address, prerendering } = readConnection(event)
    if (prerendering || event.route.id === null) return resolve(event)
    const getClientAddress = address === undefined ? undefined : () => address
    // The browser fetches data in the background, and a router also before a click.
    const csrfCookie = options.csrfCookie !== false && !event.isDataRequest
    const result = await decideGate(visitOf(event), auth, { ...options, csrfCookie, getClientAddress })
    if (!result.open) return refusal(result, event)
    // Change the request in place: every handle shares it, but not the event.
    if (result.cookie || event.request.headers.has("cookie")) event.request.headers.set("cookie", result.cookie)
    for (const cookie of result.headers.getSetCookie()) setCookie(event, cookie)
    return withHeaders(await answered(event, () => resolve(event), result.headers), result.headers)
  }
}

/** Reads method, URL and headers of the page that the visitor requested. */
function visitOf({ request, url, isDataRequest }: RequestEvent): RequestHead {
  const headers = new Headers(request.headers)
  // SvelteKit fetches data where a browser would navigate, and follows a redirect the same way.
  if (isDataRequest) headers.set("sec-fetch-mode", "navigate")
  return { method: request.method, url: url.href, headers }
}

function refusal({ status, headers, body }: GateRefused, { isDataRequest }: RequestEvent): Response {
  const location = headers.get("location")
  if (!isDataRequest || location === null) return new Response(body || null, { status, headers })
  // SvelteKit turns a redirect into this answer too, but would lose the cookies.
  headers.delete("location")
  return Response.json({ type: "redirect", location }, { headers })
}

/**
 * Reads the client's address. SvelteKit throws while it prerenders, and an adapter throws when it
 * doesn't know the address.
 */
function readConnection({ getClientAddress, platform }: RequestEvent): { address?: string; prerendering: boolean } {
  try {
    return { address: getClientAddress() ?? platformAddress(platform), prerendering: false }
  } catch (error) {
    return { prerendering: error instanceof Error && error.message.includes("prerendering") }
  }
}

/** Sets a cookie with every attribute, because SvelteKit has its own defaults for missing ones. */
function setCookie({ cookies }: RequestEvent, header: string): void {
  const { name, value = "", path = "/", secure = false, httpOnly = false, ...rest } = parseSetCookie(header)
  cookies.set(name, value, { ...rest, path, secure, httpOnly })
}

/**
 * Runs the next handle and answers its errors. SvelteKit would drop the cookies or `Cache-Control`
 * when a handle throws.
 */
async function answered(
  event: RequestEvent,
  resolve: () => Response | Promise<Response>,
  gated: Headers,
): Promise<Response> {
  try {
    return await resolve()
  } catch (thrown) {
    if (!gated.has("set-cookie")) throw thrown
    const { status, location, body } = thrown as { status?: unknown; location?: unknown; body?: { message?: string } }
    if (typeof status === "number" && typeof location === "string") {
      // SvelteKit answers requests from its own scripts, and keeps the cookies.
      if (event.isDataRequest || event.request.headers.has("x-sveltekit-action")) throw thrown
      return new Response(null, { status, headers: { location } })
    }
    if (typeof status === "number" && body) return new Response(body.message, { status })
    console.error(thrown)
    return new Response("Internal Error", { status: 500 })
  }
}

/** Adds cookies to the response of another handle. SvelteKit adds them only to its own. */
function withHeaders(response: Response, gated: Headers): Response {
  const own = response.headers.getSetCookie()
  const set = new Set(own.map(nameOf))
  const answer = new Response(response.body, response)
  if (!namesCookie(answer.headers.get("vary"))) answer.headers.append("vary", "Cookie")
  addFramePolicy(answer.headers, framePolicyOf(gated))
  const control = cacheControl(answer.headers.get("cache-control"), gated, own)
  if (control !== null) answer.headers.set("cache-control", control)
  if (isForOne(gated, own)) removeSharedCaches(answer.headers)
  for (const cookie of missingCookies(gated.getSetCookie(), own))
    if (!set.has(nameOf(cookie))) answer.headers.append("set-cookie", cookie)
  return answer
}

function nameOf(cookie: string): string {
  return cookie.slice(0, cookie.indexOf("="))
}
