import type { AuthConfig } from "@auth/core"
import type { JWT, JWTEncodeParams } from "@auth/core/jwt"
import { SignInRefused } from "./config/sign-in-refused.js"
import { writtenToken } from "./context/decision.js"
import type { RequestContext } from "./context/request-context.js"
import { settle, takeBackDecision, writeLast } from "./linking/carry-out.js"
import { nameInTokenForPasskey } from "./linking/passkey-name.js"
import { type AuthCookie, encodeValue } from "./request/cookies.js"
import { isSessionSalt } from "./session/cookie.js"
import { sessionSettings } from "./session/settings.js"
import { lifetime } from "./token/claims.js"
import { decodeToken, encodeToken, mintToken } from "./token/codec.js"

type JwtOptions = NonNullable<AuthConfig["jwt"]>

/**
 * Replaces `jwt.encode`, which Auth.js calls to fill the session cookie after a sign-in through a
 * credentials provider, whatever the strategy. With database sessions, returns the key of a session
 * row. Passes on the other cookies that Auth.js encrypts.
 */
export function composeEncode(own: JwtOptions["encode"], context: RequestContext): NonNullable<JwtOptions["encode"]> {
  return async (params) => {
    if (!isSessionSalt(context.config, params.salt)) return (own ?? encodeToken)(params)
    if (context.decision.kind === "keep") return context.decision.current.sessionToken
    const token = await (context.strategy === "database"
      ? databaseToken(params.token?.sub, context)
      : jwtToken(params, own, context))
    context.request.issue(token)
    return token
  }
}

/** Makes the token first and writes last, so that a token that fails changes nothing. */
async function jwtToken(params: JWTEncodeParams, own: JwtOptions["encode"], context: RequestContext): Promise<string> {
  const { exchange } = context
  const maxAge = lifetime(params.token, params.maxAge ?? sessionSettings(context.config).maxAge, context.longestSession)
  const encode = () => (own ? own({ ...params, maxAge }) : encodeSession({ ...params, maxAge }, context))
  // Without a sign-in, Auth.js and the gate extend a session by encoding its token again.
  if (exchange.tokenFor === undefined) return encode()
  try {
    const token = await encode()
    await writeLast(context, exchange.tokenFor, undefined)
    await settle(context)
    exchange.tokenFor = undefined
    return token
  } catch (error) {
    await takeBackDecision(context)
    throw error
  }
}

/** Encodes a session and keeps its claims, since the gate reads the session that it just made. */
async function encodeSession(params: JWTEncodeParams, context: RequestContext): Promise<string> {
  const minted = mintToken(params)
  context.exchange.minted = minted
  return minted?.value ?? encodeToken(params)
}

/**
 * Replaces `jwt.decode`, which Auth.js calls for the session cookie and for the others that it
 * encrypts.
 */
export function composeDecode(
  own: JwtOptions["decode"] = decodeToken,
  context: RequestContext,
): NonNullable<JwtOptions["decode"]> {
  return async (params) => {
    const { session, exchange, request } = context
    const { token: asked } = params
    if (!asked || !isSessionSalt(context.config, params.salt)) return own(params)
    const value = session.presented.first(asked)
    const isVisitors = request.present(value)
    const { minted } = exchange
    // The claims of a token that this request encrypted are known already.
    if (own === decodeToken && value === minted?.value) return JSON.parse(minted.claims) as JWT
    if (!isVisitors) return own(params)
    return nameInTokenForPasskey(await session.token({ ...params, token: value }), context)
  }
}

/**
 * Encodes the value of the session cookie. Of two cookies, Auth.js writes back the one it read,
 * which may be dead: write the live one instead.
 */
export function composeCookies(own: AuthConfig["cookies"], context: RequestContext): AuthConfig["cookies"] {
  const { sessionToken } = own ?? {}
  const write = (sessionToken?.options as AuthCookie["options"] | undefined)?.encode ?? encodeValue
  const encode = (value: string) => write(context.session.live(value))
  return {
    ...own,
    sessionToken: { ...sessionToken, options: { ...sessionToken?.options, encode } },
  } as AuthConfig["cookies"]
}

async function databaseToken(userId: string | undefined, context: RequestContext): Promise<string> {
  const { adapter } = context
  const written = writtenToken(context.decision)
  if (written !== undefined) return written
  const session = context.newSession()
  if (!session || userId === undefined)
    throw new Error("The sign-in gave no user id, which a database session needs. Return `id` from `authorize`.")
  if (await writeLast(context, userId, session)) return session.sessionToken
  const before = await context.session.current()
  await adapter.createSession({ ...session, userId })
  // Create the session before asking for the password: proveEmail locks the user, so either it ends
  // this session or the password is gone here. A change of the password can end sessions, too.
  const { method } = context
  const { proof } = method.kind === "password" ? method : {}
  if (method.kind === "password" && !(await (proof ? proof.holds() : adapter.lazy.hasPassword(userId)))) {
    await adapter.deleteSession(session.sessionToken)
    throw new SignInRefused("wrong_credentials")
  }
  // The browser loses the old token with the new cookie. End its session, so that a stolen copy is
  // worthless.
  if (before) await adapter.deleteSession(before.sessionToken)
  await settle(context)
  return session.sessionToken
}
