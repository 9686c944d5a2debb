import { CredentialsSignin } from "@auth/core/errors"

/** Why a conversion, a sign-up or a sign-in by password was refused: the `code` in the URL that Auth.js redirects to. */
export type RefusalCode =
  | "username_invalid"
  | "username_taken"
  | "email_invalid"
  | "email_taken"
  | "password_weak"
  | "password_too_long"
  | "password_mismatch"
  | "already_converted"
  | "wrong_credentials"
  | "too_many_tries"

/**
 * A refusal of {@link ConvertProvider} or {@link PasswordProvider}. Auth.js turns it into `?error=CredentialsSignin&code=…`:
 * https://authjs.dev/reference/core/errors#credentialssignin. Nothing has changed when it is thrown.
 */
export class SignInRefused extends CredentialsSignin {
  declare code: RefusalCode

  constructor(code: RefusalCode) {
    super(`Refused: ${code}`)
    this.code = code
  }
}
