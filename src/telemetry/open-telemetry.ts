import {
  type Attributes,
  type Counter,
  context,
  diag,
  type MeterProvider,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from "@opentelemetry/api"
import type { LazyOperation, LazyTelemetry, OperationEnd, OperationOutcome } from "../store/telemetry.js"
import { failureOf } from "./failure.js"

/**
 * Options of {@link openTelemetry}.
 * @example
 * const options: OpenTelemetryOptions = { userIds: true }
 */
export interface OpenTelemetryOptions {
  /**
   * Whether spans name users by their ids: `user.id`, and `authjs_lazy.merge.from.id` for a lazy user
   * that was merged. Counters never do.
   * @default false
   */
  userIds?: boolean
  /**
   * The provider of the tracer.
   * @default the global one
   */
  tracerProvider?: TracerProvider
  /**
   * The provider of the meter.
   * @default the global one
   */
  meterProvider?: MeterProvider
}

const SCOPE = "authjs-lazy"

/** The counters, by operation. */
const COUNTERS: Record<LazyOperation, { name: string; description: string }> = {
  create: { name: "authjs_lazy.creations", description: "Lazy users that were made, found again, or refused." },
  convert: { name: "authjs_lazy.conversions", description: "Lazy users that became real, or were refused." },
  merge: { name: "authjs_lazy.merges", description: "Lazy users that were merged into real ones, or were not." },
  purge: { name: "authjs_lazy.purges", description: "Lazy users that were purged, or held back from it." },
  delete: { name: "authjs_lazy.deletions", description: "Lazy users that were deleted one by one." },
  "sign-in": { name: "authjs_lazy.sign_ins", description: "Sign-ins by password that were refused." },
}

/**
 * Makes telemetry that records spans and counters through `@opentelemetry/api`, for
 * `lazy.telemetry`. Without an SDK in the process, that package does nothing.
 *
 * No attribute holds a name, an address, a token or the message of an error. A failure of the SDK
 * goes to the `diag` logger and never reaches a visitor.
 * @example
 * const authConfig = withLazy({
 *   adapter: LazyAdapter(db),
 *   providers: [LazyProvider()],
 *   lazy: { telemetry: openTelemetry() },
 * })
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): LazyTelemetry {
  const count = countWith(options)
  const tracer = () => (options.tracerProvider ?? trace).getTracer(SCOPE)
  return {
    async run(operation, work, endOf) {
      const span = safely(() => tracer().startSpan(`authjs_lazy.${operation}`, { kind: SpanKind.INTERNAL }))
      try {
        const result = await (span ? context.with(trace.setSpan(context.active(), span), work) : work())
        safely(() => succeed(endOf(result), operation, span))
        return result
      } catch (error) {
        safely(() => fail(error, operation, span))
        throw error
      } finally {
        safely(() => span?.end())
      }
    },
    count: (operation, outcome) => safely(() => count(operation, outcome)),
  }

  function succeed(end: OperationEnd, operation: LazyOperation, span: Span | undefined): void {
    span?.setAttributes(attributesOf(end, options.userIds === true))
    if (end.dryRun) return
    for (const outcome of end.outcomes) count(operation, outcome)
  }

  function fail(error: unknown, operation: LazyOperation, span: Span | undefined): void {
    const { outcome, type, isExpected } = failureOf(error)
    const reason = outcome === "refused" ? { "authjs_lazy.reason": type } : { "error.type": type }
    span?.setAttributes({ "authjs_lazy.outcome": outcome, ...reason })
    // The message of an error may hold what a person typed or an app wrote.
    if (!isExpected) span?.setAttribute("error.type", type).setStatus({ code: SpanStatusCode.ERROR })
    count(operation, { outcome, reason: type })
  }
}

/** Makes the function that counts, with counters of the provider that is there at the time. */
function countWith({ meterProvider }: OpenTelemetryOptions) {
  let from: MeterProvider | undefined
  let counters = new Map<LazyOperation, Counter>()
  return (operation: LazyOperation, { outcome, users = 1, way, reason, table }: OperationOutcome): void => {
    const provider = meterProvider ?? metrics.getMeterProvider()
    // An SDK that starts after the first request replaces the provider that does nothing.
    if (provider !== from) {
      from = provider
      counters = new Map()
    }
    const { name, description } = COUNTERS[operation]
    const counter =
      counters.get(operation) ?? provider.getMeter(SCOPE).createCounter(name, { description, unit: "{user}" })
    counters.set(operation, counter)
    counter.add(users, {
      "authjs_lazy.outcome": outcome,
      ...(way !== undefined && { "authjs_lazy.way": way }),
      ...(reason !== undefined && { [outcome === "failed" ? "error.type" : "authjs_lazy.reason"]: reason }),
      ...(table !== undefined && { "db.collection.name": table }),
    })
  }
}

function attributesOf(end: OperationEnd, userIds: boolean): Attributes {
  const { outcomes, userId, fromId, movedRows, dryRun } = end
  const [only] = outcomes
  const sum = (outcome: OperationOutcome["outcome"]) =>
    outcomes.reduce((users, each) => (each.outcome === outcome ? users + (each.users ?? 1) : users), 0)
  const isBatch = outcomes.length !== 1 || only?.users !== undefined
  return {
    ...(isBatch
      ? {
          "authjs_lazy.outcome": "purged",
          "authjs_lazy.purge.purged": sum("purged"),
          "authjs_lazy.purge.skipped": sum("skipped"),
          "authjs_lazy.purge.failed": sum("failed"),
          "authjs_lazy.purge.dry_run": dryRun === true,
        }
      : { "authjs_lazy.outcome": only?.outcome }),
    ...(only?.way !== undefined && { "authjs_lazy.way": only.way }),
    ...(movedRows !== undefined && { "authjs_lazy.merge.moved_rows": movedRows }),
    ...(userIds && userId !== undefined && { "user.id": userId }),
    ...(userIds && fromId !== undefined && { "authjs_lazy.merge.from.id": fromId }),
  }
}

/** Keeps the failures of an SDK from the work that it watches. */
function safely<Result>(record: () => Result): Result | undefined {
  try {
    return record()
  } catch (error) {
    try {
      diag.warn("authjs-lazy: telemetry failed.", error instanceof Error ? error.name : "")
    } catch {
      // A logger that throws is the SDK's own affair.
    }
    return undefined
  }
}
