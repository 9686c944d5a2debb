export { type ConvertStrings, convertStrings, messageFor } from "./messages/strings.js"
export { type PasswordScore, type PasswordStrength, passwordStrength } from "./password/strength.js"
export { type LazyState, type UseLazyOptions, useLazy } from "./react/use-lazy.js"
