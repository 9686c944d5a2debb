import { Auth, raw } from "@auth/core"
import { LazySetupError } from "../errors.js"
import type { RequestConfig } from "./config/request-config.js"
import { type AuthCookie, withoutCookies } from "./request/cookies.js"

/** The answer of {@link postCallback} and {@link issueCsrfToken}. */
export interface InternalAnswer<Body> {
  body: Body
  cookies: AuthCookie[]
}

/**
 * Signs in through a credentials provider as its form would. Auth.js checks the form's CSRF token.
 * @throws AuthError of any kind that Auth.js, a provider or a callback throws
 */
export async function postCallback(
  config: RequestConfig,
  provider: string,
  { origin, headers, form }: { origin: string; headers: Headers; form: URLSearchParams },
): Promise<InternalAnswer<undefined> & { redirect: string | undefined }> {
  const request = new Request(actionUrl(origin, config, `callback/${provider}`), {
    method: "POST",
    headers: {
      ...pick(headers, ["cookie", "user-agent", "accept-language"]),
      "content-type": "application/x-www-form-urlencoded",
    },
    body: form.toString(),
  })
  const answer = await rawAuth(request, config)
  return { body: undefined, cookies: answer.cookies ?? [], redirect: answer.redirect }
}

/**
 * Issues the CSRF token for the forms of this visitor, with the cookies that it must match where
 * the visitor has none yet.
 */
export async function issueCsrfToken(
  config: RequestConfig,
  { origin, cookie }: { origin: string; cookie: string },
): Promise<InternalAnswer<string>> {
  const { body, cookies } = await rawAuth(
    new Request(actionUrl(origin, config, "csrf"), { headers: { cookie } }),
    config,
  )
  return { body: (body as { csrfToken: string }).csrfToken, cookies: cookies ?? [] }
}

/**
 * Starts a sign-in through an OAuth or e-mail provider as its form on the sign-in page would.
 * Auth.js checks the form's CSRF token.
 * @throws AuthError of any kind that Auth.js throws
 * @throws LazySetupError when Auth.js only logs what is wrong, such as a provider that can't be
 * reached
 */
export async function startSignIn(
  config: RequestConfig,
  provider: string,
  { origin, headers, form }: { origin: string; headers: Headers; form: URLSearchParams },
): Promise<{ redirect: string; cookies: AuthCookie[] }> {
  const { redirect, cookies } = await rawAuth(
    new Request(actionUrl(origin, config, `signin/${encodeURIComponent(provider)}`), {
      method: "POST",
      headers: {
        ...pick(headers, ["cookie", "user-agent", "accept-language"]),
        "content-type": "application/x-www-form-urlencoded",
      },
      body: form.toString(),
    }),
    config,
  )
  if (redirect === undefined) throw new Error(`Auth.js returned no URL for the sign-in at "${provider}".`)
  // The URL may come from a provider's discovery document.
  if (!/^https?:$/.test(new URL(redirect, origin).protocol))
    throw new Error(
      `The authorization URL of provider "${provider}" must begin with http: or https:. Check the provider's issuer or authorization URL.`,
    )
  return { redirect, cookies: cookies ?? [] }
}

/** Builds the URL of an action of Auth.js. */
export function actionUrl(origin: string, { basePath }: RequestConfig, action: string): string {
  return `${origin}${basePath.replace(/\/$/, "")}/${action}`
}

async function rawAuth(given: Request, config: RequestConfig) {
  const request = withoutCallbackUrl(given, config)
  const answer = await Auth(request, { ...config, raw })
  // Auth.js logs what is wrong with a configuration, and answers with a page for browsers.
  if (answer instanceof Response)
    throw new LazySetupError("Auth.js refuses this configuration. Fix the error that it logged just before this one.")
  return answer
}

/**
 * Removes the cookie with the callback URL, which is not used here: Auth.js refuses the whole
 * request when it holds no URL.
 */
function withoutCallbackUrl(request: Request, config: RequestConfig): Request {
  const name = config.cookies?.callbackUrl?.name ?? "authjs.callback-url"
  const headers = new Headers(request.headers)
  const isOut = (cookie: string) => cookie === name || cookie === `__Secure-${name}`
  headers.set("cookie", withoutCookies(headers.get("cookie") ?? "", isOut))
  return new Request(request, { headers })
}

function pick(headers: Headers, names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) as string]] : [])))
}
