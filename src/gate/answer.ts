import { privately } from "../auth/privately.js"

/**
 * Adds what the gate has to say to the answer of a handler: a new object, since an answer's own headers may be immutable, and the body may be
 * a stream. The last word on a cookie is the handler's, which may have signed somebody out.
 */
export function withGateHeaders(answer: Response, gated: Headers, cookies = gated.getSetCookie()): Response {
  const headers = new Headers(answer.headers)
  mergeGateHeaders(headers, gated, cookies)
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers })
}

/** Does the same to the headers of an answer, in place; `cookies` are those that don't reach the browser otherwise. */
export function mergeGateHeaders(headers: Headers, gated: Headers, cookies = gated.getSetCookie()): void {
  const own = headers.getSetCookie()
  headers.delete("set-cookie")
  for (const cookie of [...cookies, ...own]) headers.append("set-cookie", cookie)
  headers.append("vary", gated.get("vary") ?? "Cookie")
  const control = cacheControl(headers.get("cache-control"), gated)
  if (control !== null) headers.set("cache-control", control)
}

/** The handler's own word stands, unless a shared cache would keep a session for everybody. */
export function cacheControl(own: string | null, gated: Headers): string | null {
  const told = own ?? gated.get("cache-control")
  return gated.has("set-cookie") ? privately(told) : told
}
