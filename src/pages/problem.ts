import { AccessDenied, CredentialsSignin, MissingCSRF } from "@auth/core/errors"
import type { IdentifierField } from "./ways.js"

/** A field of the form, by the name of its input. */
export type FieldName = IdentifierField | "password" | "passwordConfirm"

/** Why the form is shown again. */
export interface Problem {
  /** See `ConvertErrorCode`; or a code of the app's own. */
  code: string
  /** The field to change; null where it is none of them. */
  field: FieldName | null
  status: 403 | 422 | 429 | 502
}

/** What an error of Auth.js means to the person at the form; null when it is none of that person's business. */
export function readProblem(error: unknown, identifier: IdentifierField): Problem | null {
  if (error instanceof MissingCSRF) return { code: "csrf", field: null, status: 403 }
  if (error instanceof CredentialsSignin)
    return {
      code: error.code,
      field: fieldOf(error.code, identifier),
      status: error.code === "too_many_tries" ? 429 : 422,
    }
  // Auth.js wraps whatever a `signIn` callback throws into the same error: with a cause it is a failure, not an answer.
  if (error instanceof AccessDenied && !error.cause?.err) return { code: "access_denied", field: null, status: 422 }
  return null
}

function fieldOf(code: string, identifier: IdentifierField): FieldName | null {
  if (code === "password_mismatch") return "passwordConfirm"
  if (code.startsWith("password_")) return "password"
  return code.startsWith(`${identifier}_`) ? identifier : null
}
