export { type ConvertStrings, convertStrings, messageFor } from "./pages/strings.js"
export { type LazyState, type UseLazyOptions, useLazy } from "./react/use-lazy.js"
