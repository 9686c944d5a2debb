import type { AuthConfig } from "@auth/core"
import { decode } from "@auth/core/jwt"
import { LazySetupError } from "../errors.js"
import { bindProvider, checkProvider } from "./bound-provider.js"
import { composeCallbacks } from "./callbacks.js"
import { checkTrustedProxy, clientKey } from "./client-address.js"
import type { LazyAuth, LazyConfig, LazyRequest } from "./config.js"
import { creationLimits, type TakeCreation } from "./creation-limits.js"
import { type CurrentSession, readCurrentSession } from "./current-session.js"
import { composeEvents } from "./events.js"
import { keepGateSettings } from "./gate-settings.js"
import { linkingAdapter } from "./linking-adapter.js"
import { newLinkingState } from "./linking-state.js"
import { nameInTokenForPasskey } from "./passkey-name.js"
import { forwardedHead, publicHead } from "./public-url.js"
import type { RequestContext } from "./request-context.js"
import { composeEncode } from "./session-token.js"

const DEFAULT_RECHECK = 300
/** The default of Auth.js: https://authjs.dev/reference/core#session */
const DEFAULT_MAX_AGE = 30 * 24 * 60 * 60

/**
 * Adds lazy users to a configuration of Auth.js. Returns what `NextAuth()`, Hono, SvelteKit and our own middleware take: a function that
 * makes the configuration for a request. The object given is not changed.
 *
 * Sessions are database sessions unless `session.strategy` is `"jwt"`; both work with every provider here.
 * @throws LazySetupError when the configuration can't work; the message names the fix
 */
export function withLazy(config: LazyConfig): LazyAuth {
  checkConfig(config)
  const takeCreation = creationLimits(config.lazy?.limits)
  return (argument) => buildConfig(config, readRequest(argument), takeCreation)
}

function checkConfig({ adapter, providers, lazy }: LazyConfig): void {
  if (!adapter?.lazy) throw new LazySetupError("withLazy needs `adapter: LazyAdapter(db)`, from authjs-lazy/drizzle.")
  const recheck = lazy?.recheck ?? DEFAULT_RECHECK
  if (!Number.isFinite(recheck) || recheck < 0)
    throw new LazySetupError("lazy.recheck is a number of seconds, 0 or more.")
  if (lazy?.trustProxy) checkTrustedProxy(lazy.trustProxy)
  for (const provider of providers) checkProvider(provider, adapter)
}

function buildConfig(
  { lazy, adapter, ...config }: LazyConfig,
  { request, getClientAddress }: Incoming,
  takeCreation: TakeCreation,
): AuthConfig {
  const strategy = config.session?.strategy ?? "database"
  // Auth.js refuses the explicit "database" where all providers are credentials providers; left out, it is what an adapter means.
  const { strategy: _, ...session } = config.session ?? {}
  const built: AuthConfig = {
    ...config,
    session: strategy === "jwt" ? { ...session, strategy } : session,
  }
  let current: Promise<CurrentSession | null> | undefined
  const context: RequestContext = {
    config: built,
    adapter,
    options: { ...lazy, enabled: lazy?.enabled ?? true, recheck: lazy?.recheck ?? DEFAULT_RECHECK },
    events: config.events ?? {},
    strategy,
    request,
    client: () => clientKey(context.request?.headers, getClientAddress, lazy?.trustProxy),
    takeCreation,
    plan: undefined,
    byPassword: false,
    linking: newLinkingState(),
    currentSession() {
      if (!context.request) return Promise.resolve(null)
      current ??= readCurrentSession(built, adapter, strategy, context.request)
      return current
    },
    newSession() {
      if (strategy === "jwt") return undefined
      return {
        sessionToken: session.generateSessionToken?.() ?? crypto.randomUUID(),
        expires: new Date(Date.now() + (session.maxAge ?? DEFAULT_MAX_AGE) * 1000),
      }
    },
  }
  built.providers = config.providers.map((provider) => bindProvider(provider, context))
  built.callbacks = composeCallbacks(config.callbacks, context)
  built.events = composeEvents(config.events, context)
  built.adapter = linkingAdapter(adapter, context)
  built.jwt = {
    ...config.jwt,
    encode: composeEncode(config.jwt?.encode, context),
    decode: async (params) => nameInTokenForPasskey(await (config.jwt?.decode ?? decode)(params), context),
  }
  keepGateSettings(built, { isBot: lazy?.isBot })
  return built
}

/** What is known of the visitor. The address is asked for only where it counts: some frameworks throw where they don't know it. */
interface Incoming {
  request?: Request
  getClientAddress?: () => string
}

function readRequest(argument: LazyRequest | undefined): Incoming {
  if (argument === undefined) return {}
  // First, since a request of Next's proxies throws where `request` is read.
  if (argument instanceof Request) return { request: publicHead(argument) }
  if ("req" in argument) return { request: publicHead(forwardedHead(argument.req.raw)) }
  if (!("request" in argument)) return { request: publicHead(argument) }
  return { request: publicHead(argument.request), getClientAddress: () => argument.getClientAddress?.() ?? "" }
}
