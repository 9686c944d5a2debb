import type { AuthConfig } from "@auth/core"

/** What the gate wants to know of the `lazy` options. */
export interface GateSettings {
  isBot?: (userAgent: string | null) => boolean
}

const SETTINGS = Symbol("authjs-lazy gate settings")

/** Leaves them in a configuration, where they outlive a copy and mean nothing to Auth.js. */
export function keepGateSettings(config: AuthConfig, settings: GateSettings): void {
  Object.assign(config, { [SETTINGS]: settings })
}

/** The settings of a configuration that `withLazy` has made. */
export function gateSettings(config: AuthConfig & { [SETTINGS]?: GateSettings }): GateSettings {
  return config[SETTINGS] ?? {}
}
