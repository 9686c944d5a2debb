import { isAuthError } from "../../auth/config/auth-error.js"
import { errorChain } from "../../auth/config/error-chain.js"
import { logError } from "../../auth/config/log-error.js"
import type { RequestConfig } from "../../auth/config/request-config.js"
import { postCallback, startSignIn } from "../../auth/internal-call.js"
import { type AuthCookie, isNameOrChunk } from "../../auth/request/cookies.js"
import { sessionCookieName } from "../../auth/session/cookie.js"
import { LazySetupError } from "../../errors.js"
import { readProblem } from "../../messages/problem.js"
import { digestOf } from "./throws.js"

/** What came of an attempt to sign in. */
export type SignInAttempt =
  /** Auth.js, a provider or the app refused; holds the code. */
  | { refused: string }
  | {
      refused?: undefined
      cookies: AuthCookie[]
      /** The URL to which Auth.js redirects. */
      location: string
      /** False when the sign-in goes on elsewhere, or the app's `signIn` callback returned a URL. */
      done: boolean
    }

/** A form for Auth.js, with the head of the request that brought it. */
interface SentForm {
  origin: string
  headers: Headers
  form: URLSearchParams
}

/**
 * Signs in through a credentials provider, asks for an e-mail link, or starts a sign-in by OAuth.
 * @throws LazySetupError when the provider is unknown or has passkeys, or when Auth.js refuses the
 * configuration
 */
export async function startAttempt(config: RequestConfig, id: string, sent: SentForm): Promise<SignInAttempt> {
  const { type, normalizeIdentifier = readAddress } = findProvider(config, id)
  const isCredentials = type === "credentials"
  if (type === "email" && !isAddress(sent.form.get("email"), normalizeIdentifier)) return { refused: "email_invalid" }
  try {
    const { cookies, redirect } = await (isCredentials ? postCallback : startSignIn)(config, id, sent)
    const location = new URL(redirect ?? "/", sent.origin).href
    if (!isCredentials) return { cookies, location, done: type === "email" && isLinkSent(location) }
    const done = holdsSession(config, sent.origin, cookies)
    // Where the `jwt` callback returned null, Auth.js goes to the target without a session.
    const isTarget = location === new URL(sent.form.get("callbackUrl") ?? "/", sent.origin).href
    return done || !isTarget ? { cookies, location, done } : { refused: "access_denied" }
  } catch (error) {
    return { refused: refusalOf(config, error, type) }
  }
}

type Normalize = (address: string) => string

interface Found {
  type: "credentials" | "email" | "oauth" | "oidc"
  normalizeIdentifier?: Normalize
}

/** Finds a provider as Auth.js does: the app's `options` win over the provider's own. */
function findProvider({ providers }: RequestConfig, id: string): Found {
  const all = providers.map((given) => {
    const { options, ...own } = (typeof given === "function" ? given() : given) as { options?: object }
    return { ...own, ...options } as { id: string; type: string; normalizeIdentifier?: Normalize }
  })
  const found = all.find((provider) => provider.id === id)
  if (!found)
    throw new LazySetupError(
      `signInResult found no provider ${JSON.stringify(id.slice(0, 64))}. Use the id of one in \`providers\`: ` +
        `${all.map((provider) => `"${provider.id}"`).join(", ")}.`,
    )
  if (!["credentials", "email", "oauth", "oidc"].includes(found.type))
    throw new LazySetupError(
      `signInResult can't sign in through "${id}": passkeys are made in the browser. In a client component, write ` +
        `signIn("${id}") with \`signIn\` of next-auth/webauthn.`,
    )
  return found as Found
}

/** Tells whether Auth.js can send a link to an address; it fails without a code where it can't. */
function isAddress(given: string | null, normalize: Normalize): boolean {
  try {
    return given !== null && normalize(given) !== ""
  } catch {
    return false
  }
}

/** Checks an address as Auth.js does where the provider has no `normalizeIdentifier`. */
function readAddress(given: string): string {
  return /^[^@"]+@[^@"]+$/.test(given.normalize("NFKC").trim()) ? given : ""
}

/** Auth.js names this page after it sent a link, and another where the `signIn` callback did. */
function isLinkSent(location: string): boolean {
  return new URL(location).pathname.endsWith("/verify-request")
}

function holdsSession(config: RequestConfig, url: string, cookies: AuthCookie[]): boolean {
  const own = sessionCookieName(config, url)
  return cookies.some(({ name, value }) => value !== "" && isNameOrChunk(name, own))
}

/**
 * Returns the code for an error. Auth.js has logged those of its own.
 * @throws LazySetupError for a sign-in by credentials; for others, Auth.js throws one as well when
 * it can't reach a provider
 * @throws what Next's `redirect()`, `notFound()` and the like threw in a callback or a hook
 */
function refusalOf(config: RequestConfig, error: unknown, type: Found["type"]): string {
  const ofNext = errorChain(error).find((each) => digestOf(each) !== "")
  if (ofNext) throw ofNext
  const problem = readProblem(error, "username")
  if (problem) return problem.code
  if (error instanceof LazySetupError) {
    if (type === "credentials") throw error
    return "provider_unreachable"
  }
  if (!isAuthError(error)) logError(config, error)
  const isOAuth = type === "oauth" || type === "oidc"
  return isAuthError(error) && isOAuth ? "provider_unreachable" : "server_error"
}
