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
 * Appends a `Set-Cookie` header for each cookie. Of several with the same name, domain and path,
 * the last one wins.
 */
export function appendCookies(headers: Headers, cookies: AuthCookie[]): void {
  const keyOf = ({ name, options }: AuthCookie) => `${name};${options.domain ?? ""};${options.path ?? ""}`
  const last = cookies.length < 2 ? cookies : new Map(cookies.map((cookie) => [keyOf(cookie), cookie])).values()
  for (const { name, value, options } of last)
    headers.append("set-cookie", stringifySetCookie(name, value, { ...options, encode: options.encode ?? encodeValue }))
}

/** Builds the `Cookie` header that a browser sends after it was sent these cookies. */
export function cookieAfter(cookie: string, changes: AuthCookie[]): string {
  const last = new Map(changes.map(({ name, value }) => [name, value]))
  const set = [...last].filter(([, value]) => value !== "").map(([name, value]) => `${name}=${encodeValue(value)}`)
  return [withoutCookies(cookie, (name) => last.has(name)), ...set].filter((part) => part !== "").join("; ")
}

/**
 * Encodes the value of a cookie. The tokens of sessions need no encoding, and testing for that is
 * several times faster.
 */
export function encodeValue(value: string): string {
  return /^[\w.~-]*$/.test(value) ? value : encodeURIComponent(value)
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
