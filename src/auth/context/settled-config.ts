import type { AuthConfig } from "@auth/core"
import { addEnvironment } from "../config/request-config.js"
import type { LazyAuth } from "../request/head.js"
import type { AppContext } from "./app-context.js"

/** The part of a configuration that is the same for every request. */
export interface SettledConfig {
  config: AuthConfig
  options: Pick<AppContext["options"], "enabled" | "isBot" | "embedded">
}

const settled = new WeakMap<LazyAuth, SettledConfig>()

/** Stores the settled part of a function that `withLazy` returns. */
export function keepSettled(auth: LazyAuth, { config, options }: SettledConfig): LazyAuth {
  const { cookies, useSecureCookies, secret, trustHost } = config
  settled.set(auth, { config: { providers: [], cookies, useSecureCookies, secret, trustHost }, options })
  return auth
}

/** Gives a function that adds defaults to the configurations of another the same settled part. */
export function shareSettled(auth: LazyAuth, given: LazyAuth): LazyAuth {
  const shared = settled.get(given)
  if (shared) settled.set(auth, shared)
  return auth
}

/**
 * Returns the settled part of a configuration, for a request that needs nothing else of it. Returns
 * undefined for a function that `withLazy` didn't make, and where Auth.js would refuse the
 * configuration.
 */
export function settledConfigOf(auth: LazyAuth): SettledConfig | undefined {
  const found = settled.get(auth)
  if (!found) return undefined
  const config = { ...found.config }
  addEnvironment(config)
  return config.trustHost && config.secret?.length ? { config, options: found.options } : undefined
}
