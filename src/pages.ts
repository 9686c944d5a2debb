import "./auth/types.js"

export {
  type ConvertErrorCode,
  type ConvertStrings,
  convertStrings,
  messageFor,
  type SignInErrorCode,
} from "./messages/strings.js"
export { convertPage } from "./pages/convert-page.js"
export type { ConvertLayout, ConvertLayoutParts } from "./pages/layout.js"
export type { ConvertPage, ConvertPageOptions, ConvertVisitor } from "./pages/page-options.js"
