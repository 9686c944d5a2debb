import type { AuthConfig } from "@auth/core"
import { AuthError } from "@auth/core/errors"
import type { NextRequest } from "next/server.js"
import type { LazyConfig } from "../../auth/config/options.js"
import { hideFromOtherSites } from "../../auth/context/loaded-elsewhere.js"
import { contextOf } from "../../auth/context/request-context.js"
import { shareSettled } from "../../auth/context/settled-config.js"
import { hideForeignCookies } from "../../auth/request/cookies.js"
import type { LazyAuth, LazyRequest } from "../../auth/request/head.js"
import { publicRequest } from "../../auth/request/public-url.js"
import { refusingToBeConfig, withLazy as withLazyAnywhere } from "../../auth/with-lazy.js"
import { learnRequest } from "./action.js"
import { areCookiesWritable, readOnlyCookies } from "./cookies.js"
import { headOf } from "./head.js"

/**
 * Adds lazy users to a configuration of next-auth. Pass the result to `NextAuth()`, the gates and
 * the convert page.
 *
 * As in next-auth, `basePath` defaults to the path of `AUTH_URL`, or else to `/api/auth`, and the
 * secret may be in `NEXTAUTH_SECRET`. In a server component, which can't set cookies, a sign-in by
 * a credentials provider fails before it writes anything.
 * @throws LazySetupError when the configuration can't work; the message names the fix
 * @example
 * export const authConfig = withLazy({
 *   adapter: LazyAdapter(db),
 *   providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
 * })
 */
export function withLazy(config: LazyConfig): LazyAuth {
  return withNextDefaults(withLazyAnywhere(config))
}

/** Adds the defaults of next-auth to what `withLazy` of any entry returned. May run twice. */
export function withNextDefaults(auth: LazyAuth): LazyAuth {
  const withDefaults = refusingToBeConfig((argument) => {
    const config = auth(argument && webRequest(argument))
    config.secret ??= process.env.AUTH_SECRET ?? process.env.NEXTAUTH_SECRET
    config.basePath ||= pathOf(process.env.AUTH_URL ?? process.env.NEXTAUTH_URL) ?? "/api/auth"
    // next-auth passes no request for server actions and server components.
    if (argument === undefined) {
      config.providers = config.providers.map(refusingReadOnlyCookies)
      learnRequest(config)
    }
    // next-auth passes this request to Auth.js after it has asked for the configuration.
    if (argument && "nextUrl" in argument) hideCookies(argument as unknown as NextRequest, config)
    return config
  })
  return shareSettled(withDefaults, auth)
}

function hideCookies(request: NextRequest, config: AuthConfig): void {
  hideForeignCookies(request.headers, config)
  const context = contextOf(config)
  if (!context?.options.embedded) return
  const { url, method } = headOf(request)
  hideFromOtherSites({ url, method, headers: request.headers }, config, context)
}

type Provider = AuthConfig["providers"][number]

function refusingReadOnlyCookies(provider: Provider): Provider {
  if (typeof provider === "function")
    return ((options) => refusingReadOnlyCookies(provider(options)) as ReturnType<typeof provider>) as typeof provider
  if (provider.type !== "credentials") return provider
  const { authorize } = provider
  return {
    ...provider,
    async authorize(...args: Parameters<typeof authorize>) {
      if (!(await areCookiesWritable()))
        throw new AuthError(readOnlyCookies(`signIn("${provider.id}")`).message.slice(0, -1))
      return authorize(...args)
    },
  }
}

/** Copies a request of Next without its body, which Auth.js reads, under the public address. */
function webRequest(argument: LazyRequest): LazyRequest {
  if (!("nextUrl" in argument)) return argument
  const { url, method, headers } = headOf(argument as unknown as NextRequest)
  return publicRequest(new Request(url, { method, headers }))
}

function pathOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined
  const { pathname } = new URL(url)
  return pathname === "/" ? undefined : pathname
}
