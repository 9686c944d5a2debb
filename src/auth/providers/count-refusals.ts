import { AccessDenied, CredentialsSignin } from "@auth/core/errors"
import type { LazyOperation } from "../../store/telemetry.js"
import type { RequestContext } from "../context/request-context.js"

/** The operations that the providers of this library begin, by their ids. */
const OPERATIONS: Record<string, LazyOperation> = { lazy: "create", convert: "convert", password: "sign-in" }

/** A code as telemetry takes it: an app can make codes of its own, with anything in them. */
const CODE = /^[\w-]{1,64}$/

/** Counts what keeps a provider from signing in, if the app has telemetry. */
export function countingRefusals<Result>(
  provider: string,
  { options: { telemetry } }: RequestContext,
  authorize: () => Result | Promise<Result>,
): Result | Promise<Result> {
  const operation = telemetry && OPERATIONS[provider]
  return operation
    ? countErrors(
        () => authorize(),
        (error) => telemetry.count(operation, outcomeOf(error)),
      )
    : authorize()
}

async function countErrors<Result>(
  authorize: () => Result | Promise<Result>,
  count: (error: unknown) => void,
): Promise<Result> {
  try {
    return await authorize()
  } catch (error) {
    count(error)
    throw error
  }
}

function outcomeOf(error: unknown) {
  if (error instanceof CredentialsSignin)
    return { outcome: "refused" as const, reason: CODE.test(error.code) ? error.code : "other" }
  if (error instanceof AccessDenied) return { outcome: "refused" as const, reason: "cross-site" }
  return { outcome: "failed" as const }
}
