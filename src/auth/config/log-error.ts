import type { AuthConfig } from "@auth/core"
import { redactError } from "../../store/sql/redact.js"

/**
 * Logs an error with the app's `logger` or on the console, without the values of database
 * statements.
 */
export function logError({ logger }: Pick<AuthConfig, "logger">, error: unknown): void {
  const redacted = redactError(error)
  const safe = redacted instanceof Error ? redacted : new Error(String(redacted))
  if (logger?.error) logger.error(safe)
  else console.error(safe)
}
