import type { AuthConfig } from "@auth/core"
import { getToken } from "@auth/core/jwt"

const NAME = "authjs.session-token"

/** The name of the session cookie for this request, by the rules of Auth.js: https://authjs.dev/reference/core#cookies */
export function sessionCookieName(config: AuthConfig, url: string): string {
  const secure = config.useSecureCookies ?? new URL(url).protocol === "https:"
  return config.cookies?.sessionToken?.name ?? (secure ? `__Secure-${NAME}` : NAME)
}

/** Whether a JWT with this salt is the one in the session cookie: Auth.js salts every token with the name of its cookie. */
export function isSessionSalt(config: AuthConfig, salt: string): boolean {
  return salt === config.cookies?.sessionToken?.name || salt === NAME || salt === `__Secure-${NAME}`
}

/** The content of the session cookie as it came, joined from its chunks; null when there is none. */
export async function readSessionCookie(
  config: AuthConfig,
  request: Pick<Request, "url" | "headers">,
): Promise<string | null> {
  // Only the cookie: getToken would also take an Authorization header, which Auth.js never takes for a session.
  const headers = new Headers({ cookie: request.headers.get("cookie") ?? "" })
  return getToken({ req: { headers }, raw: true, cookieName: sessionCookieName(config, request.url) })
}
