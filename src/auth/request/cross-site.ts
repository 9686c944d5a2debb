import type { RequestHead } from "./head.js"
import { publicOrigin } from "./public-url.js"
import { senderOf } from "./sender.js"

/**
 * Tells whether another site caused this request, other than by a link to the page. Uses Fetch
 * Metadata (https://www.w3.org/TR/fetch-metadata/), or else `Origin`, `Referer` and `Accept`.
 */
export function isCrossSite(request: RequestHead): boolean {
  const { method, headers } = request
  if (!headers.get("sec-fetch-site")) return looksCrossSite(request)
  return senderOf(request) === "cross-site" && !(method === "GET" && isPageOfItsOwn(headers))
}

/** Tells whether a browser shows the answer as a page in a tab or window, and not in a frame. */
function isPageOfItsOwn(headers: Headers): boolean {
  return headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document"
}

/**
 * Tells whether a frame opens this page, and a listed site, or the app itself, sent it there. Only
 * `Referer` names that site, and a script of another site can't forge it.
 * @param embedded the sites that may embed the app, as origins
 */
export function isFrameOf(request: RequestHead, embedded: readonly string[]): boolean {
  const { method, headers } = request
  if (method !== "GET" || !isFrame(headers)) return false
  const from = originOf(headers.get("referer"))
  return from !== undefined && (from === publicOrigin(request) || embedded.includes(from))
}

function isFrame(headers: Headers): boolean {
  return headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "iframe"
}

/** Describes what an app allows beyond pages of their own. */
interface Frames {
  /** The sites that may embed the app, as origins. */
  embedded: readonly string[]
  /** Whether the request carries a cookie that a sign-in at a provider left in this browser. */
  hasBegun: boolean
}

/**
 * Tells whether another site loads an address of Auth.js behind the visitor's back: by an image, a
 * script or a frame, and not as a page of its own. A sign-in there would replace a session unseen.
 *
 * A frame of a listed site or of the app may load it, and so may one that comes back from a
 * provider, where the sign-in began in this browser. Without Fetch Metadata, a GET is judged as by
 * {@link isCrossSite}; any other method passes, since providers post forms.
 */
export function isLoadedElsewhere(request: RequestHead, { embedded, hasBegun }: Frames): boolean {
  const { method, headers } = request
  if (!headers.get("sec-fetch-site")) return method === "GET" && looksCrossSite(request)
  if (senderOf(request) !== "cross-site" || isPageOfItsOwn(headers)) return false
  return !isFrameOf(request, embedded) && !(isFrame(headers) && hasBegun)
}

/**
 * Guesses without Fetch Metadata, which old browsers don't send, and which no browser sends over
 * plain HTTP except to localhost.
 */
function looksCrossSite(request: RequestHead): boolean {
  const { method, headers } = request
  const sender = senderOf(request)
  if (sender !== undefined) return sender !== "same-origin"
  if (method !== "GET" || acceptsPages(headers)) return false
  const referer = originOf(headers.get("referer"))
  if (referer !== undefined) return referer !== publicOrigin(request)
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
