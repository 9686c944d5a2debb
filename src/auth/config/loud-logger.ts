import type { AuthConfig } from "@auth/core"
import { type AnyAuthError, isAuthError, wrappedByOtherCopy } from "./auth-error.js"
import { errorChain } from "./error-chain.js"
import { isLoud } from "./one-request.js"

/**
 * Wraps the app's logger for one request. Auth.js turns errors of an adapter into "Configuration"
 * right after it has logged them; this logger throws the setup errors and refusals of this library
 * instead. Auth.js also reads an error only after it has logged it, so this is the place where a
 * refusal of another copy of `@auth/core` gets its own type and code.
 * @param built the configuration of the request, whose `pages` are its own
 */
export function loudLogger(
  own: AuthConfig["logger"],
  built: Pick<AuthConfig, "pages" | "basePath">,
): NonNullable<AuthConfig["logger"]> {
  const log = own?.error ?? printError
  const logged = new WeakSet<Error>()
  return {
    ...own,
    error(error) {
      const meant = errorChain(error).find(isLoud)
      if (meant) {
        if (!logged.has(meant)) log(meant)
        logged.add(meant)
        throw meant
      }
      const refusal = isAuthError(error, "AdapterError") ? error.cause?.err : undefined
      // Auth.js logs it again where it handles the error.
      if (isAuthError(refusal)) throw refusal
      const meantElsewhere = wrappedByOtherCopy(error)
      if (meantElsewhere) becomeRefusal(error, meantElsewhere, built)
      log(error)
    },
  }
}

/**
 * Gives a wrapper the meaning of the error in it. Auth.js adds the code of a refusal to the URL only
 * for its own class, so the page to redirect to gets it; the parameters of Auth.js follow the `#`.
 */
function becomeRefusal(
  error: Error,
  { type, kind, code, message, name }: AnyAuthError,
  built: Pick<AuthConfig, "pages" | "basePath">,
): void {
  Object.assign(error, { type, kind, message, name, ...(code !== undefined && { code }) })
  if (type !== "CredentialsSignin" || code === undefined || !built.pages) return
  const page = built.pages.signIn ?? `${built.basePath}/signin`
  const query = new URLSearchParams({ error: type, code })
  built.pages.signIn = `${page}${page.includes("?") ? "&" : "?"}${query}#`
}

/** Prints an error in the format of the default logger of Auth.js. */
function printError(error: Error): void {
  const cause = errorChain(error)[1]
  console.error(`[auth][error] ${isAuthError(error) ? error.type : error.name}: ${error.message}`)
  if (cause) console.error(`[auth][cause]: ${cause.stack}`)
  else if (error.stack) console.error(error.stack)
}
