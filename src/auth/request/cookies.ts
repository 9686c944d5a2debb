import type { AuthConfig } from "@auth/core"
import type { ResponseInternal } from "@auth/core/types"
import { stringifySetCookie } from "cookie"

/** A cookie for Auth.js to set. */
export type AuthCookie = NonNullable<ResponseInternal["cookies"]>[number]

/**
 * Tells whether a cookie has this name, or is a chunk of it as Auth.js writes them: `name.0`,
 * `name.1`.
 */
export function isNameOrChunk(given: string, name: string): boolean {
  return given === name || (given.startsWith(`${name}.`) && /^\d{1,2}$/.test(given.slice(name.length + 1)))
}

/**
 * Appends a `Set-Cookie` header for each cookie. Of several with the same name, domain, path and
 * partition, the last one wins.
 */
export function appendCookies(headers: Headers, cookies: AuthCookie[]): void {
  const keyOf = ({ name, options: { domain = "", path = "", partitioned = false } }: AuthCookie) =>
    `${name};${domain};${path};${partitioned}`
  const last = cookies.length < 2 ? cookies : new Map(cookies.map((cookie) => [keyOf(cookie), cookie])).values()
  for (const cookie of last) headers.append("set-cookie", written(cookie))
}

/** Writes a `Set-Cookie` header. Names each option, which is much faster than copying all. */
function written({ name, value, options }: AuthCookie): string {
  const {
    encode = encodeValue,
    domain,
    path,
    expires,
    maxAge,
    httpOnly,
    secure,
    sameSite,
    partitioned,
    priority,
  } = options
  return stringifySetCookie(
    { name, value, domain, path, expires, maxAge, httpOnly, secure, sameSite, partitioned, priority },
    { encode },
  )
}

/** Builds the `Cookie` header that a browser sends after it was sent these cookies. */
export function cookieAfter(cookie: string, changes: AuthCookie[]): string {
  const last = new Map(changes.map(({ name, value }) => [name, value]))
  const set = [...last].filter(([, value]) => value !== "").map(([name, value]) => `${name}=${encodeValue(value)}`)
  return [withoutCookies(cookie, (name) => last.has(name)), ...set].filter((part) => part !== "").join("; ")
}

/**
 * Encodes the value of a cookie. Session tokens need no encoding, and CSRF tokens only `%7C` for
 * `|`; the test is faster than `encodeURIComponent`.
 */
export function encodeValue(value: string): string {
  return /^[\w.~|-]*$/.test(value) ? value.replaceAll("|", "%7C") : encodeURIComponent(value)
}

/**
 * Removes some cookies from a `Cookie` header. Keeps the others as the client sent them, even
 * malformed.
 */
export function withoutCookies(cookie: string, isOut: (name: string) => boolean): string {
  return cookie
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "" && !isOut(pair.slice(0, Math.max(pair.indexOf("="), 0)).trim()))
    .join("; ")
}

const SESSION_NAME = "authjs.session-token"

/**
 * Removes the cookies of other apps whose names begin with that of the session cookie. Auth.js
 * takes them for chunks of its own, and removes them whenever it writes or removes a session.
 */
export function hideForeignCookies(headers: Headers, config: AuthConfig): void {
  const cookie = headers.get("cookie")
  const left = withoutForeignCookies(cookie, config)
  if (left !== null && left !== cookie) headers.set("cookie", left)
}

/** Returns the `Cookie` header that {@link hideForeignCookies} leaves. */
export function withoutForeignCookies(cookie: string | null, { cookies }: AuthConfig): string | null {
  const own = cookies?.sessionToken?.name
  if (!cookie || !mayHoldForeign(cookie, own ?? SESSION_NAME)) return cookie
  const names = own === undefined ? [SESSION_NAME, `__Secure-${SESSION_NAME}`] : [own]
  const isForeign = (given: string) => names.some((name) => given.startsWith(name) && !isNameOrChunk(given, name))
  const left = withoutCookies(cookie, isForeign)
  return left.length === cookie.length ? cookie : left
}

/** Tests the header without parsing it, which is slow: most requests have one such cookie. */
function mayHoldForeign(cookie: string, name: string): boolean {
  for (let at = cookie.indexOf(name); at !== -1; at = cookie.indexOf(name, at + 1))
    if (cookie[at + name.length] !== "=") return true
  return false
}
