import { createHash, randomBytes } from "node:crypto"

/** A CSRF token as Auth.js gives it out, and the content of the cookie that goes with it. */
export function newCsrfPair(secret: string): { token: string; cookie: string } {
  const token = randomBytes(32).toString("hex")
  return { token, cookie: `${token}|${createHash("sha256").update(`${token}${secret}`).digest("hex")}` }
}

/** The cookie as a browser sends it. */
export function csrfCookie(content: string): string {
  return `authjs.csrf-token=${encodeURIComponent(content)}`
}
