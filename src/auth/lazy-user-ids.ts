import { createHash, createHmac } from "node:crypto"
import type { AuthConfig } from "@auth/core"
import { parseCookie } from "cookie"
import { v7 as uuidv7 } from "uuid"
import type { RequestHead } from "./config.js"

const WINDOW_MS = 10_000

/**
 * The ids to try for a new lazy user, best first. Derived from the browser's CSRF token and the time, so that a browser that asks twice
 * within seconds asks for the same id; the second id is the one it would have been given in the window before. Without a CSRF token
 * (a first visit) one random id. All are UUIDv7 (RFC 9562, section 5.7), whose leading time keeps indexes compact.
 */
export function lazyUserIds(config: AuthConfig, request: RequestHead): [string, ...string[]] {
  const csrfToken = readCsrfToken(config, request)
  const secret = csrfToken && [config.secret].flat()[0]
  if (!csrfToken || !secret) return [uuidv7()]
  const start = Date.now() - (Date.now() % WINDOW_MS)
  return [derive(secret, csrfToken, start), derive(secret, csrfToken, start - WINDOW_MS)]
}

/** How long one browser that signs up twice under one name asks for the same id; in milliseconds. */
const SIGN_UP_WINDOW_MS = 5 * 60_000

/**
 * The ids that somebody who signs up in this browser under this name is given now, or was given a few minutes ago; none without a CSRF token.
 * They tell an account that the same form has just made from one of somebody else.
 */
export function signUpIds(config: AuthConfig, request: RequestHead, name: string): string[] {
  const csrfToken = readCsrfToken(config, request)
  const secret = csrfToken && [config.secret].flat()[0]
  if (!csrfToken || !secret) return []
  const start = Date.now() - (Date.now() % SIGN_UP_WINDOW_MS)
  const key = `sign-up|${name}|${csrfToken}`
  return [derive(secret, key, start), derive(secret, key, start - SIGN_UP_WINDOW_MS)]
}

function derive(secret: string, csrfToken: string, windowStart: number): string {
  const digest = createHmac("sha256", secret).update(`authjs-lazy user id|${windowStart}|${csrfToken}`).digest()
  return uuidv7({ msecs: windowStart, random: digest.subarray(0, 16), seq: digest.readUInt32BE(16) })
}

/** The CSRF token of this browser, if it is one that Auth.js has given out: the cookie holds it with a hash that takes the secret. */
function readCsrfToken(config: AuthConfig, request: RequestHead): string | undefined {
  const cookie = request.headers.get("cookie")
  if (!cookie) return undefined
  const secure = config.useSecureCookies ?? new URL(request.url).protocol === "https:"
  const name = config.cookies?.csrfToken?.name ?? (secure ? "__Host-authjs.csrf-token" : "authjs.csrf-token")
  if (!cookie.includes(name)) return undefined
  const [token, hash] = parseCookie(cookie)[name]?.split("|") ?? []
  const expected = createHash("sha256").update(`${token}${config.secret}`).digest("hex")
  return hash === expected ? token : undefined
}
