/**
 * Provides the gates for SvelteKit, as handles.
 * @module authjs-lazy/sveltekit
 */

import "./auth/types.js"

export type { GateSession, SessionUser } from "./auth/types.js"
export type { AllowOptions, RequireOptions } from "./gate/options.js"
export { allowLazy, optionalSession, requireLazy, requireReal } from "./gate/sveltekit.js"
