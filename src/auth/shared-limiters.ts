import { createHash } from "node:crypto"
import { RateLimiterMemory } from "rate-limiter-flexible"
import { knownPlace } from "../store/database-place.js"
import type { LazyConfig } from "./config.js"

/** More apps than one process serves; beyond it the one that was asked for longest ago starts to count anew. */
const MAX_APPS = 256

const apps = new Map<string, SharedLimiters>()

/** How much may be taken from a limiter, and in how many seconds. */
interface Allowance {
  points: number
  duration: number
}

/**
 * The counters of an app in the memory of this process. Where the configuration is made anew for each request, as in Workers, an equal one
 * finds them again.
 */
export class SharedLimiters {
  readonly #limiters = new Map<string, RateLimiterMemory>()
  readonly #said = new Set<string>()

  /** The limiter of this name and allowance. */
  limiter(name: string, { points, duration }: Allowance): RateLimiterMemory {
    const key = `${name} ${points} ${duration}`
    const limiter = this.#limiters.get(key) ?? new RateLimiterMemory({ keyPrefix: name, points, duration })
    this.#limiters.set(key, limiter)
    return limiter
  }

  /** Whether something is said for the first time in this app; it is remembered. */
  isFirst(subject: string): boolean {
    if (this.#said.has(subject)) return false
    this.#said.add(subject)
    return true
  }
}

/** The counters of the app with this configuration. Everything in it may be a new object: values alone tell apps apart. */
export function sharedLimiters(config: LazyConfig): SharedLimiters {
  const key = keyOf(config)
  const found = apps.get(key) ?? new SharedLimiters()
  apps.delete(key)
  apps.set(key, found)
  const [oldest] = apps.size > MAX_APPS ? apps.keys() : []
  if (oldest !== undefined) apps.delete(oldest)
  return found
}

function keyOf({ adapter, secret, session, providers, lazy }: LazyConfig): string {
  const digest = createHash("sha256")
    .update(JSON.stringify(secret ?? ""))
    .digest("base64")
  const ids = providers.map((provider) => (typeof provider === "object" ? provider.id : ""))
  return JSON.stringify([knownPlace(adapter.lazy), digest, session?.strategy, ids, textOf(lazy)])
}

/** The same text for options that were written alike: functions count by their source, and the app's own limiters by their class. */
function textOf(options: unknown): string {
  if (typeof options !== "object" || options === null) return String(options)
  const prototype = Object.getPrototypeOf(options)
  if (prototype !== null && prototype !== Object.prototype) return options.constructor.name
  return JSON.stringify(Object.entries(options).map(([name, value]) => [name, textOf(value)]))
}
