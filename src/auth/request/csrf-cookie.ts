import { hash } from "node:crypto"
import type { AuthConfig } from "@auth/core"
import { parseCookie } from "cookie"
import { randomBytes } from "../../random-bytes.js"
import type { AuthCookie } from "./cookies.js"
import type { RequestHead } from "./head.js"

/**
 * Reads the CSRF token of this browser. Returns undefined unless Auth.js issued it: the cookie
 * holds the token with a hash that takes the secret.
 */
export function readCsrfToken(config: AuthConfig, { url, headers }: RequestHead): string | undefined {
  const cookie = headers.get("cookie")
  if (!cookie) return undefined
  const name = csrfCookieName(config, url)
  if (!cookie.includes(name)) return undefined
  // Auth.js also reads the first of two cookies with this name.
  const [token, proof] = parseCookie(cookie)[name]?.split("|") ?? []
  return token !== undefined && proof === hashOf(config, token) ? token : undefined
}

/** Makes the cookie that the `csrf` route of Auth.js sets for a browser without one. */
export function newCsrfCookie(config: AuthConfig, url: string, token = randomBytes(32).toString("hex")): AuthCookie {
  const defaults = { httpOnly: true, sameSite: "lax" as const, path: "/", secure: isSecure(config, url) }
  return {
    name: csrfCookieName(config, url),
    value: `${token}|${hashOf(config, token)}`,
    options: { ...defaults, ...config.cookies?.csrfToken?.options },
  }
}

function csrfCookieName(config: AuthConfig, url: string): string {
  return config.cookies?.csrfToken?.name ?? (isSecure(config, url) ? "__Host-authjs.csrf-token" : "authjs.csrf-token")
}

function isSecure({ useSecureCookies }: AuthConfig, url: string): boolean {
  return useSecureCookies ?? new URL(url).protocol === "https:"
}

/** Hashes a token as Auth.js does, which joins a list of secrets by commas. */
function hashOf({ secret }: AuthConfig, token: string): string {
  return hash("sha256", `${token}${secret}`)
}
