import { parseCookie, stringifyCookie, stringifySetCookie } from "cookie"
import type { AuthCookie } from "./internal-call.js"

/** `Set-Cookie` for each cookie; of several with one name, the last. */
export function appendCookies(headers: Headers, cookies: AuthCookie[]): void {
  const last = new Map(cookies.map((cookie) => [cookie.name, cookie]))
  for (const { name, value, options } of last.values())
    headers.append("set-cookie", stringifySetCookie(name, value, options))
}

/** The `Cookie` header that a browser would send after having been sent these cookies. */
export function cookieAfter(cookie: string, changes: AuthCookie[]): string {
  const cookies = parseCookie(cookie)
  for (const { name, value } of changes) cookies[name] = value === "" ? undefined : value
  return stringifyCookie(cookies)
}
