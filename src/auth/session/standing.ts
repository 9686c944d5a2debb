import type { AuthConfig } from "@auth/core"
import { parseSetCookie } from "cookie"
import { type AuthCookie, appendCookies, cookieAfter, isNameOrChunk } from "../request/cookies.js"
import {
  removeYieldingCookies,
  sessionCookieName,
  withoutOtherSessions,
  writeSessionCookies,
  writeYieldingCookies,
} from "./cookie.js"
import { isYieldingValue, sessionValues } from "./session-values.js"

/** How the live session stands among the session cookies of a request. */
type Standing =
  | "alone"
  /** Its only cookie is the chunk that a later sign-in overrides. */
  | "yielding"
  /** Beside chunks that give way to it. */
  | "before-yielding"
  /** Beside cookies of its own form, such as those of another domain or path. */
  | "one-of-several"

interface Place {
  url: string
  cookie: string
}

/** Finds how a session stands in the `Cookie` header of a request. */
export function standingOf(config: AuthConfig, { url, cookie }: Place, live: string): Standing {
  const name = sessionCookieName(config, url)
  if (isYieldingValue(name, cookie, live)) return "yielding"
  const others = sessionValues(name, cookie).filter((value) => value !== live)
  if (others.length === 0) return "alone"
  return others.every((value) => isYieldingValue(name, cookie, value)) ? "before-yielding" : "one-of-several"
}

/**
 * Makes the cookies that go with the answer to a request with a session.
 *
 * A session that gives way stays in its chunks: this answer may reach the browser after one that
 * signed it in elsewhere, and must replace nothing of that.
 * @param renewed the session to write; undefined where it need not be extended
 */
export function cookiesFor(
  standing: Standing,
  config: AuthConfig,
  place: Place,
  renewed: { value: string; expires: Date } | undefined,
): AuthCookie[] {
  if (!renewed) return standing === "before-yielding" ? removeYieldingCookies(config, place) : []
  const write = standing === "yielding" ? writeYieldingCookies : writeSessionCookies
  return write(config, place, renewed.value, renewed.expires)
}

/** Returns the `Cookie` header with only the live session; undefined where it need not change. */
export function cookieFor(
  standing: Standing,
  config: AuthConfig,
  place: Place,
  cookies: AuthCookie[],
): string | undefined {
  if (standing === "alone") return undefined
  return cookieAfter(standing === "yielding" ? withoutOtherSessions(config, place) : place.cookie, cookies)
}

/**
 * Rewrites the session that Auth.js sets, which is always a whole cookie or the first chunks, into
 * chunks that give way to a sign-in.
 * @returns whether Auth.js set one
 */
export function setYielding(headers: Headers, config: AuthConfig, place: Place): boolean {
  const name = sessionCookieName(config, place.url)
  const set = headers.getSetCookie()
  const isSession = (cookie: string) => isNameOrChunk(cookie.slice(0, cookie.indexOf("=")), name)
  const parts = set.filter(isSession).flatMap((cookie) => parseSetCookie(cookie) ?? [])
  const value = parts.map((part) => part.value ?? "").join("")
  const expires = parts.find((part) => part.value)?.expires
  if (value === "" || !expires) return false
  headers.delete("set-cookie")
  for (const cookie of set) if (!isSession(cookie)) headers.append("set-cookie", cookie)
  appendCookies(headers, writeYieldingCookies(config, place, value, expires))
  return true
}
