import { type AuthConfig, setEnvDefaults } from "@auth/core"
import { contextOf } from "../../auth/context/request-context.js"
import type { LazyAuth } from "../../auth/request/head.js"
import { longestSession, sessionSettings } from "../../auth/session/settings.js"
import { internals, type StoreInternals } from "../../store/lazy-store.js"
import type { MergeTables } from "../../store/merge/types.js"
import type { LazyAdapterOptions } from "../../store/tables/resolve-tables.js"

/**
 * The settings of a configuration of Auth.js, with the defaults of the environment of this process.
 */
export interface ConfigFacts {
  strategy: "jwt" | "database"
  /** In seconds. */
  maxAge: number
  /** In seconds. */
  updateAge: number
  /** How long a session can live without being used, in seconds. */
  longestSession: number
  providerIds: string[]
  providerTypes: string[]
  /**
   * The ids of OAuth providers with neither a state nor a nonce, where only PKCE ties an answer to
   * the browser.
   */
  pkceOnly: string[]
  trustHost: boolean
  /** Each secret with where it comes from. */
  secrets: { secret: string; where: string }[]
  /** Whether cookies are secure even when the address begins with http. */
  secureCookies: boolean
  /** The address under which visitors reach the app, with the variable that sets it. */
  url: { variable: string; value: string } | undefined
  /** The tables that merges leave alone. */
  mergeTables: MergeTables
  /** Whether this process runs in production, by NODE_ENV. */
  production: boolean
}

/** Reads a configuration as Auth.js reads it, without a request. */
export function readConfig(auth: LazyAuth, env: NodeJS.ProcessEnv): ConfigFacts {
  const config: AuthConfig = auth()
  const own = config.secret
  setEnvDefaults(env, config, true)
  const { maxAge, updateAge } = sessionSettings(config)
  const variable = ["AUTH_URL", "NEXTAUTH_URL"].find((name) => env[name])
  const providers = config.providers.map((provider) => (typeof provider === "function" ? provider({}) : provider))
  return {
    strategy: config.session?.strategy ?? "database",
    maxAge,
    updateAge,
    longestSession: longestSession(config),
    providerIds: providers.map(({ id }) => id),
    providerTypes: providers.map(({ type }) => type),
    pkceOnly: providers.filter(reliesOnPkce).map(({ id }) => id),
    trustHost: config.trustHost ?? false,
    secrets: secretsOf(own, env),
    secureCookies: config.useSecureCookies ?? false,
    url: variable === undefined ? undefined : { variable, value: env[variable] as string },
    mergeTables: contextOf(auth())?.options.mergeTables ?? {},
    production: env.NODE_ENV === "production",
  }
}

/** Reads the tables of a configuration; undefined without an adapter of this library. */
export function readAdapterTables(auth: LazyAuth): LazyAdapterOptions | undefined {
  const store = contextOf(auth())?.adapter.lazy
  // A store of an earlier version, or of the app's own making, has no setup.
  return store && (internals(store) as Partial<Pick<StoreInternals, "setup">>).setup?.().tables
}

/**
 * Resolves `checks` as Auth.js does: the setting of the app, else that of the provider, else PKCE,
 * plus a state with `redirectProxyUrl`. For an OpenID provider without PKCE, Auth.js uses a nonce:
 * https://authjs.dev/reference/core/providers#checks
 */
function reliesOnPkce(provider: {
  type: string
  checks?: unknown
  redirectProxyUrl?: unknown
  options?: unknown
}): boolean {
  if (provider.type !== "oauth") return false
  const { checks, redirectProxyUrl } = { ...provider, ...(provider.options as Partial<typeof provider> | undefined) }
  const asked = Array.isArray(checks) ? checks : ["pkce"]
  return redirectProxyUrl === undefined && !asked.includes("state") && !asked.includes("nonce")
}

/** next-auth reads NEXTAUTH_SECRET as well. */
const SECRET_VARIABLES = ["AUTH_SECRET", "AUTH_SECRET_1", "AUTH_SECRET_2", "AUTH_SECRET_3"]

/** Lists the secrets that Auth.js takes from the environment when a configuration has none. */
export function environmentSecrets(env: NodeJS.ProcessEnv): ConfigFacts["secrets"] {
  const named = (variables: string[]) =>
    variables.flatMap((where) => (env[where] ? [{ secret: env[where], where }] : []))
  const found = named(SECRET_VARIABLES)
  return found.length > 0 ? found : named(["NEXTAUTH_SECRET"])
}

function secretsOf(own: AuthConfig["secret"], env: NodeJS.ProcessEnv): ConfigFacts["secrets"] {
  const given = [own ?? []].flat()
  if (given.length === 0) return environmentSecrets(env)
  return given.map((secret, position) => {
    const variable = [...SECRET_VARIABLES, "NEXTAUTH_SECRET"].find((name) => env[name] === secret)
    return { secret, where: variable ?? (Array.isArray(own) ? `secret[${position}]` : "secret") }
  })
}
