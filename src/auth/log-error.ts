import type { AuthConfig } from "@auth/core"
import { redactError } from "../store/redact-error.js"

/** Logs where Auth.js would: with the app's `logger`, or on the console. Errors of the database are logged without the values of the statement. */
export function logError({ logger }: Pick<AuthConfig, "logger">, error: unknown): void {
  const redacted = redactError(error)
  const safe = redacted instanceof Error ? redacted : new Error(String(redacted))
  if (logger?.error) logger.error(safe)
  else console.error(safe)
}
