import { privately } from "../auth/request/privately.js"

/**
 * Adds the headers of the gate to the answer of a handler. Makes a new response, since the headers
 * may be immutable and the body a stream. Of two cookies with one name, the one of the handler
 * wins.
 */
export function withGateHeaders(answer: Response, gated: Headers, cookies = gated.getSetCookie()): Response {
  const headers = new Headers(answer.headers)
  mergeGateHeaders(headers, gated, cookies)
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers })
}

/**
 * Adds the headers of the gate to those of an answer, in place. `cookies` are those that do not
 * reach the browser otherwise.
 */
export function mergeGateHeaders(headers: Headers, gated: Headers, cookies = gated.getSetCookie()): void {
  const own = headers.getSetCookie()
  headers.delete("set-cookie")
  for (const cookie of [...cookies, ...own]) headers.append("set-cookie", cookie)
  headers.append("vary", gated.get("vary") ?? "Cookie")
  const control = cacheControl(headers.get("cache-control"), gated)
  if (control !== null) headers.set("cache-control", control)
}

/** Returns the `Cache-Control` of the handler, unless a shared cache would then keep a session. */
export function cacheControl(own: string | null, gated: Headers): string | null {
  const told = own ?? gated.get("cache-control")
  return gated.has("set-cookie") ? privately(told) : told
}
