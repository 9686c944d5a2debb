/**
 * Provides spans and counters of what becomes of lazy users, through OpenTelemetry.
 * @module authjs-lazy/opentelemetry
 */

export type { LazyOperation, LazyTelemetry, OperationEnd, OperationOutcome } from "./store/telemetry.js"
export { type OpenTelemetryOptions, openTelemetry } from "./telemetry/open-telemetry.js"
