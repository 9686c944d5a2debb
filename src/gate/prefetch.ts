/** The part that loads a page ahead of a click: the browser, or a router in the page. */
export type Prefetcher = "browser" | "router"

/** Headers of older browsers. Routers send `Purpose` too. */
const PURPOSES = ["purpose", "x-purpose", "x-moz"]

/** Tells who loads this page ahead of a click; undefined for an ordinary request. */
export function prefetcherOf(headers: Headers): Prefetcher | undefined {
  // No script can set it.
  if (isAhead(headers.get("sec-purpose"))) return "browser"
  if (isAhead(headers.get("x-sec-purpose"))) return "router"
  if (["next-router-prefetch", "x-middleware-prefetch"].some((name) => headers.has(name))) return "router"
  if (!PURPOSES.some((name) => isAhead(headers.get(name)) || isPreview(headers.get(name)))) return undefined
  return headers.has("x-nextjs-data") ? "router" : "browser"
}

/**
 * Tells whether the browser may show the answer on a later click without asking again, as Chromium
 * does for speculation rules and `<link rel=prefetch>`. False for scripts of a prerendered page,
 * previews of Safari, and routers, which ask again.
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
