import type { Handle, RequestEvent } from "@sveltejs/kit"
import { parseSetCookie } from "cookie"
import type { LazyAuth } from "../auth/config.js"
import { platformAddress } from "../auth/node-address.js"
import { privately } from "../auth/privately.js"
import { type GateOptions, gate } from "./gate.js"

/**
 * Signs in whoever comes, as a lazy user where nobody is signed in. Behind it, `event.locals.auth()` of @auth/sveltekit has the session on
 * the very first request. For bots, prefetches and the like there is none.
 *
 * Place it behind the handle of `SvelteKitAuth`: `sequence(handle, allowLazy(auth))`. Addresses without a route, and pages that are
 * prerendered, are nobody's visit and pass untouched.
 */
export function allowLazy(auth: LazyAuth): Handle {
  return gateHandle(auth, {})
}

/** Lets only lazy users pass; a browser is sent to `redirectTo` (default: the sign-in page), anything else is answered 401 or 403. */
export function requireLazy(auth: LazyAuth, redirectTo?: string): Handle {
  return gateHandle(auth, { require: "lazy", redirectTo })
}

/** Lets only real users pass; a browser is sent to `redirectTo` (default: the sign-in page), anything else is answered 401 or 403. */
export function requireReal(auth: LazyAuth, redirectTo?: string): Handle {
  return gateHandle(auth, { require: "real", redirectTo })
}

function gateHandle(auth: LazyAuth, options: GateOptions): Handle {
  return async ({ event, resolve }) => {
    const { address, prerendering } = readConnection(event)
    if (prerendering || event.route.id === null) return resolve(event)
    const getClientAddress = address === undefined ? undefined : () => address
    const result = await gate(visitorsRequest(event), auth, { ...options, getClientAddress })
    if (!result.open) return new Response(result.body || null, { status: result.status, headers: result.headers })
    // In place: the handles before and behind this one hold the same request, but not the same event.
    if (result.cookie) event.request.headers.set("cookie", result.cookie)
    for (const cookie of result.headers.getSetCookie()) setCookie(event, cookie)
    return withHeaders(await resolve(event), result.headers)
  }
}

/** Method, address and headers of what the visitor asked for. */
function visitorsRequest({ request, url, isDataRequest }: RequestEvent): Pick<Request, "method" | "url" | "headers"> {
  const headers = new Headers(request.headers)
  // SvelteKit's links fetch the data of a page where a browser would navigate to it, and follow a redirect alike.
  if (isDataRequest) headers.set("sec-fetch-mode", "navigate")
  return { method: request.method, url: url.href, headers }
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

/** What keeps shared caches from mixing people up; the cookies are with SvelteKit already. */
function withHeaders(response: Response, gated: Headers): Response {
  const answer = new Response(response.body, response)
  answer.headers.append("vary", gated.get("vary") ?? "")
  const control = gated.get("cache-control")
  if (control !== null && !answer.headers.has("cache-control")) answer.headers.set("cache-control", control)
  // SvelteKit adds the cookies afterwards.
  if (gated.has("set-cookie")) answer.headers.set("cache-control", privately(answer.headers.get("cache-control")))
  return answer
}
