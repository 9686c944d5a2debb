import type { AuthConfig } from "@auth/core"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import type { TakeCreation } from "../config/limits.js"
import type { LazyEvents, LazyOptions } from "../config/options.js"
import type { SharedLimiters } from "../config/shared-limiters.js"

/** What is the same for every request of an app. */
export interface AppContext {
  readonly adapter: InternalAdapter
  readonly options: Required<Pick<LazyOptions, "enabled" | "recheck">> & LazyOptions
  readonly events: LazyEvents
  readonly strategy: "jwt" | "database"
  /** How many seconds a session lives: `session.maxAge` of Auth.js. */
  readonly maxAge: number
  /** How many seconds a session lives at most, as the purge is told. */
  readonly longestSession: number
  /** How many seconds a session goes on before its use is recorded: `session.updateAge` of Auth.js. */
  readonly updateAge: number
  readonly generateSessionToken: (() => string) | undefined
  readonly takeCreation: TakeCreation
  /** Counters in memory that outlive the configuration. */
  readonly limiters: SharedLimiters
  /** The app's own `jwt.decode`. */
  readonly decode: NonNullable<AuthConfig["jwt"]>["decode"]
}
