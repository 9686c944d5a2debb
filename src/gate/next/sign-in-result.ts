import { skipCSRFCheck } from "@auth/core"
import { checkRequestConfig, type RequestConfig, requestConfig } from "../../auth/config/request-config.js"
import { appendCookies, hideForeignCookies } from "../../auth/request/cookies.js"
import type { LazyAuth, RequestHead } from "../../auth/request/head.js"
import { publicAddress, sameOriginPath } from "../../auth/request/public-url.js"
import { senderOf } from "../../auth/request/sender.js"
import { type ConvertStrings, convertStrings, messageFor, type SignInErrorCode } from "../../messages/strings.js"
import { withNextDefaults } from "./config.js"
import { areCookiesWritable, readOnlyCookies, setCookies } from "./cookies.js"
import { visitorsRequest } from "./head.js"
import { startAttempt } from "./sign-in-attempt.js"

/**
 * The result of a sign-in, as the state of a form. It holds nothing that was typed.
 * @example
 * const text = (result: SignInResult | null) => (result === null || result.ok ? "" : result.message)
 */
export type SignInResult =
  | { ok: true }
  | {
      ok: false
      /** A `SignInErrorCode`, or a code of the app's `validate` or of a provider of the app. */
      code: SignInErrorCode | (string & {})
      /** The message for the code, in the language of `strings`. It never holds text of an error. */
      message: string
    }

/**
 * Configures {@link signInResult}.
 * @example
 * const options: SignInResultOptions = { redirectTo: "/notes" }
 */
export interface SignInResultOptions {
  /**
   * Path to which the browser goes after the sign-in, or to which an e-mail link or an OAuth
   * provider leads. A path of this site in the form's field `redirectTo` or `callbackUrl` takes its
   * place.
   * @default the page with the form
   */
  redirectTo?: string
  /**
   * Whether to redirect after a success, instead of returning `{ ok: true }`. A sign-in by OAuth
   * always redirects.
   * @default true where the options or the form name the path to go to
   */
  redirect?: boolean
  /**
   * Texts that replace the built-in messages.
   * @default the English texts
   */
  strings?: Partial<ConvertStrings>
}

/**
 * Signs in through a provider from a server action, and returns a refusal as a value instead of
 * throwing it, for `useActionState` of React. Works for credentials, e-mail and OAuth providers;
 * passkeys need `signIn` of next-auth/webauthn in the browser.
 *
 * A failure that the person can't correct, such as a database that is away, is logged and has the
 * code `server_error`. An error of Next's `redirect()`, `notFound()` and the like passes through.
 * @param form the fields of the form; only text is passed on
 * A form of another site is refused with the code `csrf`, in a route handler too.
 * @throws LazySetupError when the provider is unknown or has passkeys, where cookies can't be set,
 * or when Auth.js refuses the configuration
 * @example
 * export async function convert(_previous: SignInResult | null, form: FormData) {
 *   "use server"
 *   return signInResult(authConfig, "convert", form, { redirectTo: "/" })
 * }
 */
export async function signInResult(
  auth: LazyAuth,
  provider: string,
  form: FormData | Readonly<Record<string, string>> = {},
  options: SignInResultOptions = {},
): Promise<SignInResult> {
  const { headers: nextHeaders } = await import("next/headers.js")
  if (!(await areCookiesWritable())) throw readOnlyCookies(`signInResult("${provider}")`)
  const headers = new Headers(await nextHeaders())
  const visit = visitorsRequest({ method: "POST", url: `http://localhost/callback/${provider}`, headers })
  const { origin, url } = publicAddress(visit)
  const refused = (code: string) => ({
    ok: false as const,
    code,
    message: messageFor(convertStrings(options.strings), code),
  })
  if (isForeign({ url, headers })) return refused("csrf")
  const config = requestConfig(withNextDefaults(auth), { request: { ...visit, url } })
  checkRequestConfig(config, url)
  hideForeignCookies(headers, config)
  const fields = fieldsOf(form)
  const asked = [fields.redirectTo, fields.callbackUrl].map((path) => sameOriginPath(path, origin))
  const target = asked.find((path) => path !== null) ?? options.redirectTo
  const callbackUrl = target ?? sameOriginPath(headers.get("referer"), origin) ?? "/"
  const sent = { origin, headers, form: new URLSearchParams({ ...fields, callbackUrl }) }
  const attempt = await startAttempt({ ...config, skipCSRFCheck } as RequestConfig, provider, sent)
  if (attempt.refused !== undefined) return refused(attempt.refused)
  const set = new Headers()
  appendCookies(set, attempt.cookies)
  await setCookies(set)
  if (attempt.done && !(options.redirect ?? target !== undefined)) return { ok: true }
  // @ts-expect-error Next has no `exports`, and its bundler requires this name without `.js`.
  const { redirect } = (await import("next/navigation")) as typeof import("next/navigation.js")
  // Use a whole URL: Next would put its base path before a path.
  return redirect(attempt.location)
}

/**
 * Tells whether another site sent the form. Takes the place of the CSRF token, which a server action
 * has no field for, and protects route handlers, where Next compares nothing.
 */
function isForeign({ url, headers }: Pick<RequestHead, "url" | "headers">): boolean {
  // Pages of other sites can't send this header, and Next has compared `Origin` with its own hosts.
  if (headers.has("next-action")) return false
  const sender = senderOf({ url, headers })
  return sender !== undefined && !["same-origin", "same-host", "none"].includes(sender)
}

/** Reads the text fields, without those that React adds. */
function fieldsOf(form: FormData | Readonly<Record<string, string>>): Record<string, string> {
  const entries: [string, unknown][] = form instanceof FormData ? [...form] : Object.entries(form)
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, string] => typeof entry[1] === "string" && !entry[0].startsWith("$ACTION"),
    ),
  )
}
