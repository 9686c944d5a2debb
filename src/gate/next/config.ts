import type { AuthConfig } from "@auth/core"
import { AuthError } from "@auth/core/errors"
import type { NextRequest } from "next/server.js"
import type { LazyConfig } from "../../auth/config/options.js"
import { hideForeignCookies } from "../../auth/request/cookies.js"
import type { LazyAuth, LazyRequest } from "../../auth/request/head.js"
import { publicRequest } from "../../auth/request/public-url.js"
import { refusingToBeConfig, withLazy as withLazyAnywhere } from "../../auth/with-lazy.js"
import { learnRequest } from "./action.js"
import { areCookiesWritable, readOnlyCookies } from "./cookies.js"
import { headOf } from "./head.js"

/**
 * `withLazy` of authjs-lazy with the defaults of next-auth: `basePath` is the path of `AUTH_URL`, or else `/api/auth`, and the secret may
 * be in `NEXTAUTH_SECRET`. What it returns goes to `NextAuth()`, the gates and the convert page.
 *
 * Signing in by a credentials provider where no cookie can be set (in a server component) fails before anything is written.
 * @throws LazySetupError when the configuration can't work; the message names the fix
 */
export function withLazy(config: LazyConfig): LazyAuth {
  return withNextDefaults(withLazyAnywhere(config))
}

/** Adds the defaults of next-auth to what the other `withLazy` returned; twice does no harm. */
export function withNextDefaults(auth: LazyAuth): LazyAuth {
  return refusingToBeConfig((argument) => {
    const config = auth(argument && webRequest(argument))
    config.secret ??= process.env.AUTH_SECRET ?? process.env.NEXTAUTH_SECRET
    config.basePath ||= pathOf(process.env.AUTH_URL ?? process.env.NEXTAUTH_URL) ?? "/api/auth"
    // next-auth gives no request where it signs in for a server action, and for a server component.
    if (argument === undefined) {
      config.providers = config.providers.map(refusingReadOnlyCookies)
      learnRequest(config)
    }
    // next-auth hands on the request after it has asked for the configuration.
    if (argument && "nextUrl" in argument) hideForeignCookies((argument as unknown as NextRequest).headers, config)
    return config
  })
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

/** A request of Next as other frameworks have it: without a body, which is for Auth.js to read, under the address that visitors use. */
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
