import type { AuthConfig } from "@auth/core"
import { isNameOrChunk, withoutCookies } from "./cookies.js"

const NAME = "authjs.session-token"

/**
 * Removes the cookies of other apps whose names begin with that of the session cookie. Auth.js
 * takes them for chunks of its own, and removes them whenever it writes or removes a session.
 */
export function hideForeignCookies(headers: Headers, { cookies }: AuthConfig): void {
  const cookie = headers.get("cookie")
  const own = cookies?.sessionToken?.name
  if (!cookie || !mayHoldForeign(cookie, own ?? NAME)) return
  const names = own === undefined ? [NAME, `__Secure-${NAME}`] : [own]
  const isForeign = (given: string) => names.some((name) => given.startsWith(name) && !isNameOrChunk(given, name))
  const left = withoutCookies(cookie, isForeign)
  if (left.length !== cookie.length) headers.set("cookie", left)
}

/** Tests the header without parsing it, which is slow: most requests have one such cookie. */
function mayHoldForeign(cookie: string, name: string): boolean {
  for (let at = cookie.indexOf(name); at !== -1; at = cookie.indexOf(name, at + 1))
    if (cookie[at + name.length] !== "=") return true
  return false
}
