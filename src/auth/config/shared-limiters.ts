import { createHash } from "node:crypto"
import { RateLimiterMemory } from "rate-limiter-flexible"
import { knownPlace } from "../../store/database-place.js"
import { type Allowance, KeptLimiter } from "./kept-limiter.js"
import type { LazyConfig } from "./options.js"

/** The number of apps whose counts are kept. Beyond it, the app used longest ago starts at zero. */
const MAX_APPS = 256

const apps = new Map<string, Outliving>()

/** State that outlives the configurations of one app. */
interface Outliving {
  limiters: Map<string, RateLimiterMemory>
  logged: Set<string>
}

/**
 * Counts for one configuration, in the memory of this process. An equal configuration, made for the
 * next request, finds the counts again; see {@link KeptLimiter}.
 */
export class SharedLimiters {
  readonly #own = new Map<string, KeptLimiter>()

  constructor(private readonly outliving: Outliving) {}

  /** Returns the limiter with this name and allowance. */
  limiter(name: string, allowance: Allowance): RateLimiterMemory {
    const { limiters } = this.outliving
    const key = `${name} ${allowance.points} ${allowance.duration}`
    const outliving = limiters.get(key) ?? new RateLimiterMemory({ keyPrefix: name, ...allowance })
    limiters.set(key, outliving)
    const own = this.#own.get(key) ?? new KeptLimiter(name, allowance, outliving)
    this.#own.set(key, own)
    return own
  }

  /** Tells whether a subject comes up for the first time in this app, and remembers it. */
  isFirst(subject: string): boolean {
    const { logged } = this.outliving
    const isNew = !logged.has(subject)
    logged.add(subject)
    return isNew
  }
}

/**
 * Finds the counters of a configuration by its values, since its objects may be new in each
 * request.
 */
export function sharedLimiters(config: LazyConfig): SharedLimiters {
  const key = keyOf(config)
  const found = apps.get(key) ?? { limiters: new Map(), logged: new Set() }
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

/**
 * Turns options into text that is equal for equal source: functions by their source, limiters of
 * the app by their class.
 */
function textOf(options: unknown): string {
  if (typeof options !== "object" || options === null) return String(options)
  const prototype = Object.getPrototypeOf(options)
  if (prototype !== null && prototype !== Object.prototype) return options.constructor.name
  return JSON.stringify(Object.entries(options).map(([name, value]) => [name, textOf(value)]))
}
