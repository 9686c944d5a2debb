import type { AuthError } from "@auth/core/errors"

/** An error of any copy of `@auth/core`; `code` is that of `CredentialsSignin`. */
export type AnyAuthError = AuthError & { kind?: string; code?: string }

type Type = AuthError["type"] | "AdapterError" | "CredentialsSignin" | "MissingCSRF" | "AccessDenied"

/**
 * Tells whether an error is one of Auth.js, and of this type where one is given. An app can have
 * two copies of `@auth/core`, each with its own classes, but with the same types.
 */
export function isAuthError(error: unknown, type?: Type): error is AnyAuthError {
  if (!(error instanceof Error) || !("type" in error) || !("kind" in error)) return false
  return typeof error.type === "string" && KINDS.includes(error.kind) && (type === undefined || error.type === type)
}

/** Names the pages of Auth.js that an error can lead to. */
const KINDS: unknown[] = ["signIn", "error"]

/**
 * Returns the error that Auth.js has wrapped because it comes from another copy of `@auth/core`;
 * undefined where there is none.
 */
export function wrappedByOtherCopy(error: unknown): AnyAuthError | undefined {
  const inner = isAuthError(error) ? error.cause?.err : undefined
  return isAuthError(inner) && baseOf(inner) !== baseOf(error) ? inner : undefined
}

/** Returns the prototype of the AuthError of the copy that made an error. */
function baseOf(error: unknown): unknown {
  let base: unknown = error
  for (let next = parentOf(base); next !== Error.prototype && next !== null; next = parentOf(next)) base = next
  return base
}

const parentOf = (value: unknown): unknown => Object.getPrototypeOf(value)
