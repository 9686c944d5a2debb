import { escapeHtml } from "./escape-html.js"
import type { ConvertStrings } from "./strings.js"

/** What an app's layout puts around the page. Every part is escaped: it goes into the document as it is. */
export interface ConvertLayoutParts {
  /** For `<title>`. */
  title: string
  /** The page itself: belongs into `<main>`, begins with an `<h1>`. */
  content: string
  /** Belongs into `<head>`: the style sheet, and on the way to another site the redirect. */
  head: string
  /** For the app's own `<style nonce>` and `<script nonce>`; the Content-Security-Policy allows no others, and nothing from elsewhere. */
  nonce: string
  /** The texts in use; `lang` and `dir` belong on `<html>`. Not escaped. */
  strings: ConvertStrings
}

/** Makes the HTML document. */
export type ConvertLayout = (parts: ConvertLayoutParts) => string

/** The document as it is without a layout of the app's own. */
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
