type RequestFacts = Pick<Request, "method" | "url" | "headers">

/**
 * Whether another site has sent this request, other than by a link to the page. Fetch Metadata tells
 * (https://www.w3.org/TR/fetch-metadata/); without it `Origin`, `Referer` and `Accept` do, as far as they can.
 */
export function isCrossSite(facts: RequestFacts): boolean {
  const { method, headers } = facts
  const site = headers.get("sec-fetch-site")
  if (site === null) return looksCrossSite(facts)
  if (site !== "cross-site") return false
  const topLevel = headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document"
  return !(method === "GET" && topLevel)
}

/** For browsers before Fetch Metadata, and for http, on which no browser sends it but to localhost. */
function looksCrossSite({ method, url, headers }: RequestFacts): boolean {
  const own = new URL(url).origin
  const origin = headers.get("origin")
  if (origin !== null) return origin !== own
  if (method !== "GET" || acceptsPages(headers)) return false
  const referer = originOf(headers.get("referer"))
  if (referer !== undefined) return referer !== own
  return isElement(headers)
}

/** A frame and a page accept the same; nothing that old browsers send tells one from the other. */
function acceptsPages(headers: Headers): boolean {
  const accept = headers.get("accept")
  return accept === null || accept.includes("text/html")
}

const ELEMENTS = /^(image|video|audio|font)\/|^text\/(css|javascript)|^application\/(javascript|font|x-font|ogg)/i

/**
 * Whether this is what `<img>`, `<link>`, `<video>` or `<script>` asks for. A script accepts anything, as does a `fetch` of the app's own
 * that sets no header and whose page hides its address; a client other than a browser is no element.
 */
function isElement(headers: Headers): boolean {
  const accept = headers.get("accept")?.trim() ?? ""
  if (ELEMENTS.test(accept)) return true
  const isBrowser = headers.get("user-agent")?.startsWith("Mozilla/") === true
  return (
    isBrowser && accept === "*/*" && !OWN_SCRIPT.some((name) => headers.has(name)) && !headers.has("sec-fetch-mode")
  )
}

/** What another site's page can't send without being allowed to: https://fetch.spec.whatwg.org/#cors-safelisted-request-header */
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
