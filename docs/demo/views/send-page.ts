import type { Response } from "express"
import type { JSX } from "preact"
import { renderToString } from "preact-render-to-string"

/** What a page needs that the others must not have. */
interface Allowed {
  /** The site, besides this one, to which a form leads in the end. */
  formAction?: string
  /** Scripts that carry it may run, and ask this site. */
  nonce?: string
}

/** Answers with a page. */
export function sendPage(res: Response, page: JSX.Element, allowed: Allowed = {}): void {
  res.set({
    "content-security-policy": contentSecurityPolicy(allowed),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    // Nor may the back button show somebody's notes after they have signed out.
    "cache-control": "private, no-store",
  })
  res.type("html").send(renderPage(page))
}

/** The document. Preact escapes whatever text is in it. */
export function renderPage(page: JSX.Element): string {
  return `<!doctype html>${renderToString(page)}`
}

/** Nothing comes from elsewhere, no other site may show a page in a frame, and a script runs only where a page has one of ours. */
function contentSecurityPolicy({ formAction = "", nonce }: Allowed): string {
  return [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    ...(nonce ? [`script-src 'nonce-${nonce}'`, "connect-src 'self'"] : []),
    `form-action 'self' ${formAction}`.trim(),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ")
}
