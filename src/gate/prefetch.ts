/** Names the part that loads a page before a click: the browser, or a router in the page. */
export type Prefetcher = "browser" | "router"

/** Prefetch headers of older browsers; routers send `Purpose` too. */
const PURPOSES = ["purpose", "x-purpose", "x-moz"]

/** Returns the part that prefetches this page; undefined for an ordinary request. */
export function prefetcherOf(headers: Headers): Prefetcher | undefined {
  // Browsers let no script set this header.
  if (isAhead(headers.get("sec-purpose"))) return "browser"
  if (isAhead(headers.get("x-sec-purpose"))) return "router"
  if (["next-router-prefetch", "x-middleware-prefetch"].some((name) => headers.has(name))) return "router"
  if (!PURPOSES.some((name) => isAhead(headers.get(name)) || isPreview(headers.get(name)))) return undefined
  return headers.has("x-nextjs-data") ? "router" : "browser"
}

/**
 * Tells whether the browser may show this response on a later click without a new request, as
 * Chromium does for speculation rules and `<link rel=prefetch>`.
 *
 * Scripts of a prerendered page, previews of Safari, and routers send a new request.
 */
export function isShownLater(headers: Headers): boolean {
  if (prefetcherOf(headers) !== "browser") return false
  const [mode, dest] = [headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")]
  if (mode === "cors" || mode === "same-origin" || !["document", "empty", null].includes(dest)) return false
  return ["sec-purpose", ...PURPOSES].some((name) => isAhead(headers.get(name)))
}

function isAhead(purpose: string | null): boolean {
  return purpose !== null && /prefetch|prerender/i.test(purpose)
}

function isPreview(purpose: string | null): boolean {
  return purpose?.toLowerCase() === "preview"
}
