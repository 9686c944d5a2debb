import type { AuthConfig } from "@auth/core"
import { LazySetupError } from "../errors.js"
import { SetupProblems } from "../setup-problems.js"
import type { InternalAdapter } from "../store/lazy-adapter.js"
import { onlyActive } from "../store/only-active.js"
import { rememberTelemetry } from "../store/telemetry.js"
import { rememberSessionMaxAge } from "../store/users/session-life.js"
import { composeCallbacks } from "./callbacks.js"
import { allowPasskeysElsewhere } from "./config/allow-passkeys.js"
import { checkEmbedding, frameCookies } from "./config/embedding.js"
import { creationLimits } from "./config/limits.js"
import { loudLogger } from "./config/loud-logger.js"
import { notAConfiguration, sharedConfiguration } from "./config/one-request.js"
import type { LazyConfig } from "./config/options.js"
import { sharedLimiters } from "./config/shared-limiters.js"
import type { AppContext } from "./context/app-context.js"
import { hideFromOtherSites } from "./context/loaded-elsewhere.js"
import { contextOf, type Incoming, keepContext, RequestContext } from "./context/request-context.js"
import { keepSettled } from "./context/settled-config.js"
import { composeEvents } from "./events.js"
import { linkingAdapter } from "./linking/adapter.js"
import { bindProvider, problemsOf } from "./providers/bound-provider.js"
import { needsWithoutMerge, withoutMergeProvider } from "./providers/without-merge.js"
import { checkTrustedProxy } from "./request/client-address.js"
import { hideForeignCookies } from "./request/cookies.js"
import type { LazyAuth, LazyRequest, RequestHead } from "./request/head.js"
import { honoAddress, platformAddress } from "./request/node-address.js"
import { configuredPath, forwardedHead, publicHead, settleForwarded } from "./request/public-url.js"
import { longestSession, sessionSettings } from "./session/settings.js"
import { composeCookies, composeDecode, composeEncode } from "./session-token.js"

const DEFAULT_RECHECK = 300

/**
 * Adds lazy users to a configuration of Auth.js. Returns a function that makes the configuration
 * for each request, which `NextAuth()`, Hono, SvelteKit and the middleware of this library take.
 * The given object stays unchanged.
 *
 * Sessions are database sessions unless `session.strategy` is `"jwt"`; every provider works with
 * both.
 * @throws LazySetupError when the configuration is invalid; the message names the fix
 * @example
 * const authConfig = withLazy({
 *   adapter: LazyAdapter(db),
 *   providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
 * })
 */
export function withLazy(config: LazyConfig): LazyAuth {
  refuseUnusable(config)
  rememberSessionMaxAge(config.adapter.lazy, longestSession(config))
  if (config.lazy?.telemetry) rememberTelemetry(config.adapter.lazy, config.lazy.telemetry)
  const app = appContext(config)
  const settled = settledConfig(config, app)
  const auth = refusingToBeConfig((argument) => {
    const providers = needsWithoutMerge(argument && headOf(argument).url)
      ? [...settled.providers, withoutMerge]
      : settled.providers
    const built = buildConfig({ ...settled, providers }, app, incoming(argument))
    // @hono/auth-js would set `basePath` to "/" for an AUTH_URL without a path.
    if (argument && "req" in argument && !(argument instanceof Request)) built.basePath ??= configuredPath() ?? "/auth"
    if (argument === undefined) return usableOnce(built)
    const request = requestOf(argument)
    if (request instanceof Request) hideCookies(request, argument, built)
    return built
  })
  return keepSettled(auth, { config: settled, options: app.options })
}

const withoutMerge = withoutMergeProvider()

/** Removes the cookies that Auth.js must not see from a request that an integration passes to it. */
function hideCookies(request: Request, argument: LazyRequest, built: AuthConfig): void {
  const isRoute = isAuthRoute(request, built)
  if (isRoute || isOfSvelteKit(argument)) hideForeignCookies(request.headers, built)
  // `handleAuth` passes a copy to Auth.js.
  const isPassedOn = argument instanceof Request || "req" in argument || isOfSvelteKit(argument)
  const context = isRoute && isPassedOn && contextOf(built)
  if (context) hideFromOtherSites(request, built, context)
}

/** Throws a setup error when an integration, or Auth.js, reads the function as a configuration. */
export function refusingToBeConfig(auth: LazyAuth): LazyAuth {
  return Object.defineProperty(auth, "providers", {
    get() {
      throw notAConfiguration()
    },
  })
}

/**
 * Makes a configuration that was built without a request fail on its second use. Auth.js reads
 * `raw` once in each request, also in a copy; reads within one microtask are those of one request.
 */
function usableOnce(built: AuthConfig): AuthConfig {
  let reading = false
  let used = false
  return Object.defineProperty(built, "raw", {
    enumerable: true,
    configurable: true,
    get() {
      if (used && !reading) {
        const error = sharedConfiguration()
        built.logger?.error?.(error)
        throw error
      }
      if (!used)
        queueMicrotask(() => {
          reading = false
        })
      used = reading = true
      return undefined
    },
  })
}

function requestOf(argument: LazyRequest): RequestHead {
  if (argument instanceof Request) return argument
  return "req" in argument ? argument.req.raw : "request" in argument ? argument.request : argument
}

/**
 * Tells whether SvelteKit passes the request. It keeps all cookies in `event.cookies` too, and
 * passes this request to Auth.js for every page.
 */
function isOfSvelteKit(argument: LazyRequest): boolean {
  return "locals" in argument && "cookies" in argument
}

/**
 * Tells whether an integration passes the request to Auth.js, so that no handler of the app sees
 * it.
 */
function isAuthRoute({ url }: Request, { basePath = configuredPath() ?? "/auth" }: AuthConfig): boolean {
  return url.includes(`${basePath}/`) && new URL(url).pathname.startsWith(`${basePath}/`)
}

function refuseUnusable({ adapter, providers, lazy, cookies }: LazyConfig): void {
  if (!adapter?.lazy) throw new LazySetupError("withLazy needs `adapter: LazyAdapter(db)`, from authjs-lazy/drizzle.")
  const problems = new SetupProblems()
  const recheck = lazy?.recheck ?? DEFAULT_RECHECK
  if (!Number.isFinite(recheck) || recheck < 0)
    problems.add("lazy.recheck must be a number of seconds, 0 or more: lazy: { recheck: 300 }.")
  const { onMergeError } = lazy ?? {}
  if (typeof onMergeError === "object" && !(Number.isFinite(onMergeError.leave) && onMergeError.leave >= 0))
    problems.add(
      "lazy.onMergeError.leave must be a number of seconds, 0 or more: lazy: { onMergeError: { leave: 90 * 24 * 60 * 60 } }.",
    )
  const { trustProxy } = lazy ?? {}
  if (trustProxy) problems.try(() => checkTrustedProxy(trustProxy))
  if (lazy?.embedded !== undefined) problems.try(() => checkEmbedding(lazy.embedded, cookies))
  // Two providers often lack the same thing.
  const ofProviders = providers.flatMap((provider) => problemsOf(provider, adapter as InternalAdapter))
  problems.add(...new Set(ofProviders))
  problems.refuse()
}

function appContext(given: LazyConfig): AppContext {
  const { lazy, adapter, events = {}, ...config } = given
  const limiters = sharedLimiters(given)
  const { maxAge, updateAge } = sessionSettings(config)
  const internal = adapter as InternalAdapter
  const active = [internal.lazy.isActive, lazy?.isActive].reduce(onlyActive, internal)
  const { lazy: _, ...base } = active
  return {
    adapter: active,
    base,
    options: {
      ...lazy,
      enabled: lazy?.enabled ?? true,
      recheck: lazy?.recheck ?? DEFAULT_RECHECK,
      embedded: lazy?.embedded?.length ? [...lazy.embedded] : undefined,
    },
    events,
    strategy: config.session?.strategy ?? "database",
    maxAge,
    longestSession: longestSession(config),
    updateAge,
    generateSessionToken: config.session?.generateSessionToken,
    takeCreation: creationLimits(lazy?.limits, limiters),
    limiters,
    decode: config.jwt?.decode,
    keepsClaims: config.jwt?.encode === undefined && config.jwt?.decode === undefined,
  }
}

/** Returns the part of the configuration that is the same for every request. */
function settledConfig({ lazy: _, adapter: __, ...config }: LazyConfig, { strategy, options }: AppContext): AuthConfig {
  // Auth.js refuses an explicit "database" when all providers are credentials providers. With an
  // adapter, "database" is its default.
  const { strategy: ___, ...session } = config.session ?? {}
  const { basePath, callbacks, cookies, events, jwt, logger, pages } = config
  return {
    // V8 adds keys slowly to an object that was spread, so name what a request sets here.
    ...{ adapter: undefined, basePath, callbacks, events, jwt, logger, pages },
    ...config,
    cookies: options.embedded ? frameCookies(cookies) : cookies,
    experimental: allowPasskeysElsewhere(config),
    session: strategy === "jwt" ? { ...session, strategy } : session,
  }
}

function buildConfig(config: AuthConfig, app: AppContext, incoming: Incoming): AuthConfig {
  // What an app changes in it for one request must not reach the next.
  const built: AuthConfig = { ...config, session: { ...config.session }, pages: { ...config.pages } }
  built.logger = loudLogger(config.logger, built)
  const context = new RequestContext(built, app, incoming)
  built.providers = config.providers.map((provider) => bindProvider(provider, context))
  built.callbacks = composeCallbacks(config.callbacks, context)
  built.events = composeEvents(config.events, context)
  if (app.strategy === "database") built.cookies = composeCookies(config.cookies, context)
  built.adapter = linkingAdapter(app.base, context)
  built.jwt = {
    ...config.jwt,
    encode: composeEncode(config.jwt?.encode, context),
    decode: composeDecode(config.jwt?.decode, context),
  }
  keepContext(built, context)
  return built
}

/** Finds the head of the request in what an integration hands over. */
function headOf(argument: LazyRequest): RequestHead {
  // Check this first: a request of Next's proxy throws when `request` is read.
  if (argument instanceof Request) return argument
  if ("req" in argument) return argument.req.raw
  // A `Request` of another implementation is not an instance of the global class.
  return "request" in argument ? argument.request : argument
}

function incoming(argument: LazyRequest | undefined): Incoming {
  if (argument === undefined) return {}
  if (argument instanceof Request) return { readHead: () => publicHead(argument) }
  if ("req" in argument) {
    settleForwarded(argument.req.raw.headers)
    return {
      readHead: () => publicHead(forwardedHead(argument.req.raw)),
      getClientAddress: honoAddress(argument.env),
    }
  }
  if (!("request" in argument)) return { readHead: () => publicHead(argument) }
  if (argument.request instanceof Request) settleForwarded(argument.request.headers)
  return {
    readHead: () => publicHead(argument.request),
    getClientAddress: () => argument.getClientAddress?.() ?? platformAddress(argument.platform) ?? "",
  }
}
