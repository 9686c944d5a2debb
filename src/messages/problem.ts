import { isAuthError } from "../auth/config/auth-error.js"

/** Names the field that identifies a person along with the password. */
export type IdentifierField = "username" | "email"

/** Names an input of the form. */
export type FieldName = IdentifierField | "password" | "passwordConfirm"

/** Tells what to correct when the form is shown again. */
export interface Problem {
  /** A `ConvertErrorCode`, or a code of the app's `validate`. */
  code: string
  /** The field to correct; null when no single field is at fault. */
  field: FieldName | null
  status: 403 | 422 | 429 | 502
}

/** Translates an error of Auth.js for the form; null when the person can't correct it. */
export function readProblem(error: unknown, identifier: IdentifierField): Problem | null {
  if (isAuthError(error, "MissingCSRF")) return { code: "csrf", field: null, status: 403 }
  if (isAuthError(error, "CredentialsSignin")) {
    const { code = "credentials" } = error
    return { code, field: fieldOf(code, identifier), status: code === "too_many_tries" ? 429 : 422 }
  }
  // Auth.js wraps an error that `signIn` throws into AccessDenied too. Only that one has a cause.
  if (isAuthError(error, "AccessDenied") && !error.cause?.err)
    return { code: "access_denied", field: null, status: 422 }
  return null
}

function fieldOf(code: string, identifier: IdentifierField): FieldName | null {
  if (code === "password_mismatch") return "passwordConfirm"
  if (code.startsWith("password_")) return "password"
  return code.startsWith(`${identifier}_`) ? identifier : null
}
