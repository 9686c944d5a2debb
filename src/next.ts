import "./auth/types.js"

export { withLazy } from "./gate/next/config.js"
export {
  allowLazy,
  type GatedRequest,
  type NextGate,
  requireLazy,
  requireReal,
} from "./gate/next/gate.js"
export type { GuardOptions } from "./gate/next/guard.js"
