import type { AuthConfig } from "@auth/core"
import { getToken } from "@auth/core/jwt"
import { parseCookie } from "cookie"
import type { AuthCookie } from "./cookies.js"

const NAME = "authjs.session-token"
/** What Auth.js puts into one cookie of a session: 4096 bytes less the 160 that it reckons the rest of a cookie takes. */
const CHUNK_SIZE = 4096 - 160

/** The name of the session cookie for this request, by the rules of Auth.js: https://authjs.dev/reference/core#cookies */
export function sessionCookieName(config: AuthConfig, url: string): string {
  return config.cookies?.sessionToken?.name ?? (isSecure(config, url) ? `__Secure-${NAME}` : NAME)
}

function isSecure({ useSecureCookies }: AuthConfig, url: string): boolean {
  return useSecureCookies ?? url.startsWith("https:")
}

/** Whether a JWT with this salt is the one in the session cookie: Auth.js salts every token with the name of its cookie. */
export function isSessionSalt(config: AuthConfig, salt: string): boolean {
  return salt === config.cookies?.sessionToken?.name || salt === NAME || salt === `__Secure-${NAME}`
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** Whether the cookie may ever have held the key of a session row: those of Auth.js are UUIDs, those of an app are anything. */
export function isSessionKey({ session }: AuthConfig, value: string): boolean {
  return session?.generateSessionToken !== undefined || UUID.test(value)
}

/** The content of the session cookie as it came, joined from its chunks; null when there is none. */
export async function readSessionCookie(
  config: AuthConfig,
  { url, cookie }: { url: string; cookie: string },
): Promise<string | null> {
  const cookieName = sessionCookieName(config, url)
  const first = cookie.indexOf(cookieName)
  if (first === -1) return null
  const plain = cookie.startsWith("=", first + cookieName.length) && isStart(cookie, first)
  if (plain && cookie.indexOf(cookieName, first + 1) === -1) {
    const value = /^[^;]*/.exec(cookie.slice(first + cookieName.length + 1))?.[0].trim() ?? ""
    if (/^[\w.~-]*$/.test(value)) return value || null
  }
  // Chunks, and what looks like them. Only the cookie: getToken would also take an Authorization header, which Auth.js never takes for a session.
  return getToken({ req: { headers: new Headers({ cookie }) }, raw: true, cookieName })
}

/** Whether a cookie begins there: what follows a blank may be the value of another one. */
function isStart(cookie: string, position: number): boolean {
  const before = cookie.slice(0, position).trimEnd()
  return before === "" || before.endsWith(";")
}

/** The cookies that take the place of the session cookies in a request: one, or chunks, and removals of what is left over. */
export function writeSessionCookies(
  config: AuthConfig,
  { url, cookie }: { url: string; cookie: string },
  value: string,
  expires: Date,
): AuthCookie[] {
  const name = sessionCookieName(config, url)
  const options = { ...cookieOptions(config, url), expires }
  const count = Math.ceil(value.length / CHUNK_SIZE)
  const written: AuthCookie[] =
    count === 1
      ? [{ name, value, options }]
      : Array.from({ length: count }, (_, n) => ({
          name: `${name}.${n}`,
          value: value.slice(n * CHUNK_SIZE, (n + 1) * CHUNK_SIZE),
          options,
        }))
  const names = new Set(written.map(({ name }) => name))
  return [...removeSessionCookies(config, { url, cookie }).filter(({ name }) => !names.has(name)), ...written]
}

/** Removes every session cookie of a request. */
export function removeSessionCookies(
  config: AuthConfig,
  { url, cookie }: { url: string; cookie: string },
): AuthCookie[] {
  const prefix = sessionCookieName(config, url)
  if (!cookie.includes(prefix)) return []
  const options = { ...cookieOptions(config, url), maxAge: 0 }
  return Object.entries(parseCookie(cookie))
    .filter(([name, value]) => name.startsWith(prefix) && value)
    .map(([name]) => ({ name, value: "", options }))
}

function cookieOptions(config: AuthConfig, url: string): AuthCookie["options"] {
  const defaults = { httpOnly: true, sameSite: "lax" as const, path: "/", secure: isSecure(config, url) }
  const options = config.cookies?.sessionToken?.options
  if (!options) return defaults
  return { ...defaults, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) }
}
