import type { AuthConfig } from "@auth/core"
import type { InternalAdapter } from "../../store/lazy-adapter.js"
import type { TakeCreation } from "../config/limits.js"
import type { LazyEvents, LazyOptions } from "../config/options.js"
import type { SharedLimiters } from "../config/shared-limiters.js"

/** The values that are the same for every request of an app. */
export interface AppContext {
  readonly adapter: InternalAdapter
  /** The adapter without its store, as Auth.js takes it. */
  readonly base: Omit<InternalAdapter, "lazy">
  readonly options: Required<Pick<LazyOptions, "enabled" | "recheck">> & LazyOptions
  readonly events: LazyEvents
  readonly strategy: "jwt" | "database"
  /** The lifetime of a session, in seconds: `session.maxAge` of Auth.js. */
  readonly maxAge: number
  /** The longest lifetime of a session, as the purge is told, in seconds. */
  readonly longestSession: number
  /** The seconds between two records of a session's use: `session.updateAge` of Auth.js. */
  readonly updateAge: number
  readonly generateSessionToken: (() => string) | undefined
  readonly takeCreation: TakeCreation
  /** The counters in memory that outlive the configuration. */
  readonly limiters: SharedLimiters
  /** The app's own `jwt.decode`. */
  readonly decode: NonNullable<AuthConfig["jwt"]>["decode"]
  /** Whether every token of this library has its claims: not under a codec of the app's own. */
  readonly keepsClaims: boolean
}
