import type { ConvertStrings } from "../messages/strings.js"

/** Holds the parts of the page for an app's layout. `title`, `content`, `head` are escaped HTML. */
export interface ConvertLayoutParts {
  /** Text for `<title>`. */
  title: string
  /** The page itself, which begins with an `<h1>`. Put it in `<main>`. */
  content: string
  /** The style sheet, and the redirect when the page leads to another site. Put it in `<head>`. */
  head: string
  /**
   * Nonce for the app's own `<style>` and `<script>`. The Content-Security-Policy blocks elements
   * without it, and files from other sites.
   */
  nonce: string
  /** The page's texts, not escaped. Put `lang` and `dir` on `<html>`. */
  strings: ConvertStrings
}

/**
 * Returns the HTML document around the page.
 * @example
 * ```ts
 * const layout: ConvertLayout = ({ title, head, content, strings }) => `<!doctype html>
 * <html lang="${strings.lang}" dir="${strings.dir}">
 *   <head><title>${title}</title>${head}</head>
 *   <body><main>${content}</main></body>
 * </html>`
 * convertPage(authConfig, { layout })
 * ```
 */
export type ConvertLayout = (parts: ConvertLayoutParts) => string

/** Returns the document for an app without a layout. */
export const plainLayout: ConvertLayout = ({ title, content, head, strings }) => `<!doctype html>
<html lang="${escapeHtml(strings.lang)}" dir="${strings.dir === "rtl" ? "rtl" : "ltr"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${head}
</head>
<body class="authjs-lazy-page">
<main>${content}</main>
</body>
</html>
`

/** Escapes plain text for HTML, for the content of elements and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
}
