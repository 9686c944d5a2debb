/**
 * Provides the gates and the routes of Auth.js for Express.
 * @module authjs-lazy/express
 */

import "./auth/types.js"

export type { GateSession, SessionUser } from "./auth/types.js"
export { expressAuth, webHandler } from "./gate/express/auth-routes.js"
export { allowLazy, type GateHandler, optionalSession, requireLazy, requireReal } from "./gate/express/gates.js"
export type { AllowOptions, RequireOptions } from "./gate/options.js"
