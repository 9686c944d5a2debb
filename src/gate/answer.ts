import { isForSharedCaches, privately } from "../auth/request/cache-control.js"
import { addFramePolicy, framePolicyOf } from "./frame-policy.js"

/**
 * Returns a copy of the handler's response with the gate's headers. Of two cookies with one name,
 * the handler's wins.
 *
 * A copy, because the headers of a response may be immutable.
 */
export function withGateHeaders(answer: Response, gated: Headers, cookies = gated.getSetCookie()): Response {
  // A 101 sets no cookies, and neither it nor `Response.error()` can be copied.
  if (answer.status < 200) return answer
  const headers = new Headers(answer.headers)
  mergeGateHeaders(headers, gated, cookies)
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers })
}

/**
 * Returns a copy of the app's response with a refusal's headers: `Location` for a redirect, and
 * `Retry-After`. Keeps the response out of shared caches.
 */
export function refusalHeaders(answer: Response, refusal: Headers): Response {
  const response = withGateHeaders(answer, refusal)
  if (response === answer) return answer
  const { headers, status } = response
  headers.set("cache-control", privately(headers.get("cache-control")))
  removeSharedCaches(headers)
  for (const name of status >= 300 && status < 400 ? ["location", "retry-after"] : ["retry-after"]) {
    const value = refusal.get(name)
    if (value !== null && !headers.has(name)) headers.set(name, value)
  }
  return response
}

/**
 * Adds the gate's headers to those of a response, in place.
 * @param cookies those that no other part of the framework sends
 */
export function mergeGateHeaders(headers: Headers, gated: Headers, cookies = gated.getSetCookie()): void {
  const own = headers.getSetCookie()
  headers.delete("set-cookie")
  for (const cookie of [...missingCookies(cookies, own), ...own]) headers.append("set-cookie", cookie)
  if (!namesCookie(headers.get("vary"))) headers.append("vary", "Cookie")
  addFramePolicy(headers, framePolicyOf(gated))
  const control = cacheControl(headers.get("cache-control"), gated, own)
  if (control !== null) headers.set("cache-control", control)
  if (isForOne(gated, own)) removeSharedCaches(headers)
}

/** Removes what tells shared caches to keep an answer whatever its `Cache-Control` is. */
export function removeSharedCaches(headers: Headers): void {
  for (const name of [...headers.keys()]) if (isForSharedCaches(name)) headers.delete(name)
}

/**
 * Lists the cookies of the gate that an answer lacks: each once, however often they are added. A
 * session that the handler sets in chunks, or whole, takes the place of one in the other form, which
 * browsers would keep beside it.
 */
export function missingCookies(gated: string[], own: string[]): string[] {
  const isOther = (cookie: string) => (other: string) =>
    nameOf(other) !== nameOf(cookie) && wholeName(other) === wholeName(cookie) && !isRemoval(other)
  return gated.filter((cookie) => !own.includes(cookie) && (isRemoval(cookie) || !own.some(isOther(cookie))))
}

const nameOf = (cookie: string) => cookie.slice(0, cookie.indexOf("="))
const wholeName = (cookie: string) => nameOf(cookie).replace(/\.\d{1,2}$/, "")
const isRemoval = (cookie: string) => cookie.startsWith(`${nameOf(cookie)}=;`)

/** Tells whether a `Vary` header covers cookies. */
export function namesCookie(vary: string | null): boolean {
  return /(?:^|[\s,])(?:cookie|\*)(?:$|[\s,])/i.test(vary ?? "")
}

/**
 * The `Cache-Control` of a page that only this visitor may see, at a URL whose other pages may be
 * in shared caches and in the browser's own.
 */
export const FOR_ONE = "private, no-cache"

/**
 * Tells whether the handler's own headers must not let a shared cache keep the response.
 * @param own the cookies that the handler sets
 */
export function isForOne(gated: Headers, own: string[]): boolean {
  const control = gated.get("cache-control")
  return gated.has("set-cookie") || control === FOR_ONE || (control === null && own.length > 0)
}

/** Returns the handler's `Cache-Control`, made private where only this visitor may see the page. */
export function cacheControl(control: string | null, gated: Headers, own: string[]): string | null {
  const told = control ?? gated.get("cache-control")
  return isForOne(gated, own) ? privately(told) : told
}
