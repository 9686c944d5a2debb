import { redactError } from "./redact.js"
import { withoutSecrets } from "./without-secrets.js"

const LONGEST_MESSAGE = 300

/** Returns the message of an error in one line, without statement, parameters and passwords. */
export function messageOf(error: unknown): string {
  // Drizzle wraps what the driver throws, and its own message holds the statement.
  const cause = rootCause(redactError(error))
  const line = withoutSecrets(cause.replaceAll(/\s+/g, " "))
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line
}

function rootCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : rootCause(error.cause)
}
