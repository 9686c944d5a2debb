import { LazySetupError } from "../errors.js"

/** An operation that telemetry records. */
export type LazyOperation = "create" | "convert" | "merge" | "purge" | "delete" | "sign-in"

/** An outcome of an operation, or of a request for it that was refused. */
export interface OperationOutcome {
  /**
   * What came of it: `created` or, for a browser that asked twice, `reused`; `converted`; `merged`,
   * or `left` behind by a sign-in without a merge; `purged`, or `skipped` because rows refer to the
   * user; `deleted`, `taken-back` with a sign-in that failed, or `unchanged`; `refused`; `failed`.
   */
  outcome:
    | "created"
    | "reused"
    | "converted"
    | "merged"
    | "left"
    | "purged"
    | "skipped"
    | "deleted"
    | "taken-back"
    | "unchanged"
    | "refused"
    | "failed"
  /**
   * How many users have it.
   * @default 1
   */
  users?: number
  /** How a user became real: `password`, `email`, `passkey`, or the id of a provider. */
  way?: string
  /** Why it was refused: a code of this library or of the app, or a reason of the gate. */
  reason?: string
  /** The table whose rows hold users back from the purge. */
  table?: string
}

/** What an operation came to. */
export interface OperationEnd {
  /** Each outcome. A purge can have several. */
  outcomes: OperationOutcome[]
  /** The user: for a merge, the real one. */
  userId?: string
  /** The lazy user that was merged. */
  fromId?: string
  /** How many rows a merge moved. */
  movedRows?: number
  /** Whether nothing was changed, because the purge only counts. */
  dryRun?: boolean
}

/**
 * Records what this library does: `openTelemetry()` of `authjs-lazy/opentelemetry`, or an object of
 * the app's own. It gets no name, no address, no token and no message of an error.
 * @example
 * const telemetry: LazyTelemetry = {
 *   run: (operation, work) => work().finally(() => console.log(operation)),
 *   count: (operation, { outcome, reason }) => console.log(operation, outcome, reason),
 * }
 */
export interface LazyTelemetry {
  /**
   * Runs an operation, and returns or throws what it does. Must wait until the work has ended: some
   * of it runs in a transaction.
   * @param endOf tells the outcome from the result
   */
  run<Result>(
    operation: LazyOperation,
    work: () => Promise<Result>,
    endOf: (result: Result) => OperationEnd,
  ): Promise<Result>
  /** Counts an outcome of something that is no operation of its own, such as a refusal. */
  count(operation: LazyOperation, outcome: OperationOutcome): void
}

const known = new WeakMap<object, LazyTelemetry>()

/**
 * Remembers the telemetry of the app that uses this store, also for calls that come from outside
 * of a request: `adapter.lazy.purge()`.
 * @throws LazySetupError when it is not an object with `run` and `count`
 */
export function rememberTelemetry(store: object, telemetry: LazyTelemetry): void {
  if (typeof telemetry?.run !== "function" || typeof telemetry.count !== "function")
    throw new LazySetupError(
      "lazy.telemetry must be what openTelemetry() returns: lazy: { telemetry: openTelemetry() }, from authjs-lazy/opentelemetry.",
    )
  known.set(store, telemetry)
}

/** Returns the telemetry of the app that uses this store; undefined where it has none. */
export const telemetryOf = (store: object): LazyTelemetry | undefined => known.get(store)
