import type { AuthConfig } from "@auth/core"
import { AccessDenied, AdapterError } from "@auth/core/errors"
import type { JWT } from "@auth/core/jwt"
import type { Session } from "@auth/core/types"
import { isPlaceholderAddress } from "../store/identifiers/placeholder-address.js"
import { isLazyRow, type UserRow } from "../store/tables/user-row.js"
import { isAuthError } from "./config/auth-error.js"
import { logError } from "./config/log-error.js"
import { isLoud } from "./config/one-request.js"
import { isPending } from "./context/decision.js"
import { refuseLoadedElsewhere } from "./context/loaded-elsewhere.js"
import type { Step } from "./context/own-request.js"
import type { RequestContext } from "./context/request-context.js"
import { markLazy } from "./is-lazy.js"
import { takeBackDecision, writeFirst } from "./linking/carry-out.js"
import { decideSignIn } from "./linking/decide.js"
import { dropPasskeyName } from "./linking/passkey-name.js"
import type { ProvenIdentity } from "./linking/proven-identity.js"
import {
  claimsFor,
  claimsHold,
  isDue,
  isUnseen,
  pickClaims,
  restoreClaims,
  secondsNow,
  secondsOf,
} from "./token/claims.js"

type Callbacks = NonNullable<AuthConfig["callbacks"]>
type SignIn = NonNullable<Callbacks["signIn"]>
type Jwt = NonNullable<Callbacks["jwt"]>
type SessionCallback = NonNullable<Callbacks["session"]>

/** Wraps the app's callbacks in those of this library. */
export function composeCallbacks(own: Callbacks = {}, context: RequestContext): Callbacks {
  return {
    ...own,
    signIn: composeSignIn(own.signIn, context),
    jwt: composeJwt(own.jwt, context),
    session: composeSession(own.session),
  }
}

function composeSignIn(own: SignIn | undefined, context: RequestContext): SignIn {
  return async (params) => {
    const asksForLink = params.email?.verificationRequest === true
    context.request.take("sign-in", stepBefore(params.account?.type, asksForLink))
    if (context.decision.kind === "keep") return context.decision.redirect ?? true
    if (params.account && !asksForLink) refuseLoadedElsewhere(params.account, context)
    if (asksForLink && isPlaceholderAddress(params.user.email ?? "")) return false
    if (params.account?.type === "webauthn") dropPasskeyName(params.user)
    if (own) markLazy(params.user)
    const answer = own ? await own(params) : true
    // For a passkey, Auth.js takes a URL as permission and signs in without redirecting: refuse.
    if (typeof answer === "string" && params.account?.type === "webauthn")
      throw new AccessDenied("The signIn callback returned a URL; for a passkey it must return true or false.")
    if (!answer || typeof answer === "string") return answer
    // Requesting an e-mail link signs no one in yet.
    if (asksForLink) return answer
    const user = await agree(params, context)
    if (user) {
      // Auth.js passes these objects to the `jwt` callback and to events: fill in the database row.
      Object.assign(params.user, user)
      if (params.account) params.account.providerAccountId = user.id
    }
    return true
  }
}

/** Names the step that Auth.js takes before it calls the `signIn` callback. */
function stepBefore(type: string | undefined, asksForLink: boolean): Step | undefined {
  if (type === "credentials") return "authorize"
  return type === "email" && !asksForLink ? "open-link" : undefined
}

/**
 * Decides the sign-in, unless a provider of this library has, and writes what comes first. Wraps
 * errors of the database and of hooks, which Auth.js would report as AccessDenied.
 */
async function agree(identity: ProvenIdentity, context: RequestContext): Promise<UserRow | undefined> {
  try {
    if (context.decision.kind === "nothing") context.decision = await decideSignIn(identity, context)
    return await writeFirst(context)
  } catch (error) {
    throw isAuthError(error) || isLoud(error)
      ? error
      : new AdapterError("The database or a hook failed during the sign-in; see the cause. Nothing was changed.", {
          cause: { err: error },
        })
  }
}

function composeJwt(own: Jwt | undefined, context: RequestContext): Jwt {
  return async (params) => {
    // Copy the token: the app's own `decode` may have frozen it.
    params = { ...params, token: { ...params.token } }
    // With database sessions, Auth.js comes here for credentials providers only, and has no token.
    if (context.strategy === "database" || context.decision.kind === "keep") return params.token
    const signsIn = params.user !== undefined && params.trigger !== "update"
    if (signsIn) {
      context.exchange.tokenFor = params.user.id ?? ""
      const claims = await claimsFor(params.user as UserRow, params.account, context.adapter)
      // V8 adds keys slowly to an object that was spread, so name them in the literal.
      params.token = { name: params.token.name, ...params.token, ...claims }
    } else if (isDue(params.token, context.checks)) {
      if ((await recheck(params.token, context)) === "over") {
        context.session.end()
        return null
      }
    }
    // Only a callback of the app can change the claims.
    if (!own) return params.token
    markLazy(params.user)
    const claims = pickClaims(params.token)
    const { sub } = params.token
    try {
      const token: unknown = await own(params)
      if (token === null) {
        // Auth.js would delete the session cookie, although the lazy user is still signed in.
        if (signsIn && (isPending(context.decision) || (await isLazyHere(context))))
          throw new AccessDenied("The jwt callback returned null, which refuses the sign-in.")
        if (signsIn) await takeBackDecision(context)
        return null
      }
      // A callback that returns nothing may have changed the token in place.
      const restored = restoreClaims(isObject(token) ? (token as JWT) : params.token, claims)
      // A client that posts to the session endpoint must not change the lazy user of its token.
      return params.trigger === "update" && claims.isLazy ? { ...restored, sub } : restored
    } catch (error) {
      if (signsIn) await takeBackDecision(context)
      throw error
    }
  }
}

/** Tells whether the sign-in came with a lazy session. */
async function isLazyHere(context: RequestContext): Promise<boolean> {
  const current = await context.session.current()
  return current !== null && isLazyRow(current.user)
}

/**
 * Checks a token against the database, and records that the lazy user was seen. Keeps the token
 * while the database is unavailable: Auth.js would delete the cookie, which is all that a lazy user
 * has.
 */
async function recheck(
  token: JWT,
  { adapter, config, session, updateAge, keepsClaims }: RequestContext,
): Promise<"holds" | "over" | "unknown"> {
  try {
    const user = token.sub ? await session.owner(token.sub) : null
    if (!user || !claimsHold(token, user, keepsClaims)) return "over"
    // Issued before the app added this library, or adopted its guests: add the claims, so that the
    // next check knows them.
    if (token.isLazy === undefined || (!token.isLazy && isLazyRow(user))) {
      delete token.unproven
      delete token.lazySince
      Object.assign(token, await claimsFor(user, undefined, adapter))
    } else token.checkedAt = secondsNow()
    if (token.isLazy) token.seenAt = secondsOf(user.seenAt)
    // The purge may have deleted the user: record the time only if the row was updated.
    if (isUnseen(token, updateAge) && (await adapter.lazy.touch({ userId: user.id }, updateAge)))
      token.seenAt = secondsNow()
    return "holds"
  } catch (error) {
    logError(
      config,
      new AdapterError(
        "The database could not check a session, which stays valid until the next check; see the cause.",
        { cause: { err: error } },
      ),
    )
    return "unknown"
  }
}

function composeSession(own: SessionCallback | undefined): SessionCallback {
  return async (params) => {
    const { token, user } = params as {
      token?: { sub?: string; isLazy?: boolean; username?: string | null }
      user?: UserRow
    }
    const identity = token
      ? { id: token.sub ?? "", isLazy: token.isLazy === true, username: token.username ?? null }
      : user && { id: user.id, isLazy: isLazyRow(user), username: user.username }
    Object.assign(params.session.user, identity)
    if (own) {
      markLazy(user)
      return withIdentity(await own(params), identity)
    }
    const { name, email, image } = params.session.user
    const expires: unknown = params.session.expires
    return {
      user: { name, email, image, ...identity },
      expires: expires instanceof Date ? expires.toISOString() : expires,
    } as Session
  }
}

/**
 * Adds id, isLazy and username to the session that the app's callback returned. Leaves a session
 * without a `user` object as it is.
 */
function withIdentity(session: unknown, identity: object | undefined): Session {
  if (!isObject(session) || !isObject(session.user)) return session as Session
  const user = { ...identity, ...session.user }
  // Copy a frozen session.
  return (Reflect.set(session, "user", user) ? session : { ...session, user }) as unknown as Session
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null
}
