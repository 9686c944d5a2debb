import type { NextRequest } from "next/server.js"
import type { RequestHead } from "../../auth/request/head.js"
import { forwardedUrl } from "../../auth/request/public-url.js"

/**
 * Returns the request as the visitor sent it. The URL in Next names the host that Next listens on,
 * so the public host comes from the headers, as in next-auth.
 */
export function visitorsRequest({ method, url, headers }: RequestHead): RequestHead {
  const { pathname, search, protocol, host } = new URL(url)
  const named = `${protocol}//${headers.get("host") ?? host}${pathname}${search}`
  const outside = forwardedUrl({ url: URL.canParse(named) ? named : url, headers })
  return { method, url: outside, headers: withPrefetch(method, headers) }
}

/** Reads the head of a Next request, with the base path that Next hides from route handlers. */
export function headOf({ method, nextUrl, headers }: NextRequest): RequestHead {
  const url = new URL(nextUrl.href)
  if (nextUrl.basePath === "") url.pathname = `${process.env.__NEXT_ROUTER_BASEPATH ?? ""}${url.pathname}`
  return visitorsRequest({ method, url: url.href, headers })
}

/**
 * Marks a request that may be a prefetch of Next's router. Unless `skipProxyUrlNormalize` is on,
 * Next removes the router's headers, so that a prefetch looks like a click:
 * https://github.com/vercel/next.js/issues/63728
 */
function withPrefetch(method: string, headers: Headers): Headers {
  const visible = headers.has("rsc") || process.env.__NEXT_NO_MIDDLEWARE_URL_NORMALIZE
  const isHidden = !visible && method === "GET" && headers.get("sec-fetch-dest") === "empty"
  // The pages router marks a prefetch with `purpose` too, and Next hides only its own header.
  const isOfPages = headers.has("purpose") && !headers.has("sec-purpose")
  if (!isHidden && !isOfPages) return headers
  const marked = new Headers(headers)
  marked.set("next-router-prefetch", "1")
  return marked
}
