import "./auth/types.js"

export type { GateSession, SessionUser } from "./auth/types.js"
export type { AllowOptions, RequireOptions } from "./gate/options.js"
export { allowLazy, optionalSession, requireLazy, requireReal } from "./gate/sveltekit.js"
