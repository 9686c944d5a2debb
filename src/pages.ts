import "./auth/types.js"

export { type ConvertPageOptions, convertPage } from "./pages/convert-page.js"
export type { ConvertLayout, ConvertLayoutParts } from "./pages/layout.js"
export type { ConvertErrorCode, ConvertStrings } from "./pages/strings.js"
