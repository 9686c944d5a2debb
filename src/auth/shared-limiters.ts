import { createHash } from "node:crypto"
import { RateLimiterMemory } from "rate-limiter-flexible"
import { knownPlace } from "../store/database-place.js"
import type { LazyConfig } from "./config.js"
import { type Allowance, KeptLimiter } from "./kept-limiter.js"

/** More apps than one process serves; beyond it the one that was asked for longest ago starts to count anew. */
const MAX_APPS = 256

const apps = new Map<string, Outliving>()

/** What outlives the configurations of one app. */
interface Outliving {
  limiters: Map<string, RateLimiterMemory>
  said: Set<string>
}

/**
 * The counters of a configuration in the memory of this process. Where the configuration is made anew for each request, an equal one finds
 * them again; see {@link KeptLimiter}.
 */
export class SharedLimiters {
  readonly #own = new Map<string, KeptLimiter>()

  constructor(private readonly outliving: Outliving) {}

  /** The limiter of this name and allowance. */
  limiter(name: string, allowance: Allowance): RateLimiterMemory {
    const { limiters } = this.outliving
    const key = `${name} ${allowance.points} ${allowance.duration}`
    const outliving = limiters.get(key) ?? new RateLimiterMemory({ keyPrefix: name, ...allowance })
    limiters.set(key, outliving)
    const own = this.#own.get(key) ?? new KeptLimiter(name, allowance, outliving)
    this.#own.set(key, own)
    return own
  }

  /** Whether something is said for the first time in this app; it is remembered. */
  isFirst(subject: string): boolean {
    const { said } = this.outliving
    const isNew = !said.has(subject)
    said.add(subject)
    return isNew
  }
}

/** The counters of a configuration. Everything in it may be a new object: values alone tell apps apart. */
export function sharedLimiters(config: LazyConfig): SharedLimiters {
  const key = keyOf(config)
  const found = apps.get(key) ?? { limiters: new Map(), said: new Set() }
  apps.delete(key)
  apps.set(key, found)
  const [oldest] = apps.size > MAX_APPS ? apps.keys() : []
  if (oldest !== undefined) apps.delete(oldest)
  return new SharedLimiters(found)
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
