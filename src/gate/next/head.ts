import type { NextRequest } from "next/server.js"
import type { RequestHead } from "../../auth/request/head.js"
import { forwardedUrl } from "../../auth/request/public-url.js"

/**
 * The request as the visitor has sent it. Its URL in Next names the host that Next was started on; where visitors went is in the headers,
 * which next-auth reads too.
 */
export function visitorsRequest({ method, url, headers }: RequestHead): RequestHead {
  const { pathname, search, protocol, host } = new URL(url)
  const named = `${protocol}//${headers.get("host") ?? host}${pathname}${search}`
  const outside = forwardedUrl({ url: URL.canParse(named) ? named : url, headers })
  return { method, url: outside, headers: withPrefetch(method, headers) }
}

/** Reads the head of a request of Next, which tells the base path of the app to a proxy, and hides it from a route handler. */
export function headOf({ method, nextUrl, headers }: NextRequest): RequestHead {
  const url = new URL(nextUrl.href)
  if (nextUrl.basePath === "") url.pathname = `${process.env.__NEXT_ROUTER_BASEPATH ?? ""}${url.pathname}`
  return visitorsRequest({ method, url: url.href, headers })
}

/**
 * Unless `skipProxyUrlNormalize` is on, Next takes away the headers by which its router says what it wants: what the router loads ahead
 * looks like what somebody has clicked. Whatever may be loaded ahead is then taken for that.
 * https://github.com/vercel/next.js/issues/63728
 */
function withPrefetch(method: string, headers: Headers): Headers {
  const visible = headers.has("rsc") || process.env.__NEXT_NO_MIDDLEWARE_URL_NORMALIZE
  const isHidden = !visible && method === "GET" && headers.get("sec-fetch-dest") === "empty"
  // The router for pages says so in a word of old browsers, and its own header is hidden.
  const isOfPages = headers.has("purpose") && !headers.has("sec-purpose")
  if (!isHidden && !isOfPages) return headers
  const marked = new Headers(headers)
  marked.set("next-router-prefetch", "1")
  return marked
}
