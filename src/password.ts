export { type ConvertInput, ConvertProvider, type ConvertProviderOptions } from "./auth/convert-provider.js"
export { PasswordProvider, type PasswordProviderOptions } from "./auth/password-provider.js"
export { type RefusalCode, SignInRefused } from "./auth/sign-in-refused.js"
export { type HashOptions, hashPassword, hasUsablePassword, verifyPassword } from "./password/hash.js"
