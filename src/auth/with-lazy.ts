import type { AuthConfig } from "@auth/core"
import { LazySetupError } from "../errors.js"
import { rememberSessionMaxAge } from "../store/session-life.js"
import { bindProvider, checkProvider } from "./bound-provider.js"
import { composeCallbacks } from "./callbacks.js"
import { checkTrustedProxy, clientKey } from "./client-address.js"
import type { LazyAuth, LazyConfig, LazyRequest, RequestHead } from "./config.js"
import { creationLimits, type TakeCreation } from "./creation-limits.js"
import { type CurrentSession, readCurrentSession } from "./current-session.js"
import { composeEvents } from "./events.js"
import { keepGateSettings } from "./gate-settings.js"
import { linkingAdapter } from "./linking-adapter.js"
import { newLinkingState } from "./linking-state.js"
import { honoAddress, platformAddress } from "./node-address.js"
import { nameInTokenForPasskey } from "./passkey-name.js"
import { forwardedHead, publicHead, wholeRequest } from "./public-url.js"
import type { RequestContext } from "./request-context.js"
import { longestSession, sessionSettings } from "./session-settings.js"
import { composeEncode } from "./session-token.js"
import { decodeToken } from "./token-codec.js"

const DEFAULT_RECHECK = 300

/**
 * Adds lazy users to a configuration of Auth.js. Returns what `NextAuth()`, Hono, SvelteKit and our own middleware take: a function that
 * makes the configuration for a request. The object given is not changed.
 *
 * Sessions are database sessions unless `session.strategy` is `"jwt"`; both work with every provider here.
 * @throws LazySetupError when the configuration can't work; the message names the fix
 */
export function withLazy(config: LazyConfig): LazyAuth {
  checkConfig(config)
  rememberSessionMaxAge(config.adapter.lazy, longestSession(config))
  const takeCreation = creationLimits(config.lazy?.limits)
  return (argument) => buildConfig(config, incoming(argument), takeCreation)
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
  { readHead, getClientAddress }: Incoming,
  takeCreation: TakeCreation,
): AuthConfig {
  const strategy = config.session?.strategy ?? "database"
  // Auth.js refuses the explicit "database" where all providers are credentials providers; left out, it is what an adapter means.
  const { strategy: _, ...session } = config.session ?? {}
  const built: AuthConfig = {
    ...config,
    session: strategy === "jwt" ? { ...session, strategy } : session,
  }
  const { maxAge, updateAge } = sessionSettings(config)
  let current: Promise<CurrentSession | null> | undefined
  let head: RequestHead | undefined
  const context: RequestContext = {
    config: built,
    adapter,
    options: { ...lazy, enabled: lazy?.enabled ?? true, recheck: lazy?.recheck ?? DEFAULT_RECHECK },
    events: config.events ?? {},
    strategy,
    updateAge,
    get head() {
      head ??= readHead?.()
      return head
    },
    set head(given) {
      head = given
    },
    wholeRequest() {
      if (!context.head) throw new Error("The request is not known yet.")
      return wholeRequest(context.head)
    },
    client: () => clientKey(context.head?.headers, getClientAddress, lazy?.trustProxy),
    takeCreation,
    plan: undefined,
    byPassword: false,
    linking: newLinkingState(),
    currentSession() {
      if (!context.head) return Promise.resolve(null)
      current ??= readCurrentSession(built, adapter, strategy, context.head)
      return current
    },
    newSession() {
      if (strategy === "jwt") return undefined
      return {
        sessionToken: session.generateSessionToken?.() ?? crypto.randomUUID(),
        expires: new Date(Date.now() + maxAge * 1000),
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
    decode: async (params) => nameInTokenForPasskey(await (config.jwt?.decode ?? decodeToken)(params), context),
  }
  keepGateSettings(built, { isBot: lazy?.isBot, plan: () => context.plan, store: adapter.lazy })
  return built
}

/**
 * What is known of the visitor, found out where it counts: most pages ask for nothing but the session, and some frameworks throw where they
 * don't know the address.
 */
interface Incoming {
  readHead?: () => RequestHead
  getClientAddress?: () => string
}

function incoming(argument: LazyRequest | undefined): Incoming {
  if (argument === undefined) return {}
  // First, since a request of Next's proxies throws where `request` is read.
  if (argument instanceof Request) return { readHead: () => publicHead(argument) }
  if ("req" in argument)
    return {
      readHead: () => publicHead(forwardedHead(argument.req.raw)),
      getClientAddress: honoAddress(argument.env),
    }
  if (!("request" in argument)) return { readHead: () => publicHead(argument) }
  return {
    readHead: () => publicHead(argument.request),
    getClientAddress: () => argument.getClientAddress?.() ?? platformAddress(argument.platform) ?? "",
  }
}
