import type { AuthConfig } from "@auth/core"
import type { JWT, JWTDecodeParams, JWTEncodeParams } from "@auth/core/jwt"
import type { UserRow } from "../store/tables/user-row.js"
import { SignInRefused } from "./config/sign-in-refused.js"
import type { RequestContext } from "./context/request-context.js"
import { carryOut, settle } from "./linking/carry-out.js"
import { nameInTokenForPasskey } from "./linking/passkey-name.js"
import { type AuthCookie, encodeValue } from "./request/cookies.js"
import { isSessionSalt } from "./session/cookie.js"
import { sessionSettings } from "./session/settings.js"
import { claimsHold, lifetime } from "./token/claims.js"
import { decodeToken, encodeToken, mintToken } from "./token/codec.js"

type JwtOptions = NonNullable<AuthConfig["jwt"]>

/**
 * Takes the place of `jwt.encode`, which Auth.js calls to fill the session cookie after a credentials provider has signed somebody in,
 * whatever the strategy. With database sessions the "token" is that of a session row. All other cookies that Auth.js encrypts pass.
 */
export function composeEncode(own: JwtOptions["encode"], context: RequestContext): NonNullable<JwtOptions["encode"]> {
  return async (params) => {
    if (!isSessionSalt(context.config, params.salt)) return (own ?? encodeToken)(params)
    const { plan } = context
    if (plan?.kind === "keep" && plan.sessionToken) return plan.sessionToken
    const token = await (context.strategy === "database"
      ? databaseToken(params.token?.sub, context)
      : jwtToken(params, own, context))
    context.issue(token)
    return token
  }
}

/** Makes the token first and writes last, so that a token that fails changes nothing. */
async function jwtToken(params: JWTEncodeParams, own: JwtOptions["encode"], context: RequestContext): Promise<string> {
  const { plan } = context
  try {
    const maxAge = lifetime(params.token, params.maxAge ?? sessionSettings(context.config).maxAge)
    const token = await (own ? own({ ...params, maxAge }) : encodeSession({ ...params, maxAge }, context))
    await plan?.commit?.()
    await carryOut(context, context.tokenFor, undefined)
    await settle(context)
    return token
  } catch (error) {
    await plan?.undo?.()
    throw error
  }
}

/** Remembers the token: the gate reads the session that it has just made. */
async function encodeSession(params: JWTEncodeParams, context: RequestContext): Promise<string> {
  context.minted = mintToken(params)
  return context.minted?.value ?? encodeToken(params)
}

/** Takes the place of `jwt.decode`, which Auth.js calls for the session cookie and for others that it encrypts. */
export function composeDecode(
  own: JwtOptions["decode"] = decodeToken,
  context: RequestContext,
): NonNullable<JwtOptions["decode"]> {
  return async (params) => {
    const { minted } = context
    const isSession = isSessionSalt(context.config, params.salt)
    if (params.token && isSession) context.present(params.token)
    // What was encrypted a moment ago need not be decrypted to know what is in it.
    const isOurs = own === decodeToken && minted !== undefined && params.token === minted.value
    try {
      const token = isOurs ? (JSON.parse(minted.claims) as JWT) : await decodeLive(own, params, context)
      return nameInTokenForPasskey(token, context)
    } catch (error) {
      if (isSession) context.unread = error
      throw error
    }
  }
}

/**
 * Decodes the live token among all session cookies of the browser. Auth.js itself reads only the
 * first cookie with the name.
 */
async function decodeLive(
  own: NonNullable<JwtOptions["decode"]>,
  params: JWTDecodeParams,
  context: RequestContext,
): Promise<JWT | null> {
  const others = isSessionSalt(context.config, params.salt) ? context.otherSessionCookies(params.token) : []
  if (others.length === 0) return own(params)
  for (const value of [params.token, ...others]) {
    const token = await decoded(() => own({ ...params, token: value }))
    if (token?.sub && (await mayHold(token, token.sub, context))) return token
  }
  return own(params)
}

async function decoded(decode: () => ReturnType<NonNullable<JwtOptions["decode"]>>): Promise<JWT | null> {
  try {
    return await decode()
  } catch {
    return null
  }
}

/**
 * Tells whether a token may hold. A failing database counts as yes: the next request checks again.
 */
async function mayHold(token: JWT, userId: string, { adapter }: RequestContext): Promise<boolean> {
  try {
    const user = (await adapter.getUser(userId)) as UserRow | null
    return user !== null && claimsHold(token, user)
  } catch {
    return true
  }
}

/**
 * Sets how the session cookie is encoded. Of two cookies Auth.js writes back the one it asked for,
 * which may be dead: write the live one instead.
 */
export function composeCookies(own: AuthConfig["cookies"], context: RequestContext): AuthConfig["cookies"] {
  const { sessionToken } = own ?? {}
  const write = (sessionToken?.options as AuthCookie["options"] | undefined)?.encode ?? encodeValue
  const encode = (value: string) => {
    const { liveSession } = context
    return write(value === liveSession?.asked ? liveSession.live : value)
  }
  return {
    ...own,
    sessionToken: { ...sessionToken, options: { ...sessionToken?.options, encode } },
  } as AuthConfig["cookies"]
}

async function databaseToken(userId: string | undefined, context: RequestContext): Promise<string> {
  const { plan, adapter } = context
  await plan?.commit?.()
  // A repeated form has replaced the plan with one that has no session.
  const written = context.plan?.sessionToken
  if (written) return written
  const session = context.newSession()
  if (!session || userId === undefined) throw new Error("A database session needs a user with an id.")
  if (await carryOut(context, userId, session)) return session.sessionToken
  const before = await context.currentSession()
  await adapter.createSession({ ...session, userId })
  // Created first, asked second: proveEmail locks the user, so it either ends this session or is seen here.
  if (context.byPassword && !(await adapter.lazy.hasPassword(userId))) {
    await adapter.deleteSession(session.sessionToken)
    throw new SignInRefused("wrong_credentials")
  }
  // The browser loses the old token with the new cookie; nobody else shall go on using it.
  if (before) await adapter.deleteSession(before.sessionToken)
  await settle(context)
  return session.sessionToken
}
