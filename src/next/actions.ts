/**
 * Provides the result of a sign-in to server actions of Next.js.
 * @module authjs-lazy/next/actions
 */

export { type SignInResult, type SignInResultOptions, signInResult } from "../gate/next/sign-in-result.js"
export { type ConvertStrings, convertStrings, messageFor, type SignInErrorCode } from "../messages/strings.js"
