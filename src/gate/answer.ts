import { privately } from "../auth/request/cache-control.js"

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
  // Add each cookie once, even if the app calls this several times.
  const missing = cookies.filter((cookie) => !own.includes(cookie))
  for (const cookie of [...missing, ...own]) headers.append("set-cookie", cookie)
  if (!namesCookie(headers.get("vary"))) headers.append("vary", "Cookie")
  const control = cacheControl(headers.get("cache-control"), gated)
  if (control !== null) headers.set("cache-control", control)
}

/** Tells whether a `Vary` header covers cookies. */
export function namesCookie(vary: string | null): boolean {
  return /(?:^|[\s,])(?:cookie|\*)(?:$|[\s,])/i.test(vary ?? "")
}

/** Returns the handler's `Cache-Control`, made private when the response sets a cookie. */
export function cacheControl(own: string | null, gated: Headers): string | null {
  const told = own ?? gated.get("cache-control")
  return gated.has("set-cookie") ? privately(told) : told
}
