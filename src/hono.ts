/**
 * Provides the gates for Hono.
 * @module authjs-lazy/hono
 */

import "./auth/types.js"

export type { GateSession, SessionUser } from "./auth/types.js"
export { allowLazy, type GateHandler, optionalSession, requireLazy, requireReal } from "./gate/hono.js"
export type { AllowOptions, RequireOptions } from "./gate/options.js"
