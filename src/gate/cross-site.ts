import type { RequestHead } from "../auth/request/head.js"

/**
 * Tells whether another site caused this request, other than by a link to the page. Uses Fetch
 * Metadata (https://www.w3.org/TR/fetch-metadata/), or else `Origin`, `Referer` and `Accept`.
 */
export function isCrossSite(request: RequestHead): boolean {
  const { method, headers } = request
  const site = headers.get("sec-fetch-site")
  if (site === null) return looksCrossSite(request)
  if (site !== "cross-site") return false
  const topLevel = headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document"
  return !(method === "GET" && topLevel)
}

/**
 * Guesses without Fetch Metadata, which old browsers don't send, and which no browser sends over
 * plain HTTP except to localhost.
 */
function looksCrossSite({ method, url, headers }: RequestHead): boolean {
  const own = new URL(url).origin
  const origin = headers.get("origin")
  if (origin !== null) return origin !== own
  if (method !== "GET" || acceptsPages(headers)) return false
  const referer = originOf(headers.get("referer"))
  if (referer !== undefined) return referer !== own
  return isElement(headers)
}

/** Tells whether the request accepts a page. In old browsers, so does one for a frame. */
function acceptsPages(headers: Headers): boolean {
  const accept = headers.get("accept")
  return accept === null || accept.includes("text/html")
}

const ELEMENTS = /^(image|video|audio|font)\/|^text\/(css|javascript)|^application\/(javascript|font|x-font|ogg)/i

/**
 * Tells whether an element such as `<img>`, `<link>`, `<video>` or `<script>` sent the request.
 * `<script>` accepts anything, as a plain `fetch` does, but only a browser has elements.
 */
function isElement(headers: Headers): boolean {
  const accept = headers.get("accept")?.trim() ?? ""
  if (ELEMENTS.test(accept)) return true
  const isBrowser = headers.get("user-agent")?.startsWith("Mozilla/") === true
  return (
    isBrowser && accept === "*/*" && !OWN_SCRIPT.some((name) => headers.has(name)) && !headers.has("sec-fetch-mode")
  )
}

/**
 * Headers that another site's script can't send without a CORS preflight:
 * https://fetch.spec.whatwg.org/#cors-safelisted-request-header
 */
const OWN_SCRIPT = [
  "x-requested-with",
  "authorization",
  "content-type",
  "rsc",
  "next-router-state-tree",
  "x-nextjs-data",
]

function originOf(address: string | null): string | undefined {
  return address !== null && URL.canParse(address) ? new URL(address).origin : undefined
}
