/** What loads a page ahead of a click: the browser itself, or a router that is part of the page. */
export type Prefetcher = "browser" | "router"

/** Older browsers; but routers, too, send `Purpose`. */
const PURPOSES = ["purpose", "x-purpose", "x-moz"]

/**
 * Tells which part of a browser loads this page before somebody wants to see it; undefined for an ordinary request.
 * https://wicg.github.io/nav-speculation/prefetch.html, https://nextjs.org/docs/app/guides/prefetching
 */
export function prefetcherOf(headers: Headers): Prefetcher | undefined {
  // No script can set it.
  if (isAhead(headers.get("sec-purpose"))) return "browser"
  if (isAhead(headers.get("x-sec-purpose"))) return "router"
  if (["next-router-prefetch", "x-middleware-prefetch"].some((name) => headers.has(name))) return "router"
  if (!PURPOSES.some((name) => isAhead(headers.get(name)) || isPreview(headers.get(name)))) return undefined
  return headers.has("x-nextjs-data") ? "router" : "browser"
}

/**
 * Whether the browser may show the answer later on a click without asking again, as Chromium does with what speculation rules and
 * `<link rel=prefetch>` have loaded. Not so what the script of a prerendered page asks for, Safari's previews, and what a router loads, which asks
 * again by rules of its own.
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
