import { type AuthError, OAuthAccountNotLinked } from "@auth/core/errors"
import { IdentifierInvalidError, IdentifierTakenError, NotLazyError } from "../../errors.js"
import type { ConvertedBy } from "../../store/users/conversion.js"
import { SignInRefused } from "../config/sign-in-refused.js"

/**
 * Translates a refusal of the store into an error of Auth.js for sign-ups by a link or an OAuth
 * provider. An identity with a taken address gets `OAuthAccountNotLinked`, a link a code such as
 * `email_taken`. Returns other errors unchanged.
 */
export function refusalOf(error: unknown, { type }: Pick<ConvertedBy, "type">): unknown {
  if (error instanceof IdentifierInvalidError) return because(error, new SignInRefused(`${error.identifier}_invalid`))
  if (!(error instanceof IdentifierTakenError)) return error
  if (type === "email" || error.identifier === "username")
    return because(error, new SignInRefused(`${error.identifier}_taken`))
  return because(error, new OAuthAccountNotLinked("Another account already exists with the same e-mail address"))
}

/** Sets the plain `cause`: Auth.js drops an error that it wraps if its cause is `{ err }`. */
function because(cause: Error, refusal: AuthError): AuthError {
  return Object.assign(refusal, { cause })
}

/**
 * Translates a refusal of the store into the code that `ConvertProvider` answers with. Returns
 * other errors unchanged.
 */
export function formRefusalOf(error: unknown): unknown {
  if (error instanceof IdentifierTakenError) return new SignInRefused(`${error.identifier}_taken`)
  if (error instanceof IdentifierInvalidError) return new SignInRefused(`${error.identifier}_invalid`)
  if (error instanceof NotLazyError) return new SignInRefused("already_converted")
  return error
}
