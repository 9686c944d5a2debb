import "./auth/types.js"

export { type ConvertPage, type ConvertPageOptions, type ConvertVisitor, convertPage } from "./pages/convert-page.js"
export type { ConvertLayout, ConvertLayoutParts } from "./pages/layout.js"
export type { ConvertErrorCode, ConvertStrings } from "./pages/strings.js"
