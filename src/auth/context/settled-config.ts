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

/** Remembers the settled part of what `withLazy` returned. */
export function keepSettled(auth: LazyAuth, { config, options }: SettledConfig): LazyAuth {
  const { cookies, useSecureCookies, secret, trustHost } = config
  settled.set(auth, { config: { providers: [], cookies, useSecureCookies, secret, trustHost }, options })
  return auth
}

/** Remembers that a function returns the configurations of another, with more defaults. */
export function shareSettled(auth: LazyAuth, given: LazyAuth): LazyAuth {
  const shared = settled.get(given)
  if (shared) settled.set(auth, shared)
  return auth
}

/**
 * Returns the settled part of a configuration, so that a request that needs no more is spared the
 * rest. Returns undefined for a function of the app's own, and where Auth.js would refuse the
 * configuration.
 */
export function settledConfigOf(auth: LazyAuth): SettledConfig | undefined {
  const found = settled.get(auth)
  if (!found) return undefined
  const config = { ...found.config }
  addEnvironment(config)
  return config.trustHost && config.secret?.length ? { config, options: found.options } : undefined
}
