import { privately } from "../auth/request/cache-control.js"

/**
 * Adds the headers of the gate to the answer of a handler. Makes a new response, since the headers
 * may be immutable and the body a stream. Of two cookies with one name, the one of the handler
 * wins.
 */
export function withGateHeaders(answer: Response, gated: Headers, cookies = gated.getSetCookie()): Response {
  // An answer to an upgrade (101) sets no cookies, and can't be copied; nor can `Response.error()`.
  if (answer.status < 200) return answer
  const headers = new Headers(answer.headers)
  mergeGateHeaders(headers, gated, cookies)
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers })
}

/**
 * Adds the headers of a refusal to a response of the app's own: where the browser is to go if it is
 * redirected, and when to come back. No shared cache keeps it.
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
 * Adds the headers of the gate to those of an answer, in place. `cookies` are those that do not
 * reach the browser otherwise.
 */
export function mergeGateHeaders(headers: Headers, gated: Headers, cookies = gated.getSetCookie()): void {
  const own = headers.getSetCookie()
  headers.delete("set-cookie")
  // Once, however often the headers are added.
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

/** Returns the `Cache-Control` of the handler, unless a shared cache would then keep a session. */
export function cacheControl(own: string | null, gated: Headers): string | null {
  const told = own ?? gated.get("cache-control")
  return gated.has("set-cookie") ? privately(told) : told
}
