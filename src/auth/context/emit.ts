import { EventError } from "@auth/core/errors"
import { logError } from "../config/log-error.js"
import type { LazyEvents } from "../config/options.js"
import type { RequestContext } from "./request-context.js"

type Message<Name extends keyof LazyEvents> = Parameters<NonNullable<LazyEvents[Name]>>[0]

/**
 * Calls an event of this library with the request added to its message, and logs its errors as
 * Auth.js does for its own.
 */
export async function emit<Name extends keyof LazyEvents>(
  context: RequestContext,
  name: Name,
  message: Omit<Message<Name>, "request">,
): Promise<void> {
  const handler = context.events[name] as ((message: unknown) => unknown) | undefined
  await callEvent(context, name, () => handler?.({ ...message, request: context.eventRequest() }))
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
