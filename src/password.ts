/**
 * Provides the sign-in by password, the conversion by password, and the hashing behind them.
 * @module authjs-lazy/password
 */

export { type RefusalCode, SignInRefused } from "./auth/config/sign-in-refused.js"
export { type ConvertInput, ConvertProvider, type ConvertProviderOptions } from "./auth/providers/convert.js"
export { PasswordProvider, type PasswordProviderOptions } from "./auth/providers/password.js"
export {
  type HashOptions,
  hashPassword,
  hasUsablePassword,
  type PasswordVerification,
  verifyPassword,
} from "./password/hash.js"
export type { VerifyOther } from "./password/other-hash.js"
export { checkPassword, type PasswordCheck } from "./password/policy.js"
export type { TurnOptions } from "./password/turns.js"
