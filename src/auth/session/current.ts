import type { AuthConfig } from "@auth/core"
import type { AdapterSession, AdapterUser } from "@auth/core/adapters"
import type { JWT } from "@auth/core/jwt"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { RequestHead } from "../request/head.js"
import { claimsHold } from "../token/claims.js"
import { decodeToken } from "../token/codec.js"
import { isSessionKey, readSessionCookie, readSessionCookies, sessionCookieName } from "./cookie.js"

/** What an adapter returns for a session token. */
export interface SessionAndUser {
  session: AdapterSession
  user: AdapterUser
}

/** A session that is alive: the content of its cookie and the user as the database has it now. */
export interface CurrentSession {
  sessionToken: string
  user: UserRow
}

/**
 * Reads the session of a request. Returns null when there is none, it has ended, or its user is
 * gone. Of several session cookies, the first live one counts.
 * @throws the error of the database
 */
export async function readCurrentSession(
  config: AuthConfig,
  adapter: InternalAdapter,
  strategy: "jwt" | "database",
  { url, headers }: RequestHead,
): Promise<CurrentSession | null> {
  for (const value of readSessionCookies(config, { url, cookie: headers.get("cookie") ?? "" })) {
    const user = strategy === "database" ? await ownerOf(value, adapter) : await tokenOwner(value, config, adapter, url)
    if (user) return { sessionToken: value, user }
  }
  return null
}

async function ownerOf(sessionToken: string, adapter: InternalAdapter): Promise<UserRow | null> {
  const found = await adapter.getSessionAndUser(sessionToken)
  return found && found.session.expires.valueOf() >= Date.now() ? (found.user as UserRow) : null
}

async function tokenOwner(
  value: string,
  config: AuthConfig,
  adapter: InternalAdapter,
  url: string,
): Promise<UserRow | null> {
  const token = await decodeSessionToken(config, url, value)
  if (!token?.sub) return null
  const user = (await adapter.getUser(token.sub)) as UserRow | null
  return user && claimsHold(token, user) ? user : null
}

/** A session that is no longer live. `userId` is known for JWTs only. */
export interface EndedSession {
  userId?: string
}

/**
 * Reads the session cookie of a request without a live session. Returns null when there is no
 * cookie or it never held a session. With database sessions, a deleted row and a made-up key look
 * alike.
 */
export async function readEndedSession(
  config: AuthConfig,
  strategy: "jwt" | "database",
  { url, headers }: RequestHead,
): Promise<EndedSession | null> {
  const sessionToken = readSessionCookie(config, { url, cookie: headers.get("cookie") ?? "" })
  if (!sessionToken) return null
  if (strategy === "database") return isSessionKey(config, sessionToken) ? {} : null
  const token = await decodeSessionToken(config, url, sessionToken)
  return token?.sub ? { userId: token.sub } : null
}

async function decodeSessionToken(config: AuthConfig, url: string, token: string): Promise<JWT | null> {
  if (!config.secret?.length) return null
  try {
    const salt = sessionCookieName(config, url)
    return await (config.jwt?.decode ?? decodeToken)({ secret: config.secret, ...config.jwt, token, salt })
  } catch {
    // A token that is forged, stale or under a lost secret is no session, as everywhere in Auth.js.
    return null
  }
}
