/** What loads a page ahead of a click: the browser itself, or a router that is part of the page. */
export type Prefetcher = "browser" | "router"

const PURPOSES = ["sec-purpose", "purpose", "x-purpose", "x-moz"]

/**
 * Tells which part of a browser loads this page before somebody wants to see it; undefined for an ordinary request.
 * https://wicg.github.io/nav-speculation/prefetch.html, https://nextjs.org/docs/app/guides/prefetching
 */
export function prefetcherOf(headers: Headers): Prefetcher | undefined {
  if (headers.has("next-router-prefetch") || headers.has("x-middleware-prefetch")) return "router"
  if (isAhead(headers, "x-sec-purpose")) return "router"
  if (!PURPOSES.some((name) => isAhead(headers, name))) return undefined
  return headers.has("x-nextjs-data") ? "router" : "browser"
}

/**
 * Whether the browser may show the answer later on a click without asking again, as Chromium does with what speculation rules and
 * `<link rel=prefetch>` have loaded. Safari's previews are never the page itself, and a router asks again by its own rules.
 */
export function isShownLater(headers: Headers): boolean {
  return (
    prefetcherOf(headers) === "browser" && PURPOSES.some((name) => isAhead(headers, name, ["prefetch", "prerender"]))
  )
}

function isAhead(headers: Headers, name: string, kinds = ["prefetch", "prerender", "preview"]): boolean {
  const purpose = headers.get(name)?.toLowerCase()
  if (purpose === undefined) return false
  return kinds.some((kind) => (kind === "preview" ? purpose === kind : purpose.includes(kind)))
}
