import type { RefusalCode } from "../auth/config/sign-in-refused.js"

/** Lists the codes for which the page has a message. JSON answers carry them as `code`. */
export type ConvertErrorCode =
  | Exclude<RefusalCode, "wrong_credentials">
  /** The form's CSRF token is missing or belongs to another browser. */
  | "csrf"
  /** The app's `signIn` callback refused the sign-in. */
  | "access_denied"
  /** Any refusal without a message, such as a code of the app's `validate`. */
  | "refused"
  /** Auth.js could not start the sign-in with a provider. */
  | "provider_unreachable"
  | "bad_request"
  | "method_not_allowed"
  | "body_too_large"
  | "unsupported_media_type"
  | "server_error"

/**
 * Lists the codes of `signInResult` of authjs-lazy/next/actions for which there is a message. Its
 * results carry the codes of the app's `validate` and providers as well.
 */
export type SignInErrorCode =
  | ConvertErrorCode
  | "wrong_credentials"
  | "merge_failed"
  | "lazy_disabled"
  | "too_many_lazy_users"
  | "lazy_not_verified"

/**
 * Holds the texts of the convert page. They are plain text, which the page escapes.
 * @example
 * ```ts
 * const strings: Partial<ConvertStrings> = {
 *   lang: "de",
 *   convertTitle: "Konto anlegen",
 *   continueWith: (provider) => `Weiter mit ${provider}`,
 *   errors: { username_taken: "Dieser Name ist vergeben. Wähle einen anderen." },
 * }
 * convertPage(authConfig, { strings })
 * ```
 */
export interface ConvertStrings {
  /** Language of the texts, for `<html lang>`. */
  lang: string
  /** Direction of the script, for `<html dir>`. */
  dir: "ltr" | "rtl"
  /** Heading and title for a lazy user. */
  convertTitle: string
  /** Promise to a lazy user, above the form. */
  keepEverything: string
  /** Introduction for a lazy user; `name` is the generated username. */
  convertIntro: (name: string) => string
  /** Button of the form for a lazy user. */
  convertSubmit: string
  /** Heading and title for a visitor without a session. */
  signUpTitle: string
  /** Introduction for a visitor without a session. */
  signUpIntro: string
  /** Button of the form for a visitor without a session. */
  signUpSubmit: string
  /** Label of the username. */
  usernameLabel: string
  /** Rules for the username, below its label. */
  usernameHint: string
  /** Label of the e-mail address. */
  emailLabel: string
  /** What the address is for, below its label. */
  emailHint: string
  /** Label of the password. */
  passwordLabel: string
  /** Rules for the password, below its label. */
  passwordHint: string
  /** Label of the second password field. */
  passwordConfirmLabel: string
  /** Between the form and the other ways. */
  or: string
  /** Button of an OAuth or OpenID provider. */
  continueWith: (provider: string) => string
  /** Label of the address field of an e-mail provider. */
  emailLinkLabel: string
  /** Button of an e-mail provider. */
  emailLinkSubmit: (provider: string) => string
  /** Button of a passkey provider. */
  passkeySubmit: (provider: string) => string
  /** Error shown when the person cancels the passkey, or making it fails. */
  passkeyFailed: string
  /** Heading of the page that leads to another site. */
  leaving: (site: string) => string
  /** Link on that page, for browsers that don't redirect. */
  leavingLink: (site: string) => string
  /** Heading above an error. */
  errorHeading: string
  /** Title of the page with an error; `title` is the title without one. */
  errorTitle: (title: string) => string
  /** Heading and title once the account is made. */
  doneTitle: string
  /** Confirmation; `name` is the username, else the e-mail address, else the name. */
  doneText: (name: string | null) => string
  /** Link from that page into the app. */
  doneLink: string
  /** Heading of the page for an error that the form can't correct. */
  failedTitle: string
  /** Link on that page, back to the form. */
  failedLink: string
  /**
   * Messages by `code`. Add the codes that your `validate` returns: the page shows the message at
   * the field that begins the code, as in `username_…`, `email_…` and `password_…`.
   */
  errors: { [Code in SignInErrorCode]?: string } & { [code: string]: string | undefined }
}

const english: ConvertStrings = {
  lang: "en",
  dir: "ltr",
  convertTitle: "Make your account",
  keepEverything: "You keep everything you made.",
  convertIntro: (name) =>
    `So far you are ${name}, and only this browser knows you. With an account you can come back from anywhere.`,
  convertSubmit: "Make my account",
  signUpTitle: "Make an account",
  signUpIntro: "With an account you can come back from anywhere.",
  signUpSubmit: "Make my account",
  usernameLabel: "Username",
  usernameHint: "3 to 32 letters or digits. Dots, dashes and underscores may stand between them.",
  emailLabel: "E-mail address",
  emailHint: "You will sign in with it.",
  passwordLabel: "Password",
  passwordHint: "At least 8 characters. A few unrelated words are easy to remember and hard to guess.",
  passwordConfirmLabel: "Password again",
  or: "or",
  continueWith: (provider) => `Continue with ${provider}`,
  emailLinkLabel: "E-mail address for a sign-in link",
  emailLinkSubmit: () => "Send me a link",
  passkeySubmit: () => "Continue with a passkey",
  passkeyFailed: "No passkey was made. Try again, or choose another way.",
  leaving: (site) => `Taking you to ${site}…`,
  leavingLink: (site) => `Go on to ${site}`,
  errorHeading: "That didn’t work yet",
  errorTitle: (title) => `Error: ${title}`,
  doneTitle: "Your account is ready",
  doneText: (name) => (name === null ? "You are signed in." : `You are signed in as ${name}.`),
  doneLink: "Continue",
  failedTitle: "That didn’t work",
  failedLink: "Back to the form",
  errors: {
    username_invalid: "This can’t be a username. Choose 3 to 32 letters or digits.",
    username_taken: "This username is taken. Choose another one.",
    email_invalid: "Enter an e-mail address, like name@example.com.",
    email_taken: "This e-mail address belongs to another account.",
    password_weak: "This password is too short or too easy to guess. Choose a longer, less common one.",
    password_too_long: "This password is too long. Choose one of at most 256 characters.",
    password_mismatch: "The two passwords are not the same. Type both again.",
    already_converted: "This account has been made already. Sign in with its password.",
    wrong_credentials: "The name or the password is wrong.",
    merge_failed:
      "What you made here can’t be moved into your account, so you were not signed in and nothing has changed.",
    lazy_disabled: "You can’t start without an account at the moment. Sign in, or try again later.",
    too_many_lazy_users: "Too many people have started here recently. Wait a while, then try again.",
    lazy_not_verified: "We couldn’t verify that you are a person. Please try again.",
    too_many_tries: "There were too many tries from your network. Wait a while, then try again.",
    csrf: "The page was open for too long, or cookies are turned off. Please try again.",
    access_denied: "You can’t make an account here.",
    refused: "This was not accepted. Change it and try again.",
    provider_unreachable: "That sign-in can’t be reached at the moment. Try again, or choose another way.",
    bad_request: "The form could not be read. Please try again.",
    method_not_allowed: "This page can’t be used that way.",
    body_too_large: "What was sent is too long.",
    unsupported_media_type: "What was sent is not a form.",
    server_error: "Something went wrong on our side. Please try again in a moment.",
  },
}

/**
 * Returns the texts of the convert page, in English where the app gives none, for a form of the
 * app's own.
 * @example
 * const { passwordLabel, passwordHint } = convertStrings({ passwordLabel: "Choose a password" })
 */
export function convertStrings(given: Partial<ConvertStrings> = {}): ConvertStrings {
  return { ...english, ...given, errors: { ...english.errors, ...given.errors } }
}

/**
 * Returns the message for a code, or the `refused` message for an unknown one. Takes `{ errors }`
 * alone as well, since a server component can't pass the texts that are functions to the browser.
 * @example
 * const message = messageFor(convertStrings(), "username_taken")
 */
export function messageFor(strings: Pick<ConvertStrings, "errors">, code: string): string {
  const known = Object.hasOwn(strings.errors, code) ? strings.errors[code] : undefined
  return known ?? strings.errors.refused ?? code
}
