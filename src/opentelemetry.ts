export type { LazyOperation, LazyTelemetry, OperationEnd, OperationOutcome } from "./store/telemetry.js"
export { type OpenTelemetryOptions, openTelemetry } from "./telemetry/open-telemetry.js"
