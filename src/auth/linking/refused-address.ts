import { type AuthError, OAuthAccountNotLinked } from "@auth/core/errors"
import { IdentifierInvalidError, IdentifierTakenError, NotLazyError } from "../../errors.js"
import type { ConvertedBy } from "../../store/users/conversion.js"
import { SignInRefused } from "../config/sign-in-refused.js"

/**
 * Says what the database refuses of somebody who signs up by a link or by another site, in the words of Auth.js: `OAuthAccountNotLinked` for an
 * identity whose address another user has; a code, such as `email_taken`, for a link. Auth.js would make `Configuration` of either. Other errors stay
 * as they are.
 */
export function refusalOf(error: unknown, { type }: Pick<ConvertedBy, "type">): unknown {
  if (error instanceof IdentifierInvalidError) return because(error, new SignInRefused(`${error.identifier}_invalid`))
  if (!(error instanceof IdentifierTakenError)) return error
  if (type === "email" || error.identifier === "username")
    return because(error, new SignInRefused(`${error.identifier}_taken`))
  return because(error, new OAuthAccountNotLinked("Another account already exists with the same e-mail address"))
}

/** The cause as plain JavaScript has it: Auth.js would lose this error where it wraps one whose cause is `{ err }`. */
function because(cause: Error, refusal: AuthError): AuthError {
  return Object.assign(refusal, { cause })
}

/** Returns the code that `ConvertProvider` answers for what the store refuses; other errors stay. */
export function formRefusalOf(error: unknown): unknown {
  if (error instanceof IdentifierTakenError) return new SignInRefused(`${error.identifier}_taken`)
  if (error instanceof IdentifierInvalidError) return new SignInRefused(`${error.identifier}_invalid`)
  if (error instanceof NotLazyError) return new SignInRefused("already_converted")
  return error
}
