/**
 * Provides the gates for Next.js: its proxy, route handlers, server components and actions.
 * @module authjs-lazy/next
 */

import "./auth/types.js"

export type { GateSession, SessionUser } from "./auth/types.js"
export { withLazy } from "./gate/next/config.js"
export {
  allowLazy,
  type GatedRequest,
  type NextGate,
  optionalSession,
  requireLazy,
  requireReal,
} from "./gate/next/gate.js"
export type { GuardOptions } from "./gate/next/guard.js"
export type { AllowOptions, RequireOptions } from "./gate/options.js"
