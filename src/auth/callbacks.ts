import type { AuthConfig } from "@auth/core"
import { AdapterError, AuthError } from "@auth/core/errors"
import type { Session } from "@auth/core/types"
import { isLazyRow, type UserRow } from "../store/user-row.js"
import type { RequestContext } from "./request-context.js"
import { claimsFor, claimsHold, isDue, pickClaims, restoreClaims, secondsNow } from "./token-claims.js"

type Callbacks = NonNullable<AuthConfig["callbacks"]>
type SignIn = NonNullable<Callbacks["signIn"]>
type Jwt = NonNullable<Callbacks["jwt"]>
type SessionCallback = NonNullable<Callbacks["session"]>

/** The app's callbacks with ours around them. */
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
    if (context.plan?.kind === "keep") return true
    const answer = own ? await own(params) : true
    // A string sends the visitor elsewhere instead of signing in.
    if (answer !== true) return answer
    const user = await prepare(context)
    if (user) {
      // Auth.js goes on with the objects it has: its `jwt` callback and events see what is in the database now.
      Object.assign(params.user, user)
      if (params.account) params.account.providerAccountId = user.id
    }
    return true
  }
}

/** An error here is the database's or a hook's: without a name of its own, Auth.js would call it a refusal of the app's. */
async function prepare({ plan }: RequestContext): Promise<UserRow | undefined> {
  try {
    return await plan?.prepare?.()
  } catch (error) {
    throw error instanceof AuthError
      ? error
      : new AdapterError("The sign-in could not be written.", { cause: { err: error } })
  }
}

function composeJwt(own: Jwt | undefined, context: RequestContext): Jwt {
  return async (params) => {
    const { plan } = context
    // With database sessions only credentials providers come here, on the way to a session that has no token.
    if (context.strategy === "database" || plan?.kind === "keep") return params.token
    const signsIn = params.user !== undefined && params.trigger !== "update"
    if (signsIn) {
      const withPassword = params.account?.provider === "password" || params.account?.provider === "convert"
      Object.assign(params.token, claimsFor(params.user as UserRow, withPassword))
    } else if (isDue(params.token, context.options.recheck)) {
      const user = params.token.sub ? ((await context.adapter.getUser(params.token.sub)) as UserRow | null) : null
      if (!user || !claimsHold(params.token, user)) return null
      params.token.checkedAt = secondsNow()
    }
    const claims = pickClaims(params.token)
    const { sub } = params.token
    try {
      const token = own ? await own(params) : params.token
      if (token === null) {
        await plan?.undo?.()
        return null
      }
      const restored = restoreClaims(token, claims)
      // What a client posts to the session endpoint must not make a lazy user somebody else.
      return params.trigger === "update" && claims.isLazy ? { ...restored, sub } : restored
    } catch (error) {
      await plan?.undo?.()
      throw error
    }
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
      const session = await own(params)
      if (session?.user) session.user = { ...identity, ...session.user } as Session["user"]
      return session
    }
    const { name, email, image } = params.session.user
    const expires: unknown = params.session.expires
    return {
      user: { name, email, image, ...identity },
      expires: expires instanceof Date ? expires.toISOString() : expires,
    } as Session
  }
}
