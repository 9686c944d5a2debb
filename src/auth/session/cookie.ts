import type { AuthConfig } from "@auth/core"
import { type AuthCookie, isNameOrChunk, withoutCookies } from "../request/cookies.js"
import { isYielding, sessionValues, YIELDING_CHUNK } from "./session-values.js"

const NAME = "authjs.session-token"
/**
 * The characters of a session that Auth.js puts into one cookie: 4096 less the 160 that it reserves
 * for the rest of the cookie.
 */
const CHUNK_SIZE = 4096 - 160

/**
 * Returns the name of the session cookie for this request, by the rules of Auth.js:
 * https://authjs.dev/reference/core#cookies
 */
export function sessionCookieName(config: AuthConfig, url: string): string {
  return config.cookies?.sessionToken?.name ?? (isSecure(config, url) ? `__Secure-${NAME}` : NAME)
}

function isSecure({ useSecureCookies }: AuthConfig, url: string): boolean {
  return useSecureCookies ?? url.startsWith("https:")
}

/**
 * Tells whether a JWT with this salt is in the session cookie. Auth.js salts every token with the
 * name of its cookie.
 */
export function isSessionSalt(config: AuthConfig, salt: string): boolean {
  return salt === config.cookies?.sessionToken?.name || salt === NAME || salt === `__Secure-${NAME}`
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * Tells whether a value may be the key of a session row: a UUID from Auth.js, or any text where the
 * app generates keys.
 */
export function isSessionKey({ session }: AuthConfig, value: string): boolean {
  return session?.generateSessionToken !== undefined || UUID.test(value)
}

/** The parts of a request that identify its session. */
interface SessionPlace {
  url: string
  cookie: string
}

/**
 * Reads the value of the session cookie, joined from its chunks. Of several, which a browser sends
 * for two domains or paths, returns the one that it sends first; null without one.
 */
export function readSessionCookie(config: AuthConfig, { url, cookie }: SessionPlace): string | null {
  return sessionValues(sessionCookieName(config, url), cookie)[0] ?? null
}

/**
 * Makes the cookies that replace the session cookies of a request: one cookie or several chunks,
 * and removals of those that are left over.
 */
export function writeSessionCookies(
  config: AuthConfig,
  place: SessionPlace,
  value: string,
  expires: Date,
): AuthCookie[] {
  const name = sessionCookieName(config, place.url)
  const options = { ...cookieOptions(config, place.url), expires }
  const written = value.length <= CHUNK_SIZE ? [{ name, value, options }] : inChunks(name, value, options)
  return [...leftOver(config, place, written), ...written]
}

/**
 * Makes the cookies of a session that gives way to a sign-in, even when the browser receives them
 * after those of the sign-in: chunks with numbers of their own, which are read last.
 *
 * Removes no other session cookie of the request: the browser's may be the sign-in's by then.
 */
export function writeYieldingCookies(
  config: AuthConfig,
  place: SessionPlace,
  value: string,
  expires: Date,
): AuthCookie[] {
  const name = sessionCookieName(config, place.url)
  const written = inChunks(name, value, { ...cookieOptions(config, place.url), expires }, YIELDING_CHUNK)
  return [...leftOver(config, place, written).filter((each) => isYielding(each.name, name)), ...written]
}

/** Removes the session cookies of a request that give way to a sign-in, and no other. */
export function removeYieldingCookies(config: AuthConfig, place: SessionPlace): AuthCookie[] {
  const name = sessionCookieName(config, place.url)
  return removeSessionCookies(config, place).filter((each) => isYielding(each.name, name))
}

/** Removes the session cookies from a `Cookie` header that yielding ones leave in the browser. */
export function withoutOtherSessions(config: AuthConfig, { url, cookie }: SessionPlace): string {
  const own = sessionCookieName(config, url)
  return withoutCookies(cookie, (name) => isNameOrChunk(name, own) && !isYielding(name, own))
}

/** Removes the session cookie, whole or in chunks, from the headers of a request, in place. */
export function hideSession(headers: Headers, config: AuthConfig, url: string): void {
  const own = sessionCookieName(config, url)
  const left = withoutCookies(headers.get("cookie") ?? "", (name) => isNameOrChunk(name, own))
  if (left === "") headers.delete("cookie")
  else headers.set("cookie", left)
}

function inChunks(name: string, value: string, options: AuthCookie["options"], first = 0): AuthCookie[] {
  return Array.from({ length: Math.ceil(value.length / CHUNK_SIZE) }, (_, n) => ({
    name: `${name}.${first + n}`,
    value: value.slice(n * CHUNK_SIZE, (n + 1) * CHUNK_SIZE),
    options,
  }))
}

/** Removes the session cookies of a request that the written ones don't replace. */
function leftOver(config: AuthConfig, place: SessionPlace, written: AuthCookie[]): AuthCookie[] {
  const names = new Set(written.map(({ name }) => name))
  const isLeftOver = (each: AuthCookie) => !names.has(each.name) || isOtherCookie(each, written[0]?.options)
  return removeSessionCookies(config, place).filter(isLeftOver)
}

/**
 * Removes every session cookie of a request. Where a `domain` is configured, or the cookies are for
 * frames, also the cookie without that, which browsers keep beside it.
 */
export function removeSessionCookies(config: AuthConfig, { url, cookie }: SessionPlace): AuthCookie[] {
  const name = sessionCookieName(config, url)
  if (!cookie.includes(name)) return []
  const options = { ...cookieOptions(config, url), maxAge: 0 }
  const { domain, ...hostOnly } = options
  const { partitioned, ...ofBefore } = options
  const all = [
    // In a frame of another site, browsers ignore this one, and leave the session outside alone.
    ...(partitioned ? [{ ...ofBefore, sameSite: "lax" as const }] : []),
    ...(domain ? [hostOnly] : []),
    options,
  ]
  return sessionCookieNames(name, cookie).flatMap((name) => all.map((options) => ({ name, value: "", options })))
}

/** Tells whether a removed cookie is one that browsers keep beside the configured one. */
export function isOtherCookie(removed: AuthCookie, own: { domain?: string; partitioned?: boolean } = {}): boolean {
  const { domain, partitioned } = removed.options
  return (Boolean(own.domain) && !domain) || (own.partitioned === true && !partitioned)
}

/** Lists the names in a `Cookie` header that are the session cookie or one of its chunks. */
function sessionCookieNames(name: string, cookie: string): string[] {
  const names = cookie.split(";").map((pair) => pair.slice(0, Math.max(pair.indexOf("="), 0)).trim())
  return [...new Set(names.filter((each) => isNameOrChunk(each, name)))]
}

function cookieOptions(config: AuthConfig, url: string): AuthCookie["options"] {
  const defaults = { httpOnly: true, sameSite: "lax" as const, path: "/", secure: isSecure(config, url) }
  const options = config.cookies?.sessionToken?.options
  if (!options) return defaults
  return { ...defaults, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) }
}
