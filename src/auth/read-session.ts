import type { AuthConfig } from "@auth/core"
import type { Adapter } from "@auth/core/adapters"
import { AdapterError, EventError, JWTSessionError, SessionTokenError } from "@auth/core/errors"
import type { JWT } from "@auth/core/jwt"
import { isLazyRow, type UserRow } from "../store/tables/user-row.js"
import { logError } from "./config/log-error.js"
import { checkRequestConfig, type RequestConfig } from "./config/request-config.js"
import { writtenSession } from "./context/decision.js"
import { contextOf } from "./context/request-context.js"
import type { AuthCookie } from "./request/cookies.js"
import { isSessionKey, readSessionCookie, removeSessionCookies, sessionCookieName } from "./session/cookie.js"
import type { SessionAndUser } from "./session/current-session.js"
import { sessionSettings } from "./session/settings.js"
import { cookieFor, cookiesFor, standingOf } from "./session/standing.js"
import { secondsNow } from "./token/claims.js"
import type { GateSession } from "./types.js"

/** The URL of the visitor's request and the value of its `Cookie` header. */
export interface SessionPlace {
  url: string
  cookie: string
}

/** A session as pages see it, and the cookies that extend it; null where there is none. */
export interface SessionAnswer {
  body: GateSession | null
  cookies: AuthCookie[]
  /** The user of the session, independent of the app's callbacks; null without a session. */
  owner: SessionOwner | null
  /** The `Cookie` header with only the live session cookie; undefined where it need not change. */
  cookie?: string | undefined
  /**
   * True when the session was ended before it expired, for example by a conversion in another tab.
   * The browser may have a new one by now.
   */
  ended?: true
}

/** The user of the row or token, before the app's `session` callback. */
interface SessionOwner {
  id: string
  /** Undefined when the token does not say and the database failed. */
  isLazy: boolean | undefined
}

const NO_SESSION: SessionAnswer = { body: null, cookies: [], owner: null }
const ENDED: SessionAnswer = { ...NO_SESSION, ended: true }

/**
 * Reads the session of a visitor as the `session` route of Auth.js does, and calls every callback
 * and event of the app with the same arguments: https://authjs.dev/reference/core.
 *
 * Writes the cookie only when `session.updateAge` has passed or the `jwt` callback changed the
 * token. Keeps the cookie of a missing session, which Auth.js would remove: a late answer could
 * remove the new session of the browser.
 * @throws SessionTokenError when the database fails; Auth.js would treat the visitor as signed out
 * @throws LazySetupError when the configuration lacks a secret, or the host is not trusted
 */
export async function readSession(config: RequestConfig, place: SessionPlace): Promise<SessionAnswer> {
  checkRequestConfig(config, place.url)
  const value = readSessionCookie(config, place)
  return value ? readSessionValue(config, place, value) : NO_SESSION
}

/** Reads the session with this cookie value: the token, or the key of the row. */
export function readSessionValue(config: RequestConfig, place: SessionPlace, value: string): Promise<SessionAnswer> {
  return config.session?.strategy === "jwt" ? readToken(config, place, value) : readRow(config, place, value)
}

async function readToken(config: RequestConfig, place: SessionPlace, value: string): Promise<SessionAnswer> {
  const { jwt, maxAge, updateAge } = sessionSettings(config)
  const salt = sessionCookieName(config, place.url)
  const payload = await decodeOrLog(config, () => jwt.decode({ ...jwt, token: value, salt }))
  if (!payload) return NO_SESSION
  try {
    const before = JSON.stringify(payload)
    const token = await callbacksOf(config).jwt({ token: payload } as JwtParams)
    if (token === null) return contextOf(config)?.session.isEnded ? ENDED : removed(config, place)
    const expires = secondsFromNow(maxAge)
    const body = await tokenSession(config, token, expires)
    const standing = standingOf(config, place, contextOf(config)?.session.live(value) ?? value)
    const isDue =
      secondsNow() - (payload.iat ?? 0) >= updateAge ||
      JSON.stringify(token) !== before ||
      standing === "one-of-several"
    const renewed = isDue ? { value: await jwt.encode({ ...jwt, token, salt }), expires } : undefined
    const cookies = cookiesFor(standing, config, place, renewed)
    await announce(config, { session: body, token } as SessionMessage)
    const cookie = cookieFor(standing, config, place, cookies)
    return { body, cookies, owner: { id: token.sub ?? "", isLazy: token.isLazy }, cookie }
  } catch (error) {
    logError(
      config,
      new JWTSessionError("A callback of the app failed for a session; see the cause.", { cause: { err: error } }),
    )
    // A callback failed. The cookie is all that a lazy user has, so it stays for the next try.
    return NO_SESSION
  }
}

/** Treats a token that is expired, forged or under a lost secret as no session, and logs it. */
async function decodeOrLog(
  config: AuthConfig,
  decode: () => JWT | null | PromiseLike<JWT | null>,
): Promise<JWT | null> {
  try {
    const payload = await decode()
    if (!payload) throw new Error("Invalid JWT")
    return payload
  } catch (error) {
    logError(
      config,
      new JWTSessionError("A session token is invalid; the visitor counts as signed out.", { cause: { err: error } }),
    )
    return null
  }
}

async function tokenSession(config: AuthConfig, token: JWT, expires: Date): Promise<GateSession> {
  const session = {
    user: { name: token.name, email: token.email, image: token.picture },
    expires: expires.toISOString(),
  }
  return (await callbacksOf(config).session({ session, token } as unknown as SessionParams)) as GateSession
}

async function readRow(config: RequestConfig, place: SessionPlace, value: string): Promise<SessionAnswer> {
  const { maxAge, updateAge } = sessionSettings(config)
  const { getSessionAndUser, deleteSession, updateSession } = config.adapter as Required<Adapter>
  const ask = <Result>(call: () => Result) => asAdapterError(config, call)
  try {
    const found = await ask(() => getSessionAndUser(value))
    // No row means that the session was ended: an expired session keeps its row until it is read.
    if (!found) return isSessionKey(config, value) ? ENDED : NO_SESSION
    const { session, user } = found
    // Of several session cookies, the adapter returns the live session.
    const live = session.sessionToken
    if (session.expires.valueOf() < Date.now()) {
      await ask(() => deleteSession(value))
      return NO_SESSION
    }
    const expires = secondsFromNow(maxAge)
    const isDue = session.expires.valueOf() <= expires.valueOf() - updateAge * 1000
    if (isDue) await ask(() => updateSession({ sessionToken: live, expires }))
    const body = await rowSession(config, { session, user })
    const owner = { id: user.id, isLazy: isLazyRow(user as UserRow) }
    const standing = standingOf(config, place, live)
    const renewed = isDue || standing === "one-of-several" ? { value: live, expires } : undefined
    const cookies = cookiesFor(standing, config, place, renewed)
    return { body, cookies, owner, cookie: cookieFor(standing, config, place, cookies) }
  } catch (error) {
    throw unreadable(config, error)
  }
}

/** Logs why a session can't be read, and returns the error to throw. */
function unreadable(config: RequestConfig, error: unknown): SessionTokenError {
  const failure = new SessionTokenError(
    "The session can't be read: the database or a callback failed; see the cause.",
    { cause: { err: error } },
  )
  logError(config, failure)
  return failure
}

function removed(config: RequestConfig, place: SessionPlace): SessionAnswer {
  return { ...NO_SESSION, cookies: removeSessionCookies(config, place) }
}

/**
 * Makes the session that pages see from a database row, including one that this request just wrote.
 */
export async function rowSession(config: AuthConfig, { session, user }: SessionAndUser): Promise<GateSession> {
  const params = { session: { ...session, user }, user, newSession: undefined }
  const body = await callbacksOf(config).session(params as unknown as SessionParams)
  await announce(config, { session: body } as SessionMessage)
  return body as GateSession
}

/**
 * Reads the session that a sign-in with this configuration has just made. Asks the database only
 * where the sign-in did not write the row itself.
 * @param place with the `Cookie` header as the browser will send it from now on
 * @throws SessionTokenError when the database, or a callback of the app, throws
 */
export async function readNewSession(config: RequestConfig, place: SessionPlace): Promise<SessionAnswer> {
  const context = contextOf(config)
  const written = context && writtenSession(context.decision)
  if (!written) return readSession(config, place)
  const { id } = written.user
  try {
    const body = await rowSession(config, written)
    return { body, cookies: [], owner: { id, isLazy: isLazyRow(written.user as UserRow) } }
  } catch (error) {
    throw unreadable(config, error)
  }
}

type Callbacks = Required<NonNullable<AuthConfig["callbacks"]>>
type JwtParams = Parameters<Callbacks["jwt"]>[0]
type SessionParams = Parameters<Callbacks["session"]>[0]
type SessionMessage = Parameters<NonNullable<NonNullable<AuthConfig["events"]>["session"]>>[0]

const callbacksOf = ({ callbacks }: AuthConfig) => callbacks as Callbacks

/** Calls the `session` event as Auth.js does: an error is logged and changes nothing. */
async function announce(config: AuthConfig, message: SessionMessage): Promise<void> {
  try {
    await config.events?.session?.(message)
  } catch (error) {
    logError(config, new EventError('The event "session" threw an error; see the cause.', { cause: { err: error } }))
  }
}

async function asAdapterError<Result>(config: AuthConfig, call: () => Result): Promise<Awaited<Result>> {
  try {
    return await call()
  } catch (error) {
    const failure = new AdapterError("The database failed while it read a session; see the cause.", {
      cause: { err: error },
    })
    logError(config, failure)
    throw failure
  }
}

function secondsFromNow(seconds: number): Date {
  return new Date(Date.now() + seconds * 1000)
}
