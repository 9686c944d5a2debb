/**
 * Provides the configuration, the gate and the errors.
 * @module authjs-lazy
 */

import "./auth/types.js"

export { type CreationLimits, TooManyLazyUsers } from "./auth/config/limits.js"
export type * from "./auth/config/options.js"
export { type HandleAuthOptions, handleAuth } from "./auth/handle-auth.js"
export { isLazy, type MaybeLazy } from "./auth/is-lazy.js"
export { MergeFailed } from "./auth/linking/merge-failure.js"
export { LazyDisabled, LazyProvider, type LazyProviderOptions, VisitorNotVerified } from "./auth/providers/lazy.js"
export { type PurgeRouteOptions, purgeRoute } from "./auth/purge-route.js"
export type { TrustedProxy } from "./auth/request/client-address.js"
export type * from "./auth/request/head.js"
export type { GateSession, LazyUserFields, SessionUser } from "./auth/types.js"
export { withLazy } from "./auth/with-lazy.js"
export * from "./errors.js"
export type { SkipReason, UnfitRequest } from "./gate/decide.js"
export { gate } from "./gate/gate.js"
export type { GateOptions } from "./gate/options.js"
export type { GateOpen, GateRefused, GateResult } from "./gate/result.js"
export type { LazyTelemetry } from "./store/telemetry.js"
