import type { AuthConfig } from "@auth/core"
import { AdapterError, AuthError } from "@auth/core/errors"
import { isLoud } from "./one-request.js"

/**
 * The app's logger for one request. Auth.js logs before it goes on with an error, and there it makes "Configuration" of every error of an
 * adapter, and no session of one that a token's reader throws. Throw the error that was meant in its place.
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
      // Auth.js logs it when it arrives at the end.
      if (refusal instanceof AuthError) throw refusal
      log(error)
    },
  }
}

/** An error and its causes, in the two ways in which Auth.js and others keep them. */
function chain(error: unknown): Error[] {
  const errors: Error[] = []
  for (let each = error; each instanceof Error && errors.length < 10; ) {
    errors.push(each)
    const { cause } = each as { cause?: { err?: unknown } }
    each = cause instanceof Error ? cause : cause?.err
  }
  return errors
}

/** Prints what Auth.js prints where an app has no logger. */
function printError(error: Error): void {
  const cause = chain(error)[1]
  console.error(`[auth][error] ${error instanceof AuthError ? error.type : error.name}: ${error.message}`)
  if (cause) console.error(`[auth][cause]: ${cause.stack}`)
  else if (error.stack) console.error(error.stack)
}
