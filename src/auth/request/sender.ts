import type { RequestHead } from "./head.js"
import { publicOrigin } from "./public-url.js"

/**
 * The relation of the site that sent a request to this one, in the words of `Sec-Fetch-Site`, and of
 * two more for browsers without it. `same-host`: host and port are equal, and only the scheme
 * differs. `opaque`: the page has no origin, or hides it.
 */
export type Sender = "same-origin" | "same-host" | "same-site" | "cross-site" | "none" | "opaque"

const SITES: readonly string[] = ["same-origin", "same-site", "none"]

/**
 * Finds which site sent a request: by `Sec-Fetch-Site`, or else by `Origin`. Old browsers send no
 * Fetch Metadata, and no browser sends it over plain HTTP except to localhost.
 * @returns undefined where the request has neither, like the links and images of an old browser
 */
export function senderOf(request: Pick<RequestHead, "url" | "headers">): Sender | undefined {
  const site = request.headers.get("sec-fetch-site")
  if (site) return SITES.includes(site) ? (site as Sender) : "cross-site"
  const origin = request.headers.get("origin")
  return origin === null ? undefined : senderByOrigin(origin, request)
}

function senderByOrigin(origin: string, request: Pick<RequestHead, "url" | "headers">): Sender {
  const own = publicOrigin(request)
  if (origin === own) return "same-origin"
  if (!URL.canParse(origin)) return "opaque"
  const { host, hostname } = new URL(origin)
  const ours = hostsOf(own, request.headers)
  if (ours.some((each) => each.host === host)) return "same-host"
  return ours.some((each) => each.hostname === hostname) ? "same-site" : "cross-site"
}

/**
 * Lists the hosts under which visitors may know this server, which behind a proxy may be others than
 * its own. A page of another site can't change these headers.
 */
function hostsOf(own: string, headers: Headers): URL[] {
  const named = [headers.get("host"), headers.get("x-forwarded-host")].flatMap((list) => list?.split(",") ?? [])
  const urls = [own, ...named.map((host) => `http://${host.trim()}`)]
  return urls.filter((url) => URL.canParse(url)).map((url) => new URL(url))
}
