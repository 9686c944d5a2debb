import type { Visitor } from "../auth/request/visitor-address.js"
import type { ConvertStrings } from "../messages/strings.js"
import type { ConvertLayout } from "./layout.js"

/**
 * Configures the convert page. See `convertPage`.
 * @example
 * ```ts
 * const options: ConvertPageOptions = {
 *   redirectTo: "/dashboard",
 *   strings: { convertTitle: "Sign up" },
 * }
 * ```
 */
export interface ConvertPageOptions {
  /**
   * Path to which the page redirects after the conversion.
   * @default the page itself, which then shows that the account is ready
   */
  redirectTo?: string
  /**
   * Path of the link on the page that shows that the account is ready.
   * @default "/"
   */
  doneUrl?: string
  /**
   * Texts that replace the built-in ones.
   * @default the English texts
   */
  strings?: Partial<ConvertStrings>
  /**
   * Returns the HTML document around the page.
   * @default a plain document
   */
  layout?: ConvertLayout
}

/**
 * Tells the client's address, which limits the tries. Pass Hono's context, SvelteKit's event, or an
 * object with `getClientAddress`.
 */
export type ConvertVisitor = Visitor

/** Serves the convert page. See `convertPage`. */
export interface ConvertPage {
  (request: Request, visitor: ConvertVisitor): Promise<Response>
  // Next checks its route handlers against the last signature, and passes another second argument.
  (request: Request): Promise<Response>
}
