import type { AuthConfig } from "@auth/core"

/** Logs where Auth.js would: with the app's `logger`, or on the console. */
export function logError({ logger }: Pick<AuthConfig, "logger">, error: Error): void {
  if (logger?.error) logger.error(error)
  else console.error(error)
}
