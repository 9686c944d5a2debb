export { type SignInResult, type SignInResultOptions, signInResult } from "../gate/next/sign-in-result.js"
export { type ConvertStrings, convertStrings, messageFor, type SignInErrorCode } from "../messages/strings.js"
