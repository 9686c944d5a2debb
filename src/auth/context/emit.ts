import { EventError } from "@auth/core/errors"
import { logError } from "../config/log-error.js"
import type { LazyEvents } from "../config/options.js"
import type { RequestContext } from "./request-context.js"

/** Calls an event of this library, and logs its errors as Auth.js does for its own. */
export async function emit<Name extends keyof LazyEvents>(
  context: RequestContext,
  name: Name,
  message: Parameters<NonNullable<LazyEvents[Name]>>[0],
): Promise<void> {
  const handler = context.events[name] as ((message: unknown) => unknown) | undefined
  await callEvent(context, name, () => handler?.(message))
}

/** Calls the handler of an event of Auth.js that it does not emit itself, and logs its errors. */
export async function callEvent(context: RequestContext, name: string, call: () => unknown): Promise<void> {
  try {
    await call()
  } catch (error) {
    logError(
      context.config,
      new EventError(`The event "${name}" threw an error; see the cause.`, { cause: { err: error } }),
    )
  }
}
