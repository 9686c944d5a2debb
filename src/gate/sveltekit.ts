import type { Handle, RequestEvent } from "@sveltejs/kit"
import { parseSetCookie } from "cookie"
import type { LazyAuth, RequestHead } from "../auth/request/head.js"
import { platformAddress } from "../auth/request/node-address.js"
import { cacheControl, missingCookies, namesCookie, removeSharedCaches } from "./answer.js"
import { decideGate } from "./gate.js"
import { type AllowOptions, type GateOptions, optionsOf, type RequireOptions } from "./options.js"
import type { GateRefused } from "./result.js"

/**
 * Signs a visitor without a session in as a new lazy user. Behind it, `event.locals.auth()` of @auth/sveltekit has the session on
 * the very first request. For bots, prefetches and the like there is none.
 *
 * Place it behind the handle of `SvelteKitAuth`: `sequence(handle, allowLazy(authConfig))`. Addresses without a route, and pages that are
 * prerendered, are nobody's visit and pass untouched.
 * @example export const handle = sequence(authHandle, allowLazy(authConfig))
 * @throws LazySetupError when an argument can't be
 */
export function allowLazy(auth: LazyAuth, options?: AllowOptions): Handle {
  return gateHandle(auth, optionsOf("allowLazy", auth, options))
}

/**
 * Lets only lazy users pass. A browser is redirected to `redirectTo`, by default the sign-in page; other clients are answered 401 or 403.
 * @example const gates = { "/welcome": requireLazy(authConfig, { redirectTo: "/notes" }) }
 * @throws LazySetupError when an argument can't be
 */
export function requireLazy(auth: LazyAuth, options?: RequireOptions): Handle {
  return gateHandle(auth, optionsOf("requireLazy", auth, options))
}

/**
 * Lets only real users pass. A browser is redirected to `redirectTo`, by default the sign-in page; other clients are answered 401 or 403.
 * @example const gates = { "/settings": requireReal(authConfig, { redirectTo: "/convert" }) }
 * @throws LazySetupError when an argument can't be
 */
export function requireReal(auth: LazyAuth, options?: RequireOptions): Handle {
  return gateHandle(auth, optionsOf("requireReal", auth, options))
}

/**
 * Finds the session of whoever is signed in. It makes and refuses nobody, for sign-in pages and public pages. Behind it,
 * `event.locals.auth()` has the session.
 * @example const gates = { "/signin": optionalSession(authConfig) }
 * @throws LazySetupError when an argument can't be
 */
export function optionalSession(auth: LazyAuth): Handle {
  return gateHandle(auth, optionsOf("optionalSession", auth))
}

function gateHandle(auth: LazyAuth, options: GateOptions): Handle {
  return async ({ event, resolve }) => {
    const { address, prerendering } = readConnection(event)
    if (prerendering || event.route.id === null) return resolve(event)
    const getClientAddress = address === undefined ? undefined : () => address
    const result = await decideGate(visitOf(event), auth, { ...options, getClientAddress })
    if (!result.open) return refusal(result, event)
    // In place: the handles before and behind this one hold the same request, but not the same event.
    if (result.cookie) event.request.headers.set("cookie", result.cookie)
    for (const cookie of result.headers.getSetCookie()) setCookie(event, cookie)
    return withHeaders(await answered(event, () => resolve(event), result.headers), result.headers)
  }
}

/** Method, address and headers of what the visitor asked for. */
function visitOf({ request, url, isDataRequest }: RequestEvent): RequestHead {
  const headers = new Headers(request.headers)
  // SvelteKit's links fetch the data of a page where a browser would navigate to it, and follow a redirect alike.
  if (isDataRequest) headers.set("sec-fetch-mode", "navigate")
  return { method: request.method, url: url.href, headers }
}

function refusal({ status, headers, body }: GateRefused, { isDataRequest }: RequestEvent): Response {
  const location = headers.get("location")
  if (!isDataRequest || location === null) return new Response(body || null, { status, headers })
  // What SvelteKit itself makes of a redirect, which would lose the cookies.
  headers.delete("location")
  return Response.json({ type: "redirect", location }, { headers })
}

/** SvelteKit refuses to tell the address while it prerenders; an adapter, where it doesn't know it. */
function readConnection({ getClientAddress, platform }: RequestEvent): { address?: string; prerendering: boolean } {
  try {
    return { address: getClientAddress() ?? platformAddress(platform), prerendering: false }
  } catch (error) {
    return { prerendering: error instanceof Error && error.message.includes("prerendering") }
  }
}

/** SvelteKit has defaults of its own for what a cookie does not say. */
function setCookie({ cookies }: RequestEvent, header: string): void {
  const { name, value = "", path = "/", secure = false, httpOnly = false, ...rest } = parseSetCookie(header)
  cookies.set(name, value, { ...rest, path, secure, httpOnly })
}

/**
 * Runs the next handle and answers its errors. For an error of a handle, SvelteKit itself would
 * drop the cookies or `Cache-Control`.
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
      // SvelteKit answers requests of its own scripts itself, with the cookies.
      if (event.isDataRequest || event.request.headers.has("x-sveltekit-action")) throw thrown
      return new Response(null, { status, headers: { location } })
    }
    if (typeof status === "number" && body) return new Response(body.message, { status })
    console.error(thrown)
    return new Response("Internal Error", { status: 500 })
  }
}

/** Adds cookies to the answer of another handle. SvelteKit adds them only to its own answers. */
function withHeaders(response: Response, gated: Headers): Response {
  const own = response.headers.getSetCookie()
  const set = new Set(own.map(nameOf))
  const answer = new Response(response.body, response)
  if (!namesCookie(answer.headers.get("vary"))) answer.headers.append("vary", "Cookie")
  const control = cacheControl(answer.headers.get("cache-control"), gated)
  if (control !== null) answer.headers.set("cache-control", control)
  if (gated.has("set-cookie")) removeSharedCaches(answer.headers)
  for (const cookie of missingCookies(gated.getSetCookie(), own))
    if (!set.has(nameOf(cookie))) answer.headers.append("set-cookie", cookie)
  return answer
}

function nameOf(cookie: string): string {
  return cookie.slice(0, cookie.indexOf("="))
}
