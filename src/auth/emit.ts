import type { AuthConfig } from "@auth/core"
import { EventError } from "@auth/core/errors"
import { redactError } from "../store/redact-error.js"
import type { LazyEvents } from "./config.js"
import type { RequestContext } from "./request-context.js"

/** Calls one of our events as Auth.js calls its own: an error is logged and goes no further. */
export async function emit<Name extends keyof LazyEvents>(
  context: RequestContext,
  name: Name,
  message: Parameters<NonNullable<LazyEvents[Name]>>[0],
): Promise<void> {
  const handler = context.events[name] as ((message: unknown) => unknown) | undefined
  await callEvent(context, name, () => handler?.(message))
}

/** The same for an event of Auth.js that we have to announce ourselves. */
export async function callEvent(context: RequestContext, name: string, call: () => unknown): Promise<void> {
  try {
    await call()
  } catch (error) {
    logError(context.config, new EventError(`The event "${name}" failed.`, { cause: { err: error } }))
  }
}

/** Logs where Auth.js would: with the app's `logger`, or on the console. Errors of the database are logged without the values of the statement. */
export function logError({ logger }: Pick<AuthConfig, "logger">, error: unknown): void {
  const redacted = redactError(error)
  const safe = redacted instanceof Error ? redacted : new Error(String(redacted))
  if (logger?.error) logger.error(safe)
  else console.error(safe)
}
