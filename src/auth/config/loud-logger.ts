import type { AuthConfig } from "@auth/core"
import { AdapterError, AuthError } from "@auth/core/errors"
import { isLoud } from "./one-request.js"

/**
 * Wraps the app's logger for one request. Auth.js turns errors of an adapter into "Configuration"
 * right after it has logged them; this logger throws the setup errors and refusals of this library
 * instead.
 */
export function loudLogger(own: AuthConfig["logger"]): NonNullable<AuthConfig["logger"]> {
  const log = own?.error ?? printError
  const logged = new WeakSet<Error>()
  return {
    ...own,
    error(error) {
      const meant = chain(error).find(isLoud)
      if (meant) {
        if (!logged.has(meant)) log(meant)
        logged.add(meant)
        throw meant
      }
      const refusal = error instanceof AdapterError ? error.cause?.err : undefined
      // Auth.js logs it again where it handles the error.
      if (refusal instanceof AuthError) throw refusal
      log(error)
    },
  }
}

/** Lists an error and its causes, both as `cause` and as `cause.err` of Auth.js. */
function chain(error: unknown): Error[] {
  const errors: Error[] = []
  for (let each = error; each instanceof Error && errors.length < 10; ) {
    errors.push(each)
    const { cause } = each as { cause?: { err?: unknown } }
    each = cause instanceof Error ? cause : cause?.err
  }
  return errors
}

/** Prints an error in the format of the default logger of Auth.js. */
function printError(error: Error): void {
  const cause = chain(error)[1]
  console.error(`[auth][error] ${error instanceof AuthError ? error.type : error.name}: ${error.message}`)
  if (cause) console.error(`[auth][cause]: ${cause.stack}`)
  else if (error.stack) console.error(error.stack)
}
