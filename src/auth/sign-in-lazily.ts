import type { AuthConfig } from "@auth/core"
import { AccessDenied, CallbackRouteError, EventError } from "@auth/core/errors"
import type { JWT } from "@auth/core/jwt"
import type { Account, User } from "@auth/core/types"
import { LazySetupError } from "../errors.js"
import { isAuthError } from "./config/auth-error.js"
import { logError } from "./config/log-error.js"
import type { RequestConfig } from "./config/request-config.js"
import { writtenSession } from "./context/decision.js"
import { contextOf } from "./context/request-context.js"
import { takeBackDecision } from "./linking/carry-out.js"
import type { LazyProviderConfig } from "./providers/bound-provider.js"
import { readSessionValue, rowSession, type SessionAnswer, type SessionPlace } from "./read-session.js"
import { cookieAfter } from "./request/cookies.js"
import type { RequestHead } from "./request/head.js"
import { sessionCookieName, withoutOtherSessions, writeSessionCookies, writeYieldingCookies } from "./session/cookie.js"
import { sessionSettings } from "./session/settings.js"

/**
 * The session of a new lazy user, and the `Cookie` header that the browser would send from now on.
 */
export interface LazySignIn extends SessionAnswer {
  cookie: string
}

/**
 * Signs a visitor in through `LazyProvider` as the `callback` route of Auth.js does for a form, and
 * reads the new session. Calls every callback and event of the app with the same arguments, in the
 * same order. The caller checks that the request is the visitor's own.
 * @param yields whether the new session gives way to a sign-in that the browser made meanwhile
 * @returns null when the browser has a session after all, which the app hides or has just ended
 * @throws AuthError of any kind that the provider or a callback throws; CallbackRouteError with any
 * other error of theirs as its cause. The new user is deleted then
 * @throws LazySetupError when there is no `LazyProvider`
 */
export async function signInLazily(
  config: RequestConfig,
  place: SessionPlace,
  head: RequestHead,
  { yields } = { yields: false },
): Promise<LazySignIn | null> {
  const provider = lazyProvider(config)
  const context = contextOf(config)
  try {
    const user = (await provider.authorize({}, head)) as SignedIn
    if (context?.decision.kind === "keep") return null
    const { value, expires } = await makeSession(config, place, user)
    const cookies = (yields ? writeYieldingCookies : writeSessionCookies)(config, place, value, expires)
    // The handler must not try the session that is over first.
    const cookie = cookieAfter(yields ? withoutOtherSessions(config, place) : place.cookie, cookies)
    const made = context && writtenSession(context.decision)
    const owner = { id: user.id, isLazy: true }
    if (made) return { body: await rowSession(config, made), cookies, cookie, owner }
    const read = await readSessionValue(config, { url: place.url, cookie }, value)
    if (!read.owner) throw new Error("The session of the new lazy user can't be read.")
    if (read.cookies.length === 0) return { body: read.body, cookies, cookie, owner }
    return { body: read.body, cookies: [...cookies, ...read.cookies], cookie: cookieAfter(cookie, read.cookies), owner }
  } catch (error) {
    if (context) await takeBackDecision(context)
    const failure = isAuthError(error) ? error : failed(error)
    logError(config, failure)
    throw failure
  }
}

type SignedIn = User & { id: string }

const failed = (error: unknown) =>
  new CallbackRouteError("No lazy user could be made; see the cause.", { cause: { err: error, provider: "lazy" } })

async function makeSession(config: RequestConfig, place: SessionPlace, user: SignedIn) {
  const { maxAge, jwt } = sessionSettings(config)
  const callbacks = config.callbacks as Required<NonNullable<AuthConfig["callbacks"]>>
  const account: Account = { providerAccountId: user.id, type: "credentials", provider: "lazy" }
  await refuseUnlessAllowed(() => callbacks.signIn({ user, account, credentials: {} }))

  const token = await callbacks.jwt({
    token: { name: user.name, email: user.email, picture: user.image, sub: user.id },
    user,
    account,
    isNewUser: false,
    trigger: "signIn",
  })
  if (token === null) throw new AccessDenied("The jwt callback returned null, which refuses the sign-in.")
  const salt = sessionCookieName(config, place.url)
  const value = await jwt.encode({ ...jwt, token: token as JWT, salt })
  const expires = new Date(Date.now() + maxAge * 1000)
  try {
    await config.events?.signIn?.({ user, account })
  } catch (error) {
    logError(config, new EventError('The event "signIn" threw an error; see the cause.', { cause: { err: error } }))
  }
  return { value, expires }
}

async function refuseUnlessAllowed(signIn: () => unknown): Promise<void> {
  let answer: unknown
  try {
    answer = await signIn()
  } catch (error) {
    throw isAuthError(error)
      ? error
      : new AccessDenied("The signIn callback threw an error; see the cause.", { cause: { err: error } })
  }
  // A URL redirects a form of Auth.js. A page behind a gate has no such form: refuse.
  if (!answer || typeof answer === "string") throw new AccessDenied("The signIn callback refused the lazy sign-in.")
}

function lazyProvider({ providers }: AuthConfig): LazyProviderConfig {
  const found = providers.find((provider) => typeof provider === "object" && provider.id === "lazy")
  if (!found) throw new LazySetupError("The gate needs LazyProvider to make lazy users: providers: [LazyProvider()].")
  return found as LazyProviderConfig
}
