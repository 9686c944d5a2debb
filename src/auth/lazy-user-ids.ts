import { createHmac } from "node:crypto"
import type { AuthConfig } from "@auth/core"
import { parseCookie } from "cookie"
import { v7 as uuidv7 } from "uuid"

const WINDOW_MS = 10_000

/**
 * The ids to try for a new lazy user, best first. Derived from the browser's CSRF token and the time, so that a browser that asks twice
 * within seconds asks for the same id; the second id is the one it would have been given in the window before. Without a CSRF token
 * (a first visit) one random id. All are UUIDv7 (RFC 9562, section 5.7), whose leading time keeps indexes compact.
 */
export function lazyUserIds(config: AuthConfig, request: Request): [string, ...string[]] {
  const csrfToken = readCsrfCookie(config, request)
  const secret = [config.secret].flat()[0]
  if (!csrfToken || !secret) return [uuidv7()]
  const start = Date.now() - (Date.now() % WINDOW_MS)
  return [derive(secret, csrfToken, start), derive(secret, csrfToken, start - WINDOW_MS)]
}

function derive(secret: string, csrfToken: string, windowStart: number): string {
  const digest = createHmac("sha256", secret).update(`authjs-lazy user id|${windowStart}|${csrfToken}`).digest()
  return uuidv7({ msecs: windowStart, random: digest.subarray(0, 16), seq: digest.readUInt32BE(16) })
}

/** The CSRF cookie whole: Auth.js has signed it, so a made-up one never passes its check and is worth nothing here. */
function readCsrfCookie(config: AuthConfig, request: Request): string | undefined {
  const cookies = parseCookie(request.headers.get("cookie") ?? "")
  const names = [config.cookies?.csrfToken?.name, "__Host-authjs.csrf-token", "authjs.csrf-token"]
  return names.map((name) => (name === undefined ? undefined : cookies[name])).find((value) => value)
}
