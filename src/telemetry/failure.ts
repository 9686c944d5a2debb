import { LazyError, type LazyErrorCode } from "../errors.js"
import { sqlState } from "../store/sql/sql-state.js"

/** How an operation failed, without the words of the error. */
interface Failure {
  outcome: "refused" | "failed"
  /** The code of this library, the SQLSTATE, or the class of the error. */
  type: string
  /** Whether nothing is wrong with the app or its database. */
  isExpected: boolean
}

/** Errors that visitors cause by their input or by two requests at once. */
const EXPECTED: readonly LazyErrorCode[] = ["identifier_taken", "identifier_invalid", "not_lazy", "not_real"]
/** Merges that the tables make impossible, and users who would take others along. */
const IMPOSSIBLE: readonly LazyErrorCode[] = ["merge_conflict", "merge_unsupported", "other_users"]

/** OpenTelemetry's fallback value of `error.type`. */
const OTHER = "_OTHER"

/** Classifies an error by its code or class alone. */
export function failureOf(error: unknown): Failure {
  if (error instanceof LazyError) {
    const code = error.code as LazyErrorCode
    const isExpected = EXPECTED.includes(code)
    return { outcome: isExpected || IMPOSSIBLE.includes(code) ? "refused" : "failed", type: code, isExpected }
  }
  return { outcome: "failed", type: sqlState(error) ?? classOf(error), isExpected: false }
}

/** Names the class of an error, which the code of the app has written and no request can. */
function classOf(error: unknown): string {
  const name: unknown = error instanceof Error ? error.constructor.name : undefined
  return typeof name === "string" && /^\w{1,64}$/.test(name) ? name : OTHER
}
