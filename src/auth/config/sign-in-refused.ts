import { CredentialsSignin } from "@auth/core/errors"

/**
 * The reasons to refuse a conversion, a sign-up or a sign-in by password: the `code` in the URL
 * that Auth.js redirects to.
 */
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
 * Refuses a sign-in through {@link ConvertProvider} or {@link PasswordProvider}; nothing was
 * changed. Auth.js redirects with `?error=CredentialsSignin&code=…`:
 * https://authjs.dev/reference/core/errors#credentialssignin
 * @example
 * ```ts
 * const isTaken = (error: unknown) =>
 *   error instanceof SignInRefused && error.code === "username_taken"
 * ```
 */
export class SignInRefused extends CredentialsSignin {
  declare code: RefusalCode

  constructor(code: RefusalCode) {
    super(`The sign-in was refused with the code "${code}".`)
    this.code = code
  }
}
