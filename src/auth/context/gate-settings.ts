import type { AuthConfig } from "@auth/core"
import type { LazyStore } from "../../store/lazy-store.js"
import type { MergeTables } from "../../store/merge/types.js"
import type { RequestHead } from "../request/head.js"
import type { SignInPlan } from "./sign-in-plan.js"

/** What the gate and the purge route want to know that is no part of a configuration of Auth.js. */
export interface GateSettings {
  isBot?: (userAgent: string | null) => boolean
  /** What the provider that is signing somebody in wants done; undefined before. */
  plan?: () => SignInPlan | undefined
  /** Whether the session of this request was ended before it expired: its user has converted, or is gone. */
  isEnded?: () => boolean
  /** Takes the head of a request that a configuration was made without. Throws LazySetupError where another one came before. */
  learnHead?: (head: RequestHead) => void
  /** False where `lazy.enabled` is false for every request. */
  mayCreate?: boolean
  /** What `LazyAdapter` adds to an adapter; the one in the configuration is without it. */
  store?: LazyStore
  /** The tables that merges leave alone; read by the doctor. */
  mergeTables?: MergeTables | undefined
}

// Registered, because tsx can load two copies of this library into one process.
const SETTINGS = Symbol.for("authjs-lazy gate settings")

/** Leaves them in a configuration, where they outlive a copy and mean nothing to Auth.js. */
export function keepGateSettings(config: AuthConfig, settings: GateSettings): void {
  Object.assign(config, { [SETTINGS]: settings })
}

/** The settings of a configuration that `withLazy` has made. */
export function gateSettings(config: AuthConfig & { [SETTINGS]?: GateSettings }): GateSettings {
  return config[SETTINGS] ?? {}
}
