import { isKnownBot } from "./known-bots.js"

/** Why no lazy user is made for a request that would otherwise get one. */
export type SkipReason = "disabled" | "bot" | "prefetch" | "method" | "upgrade" | "cross-site" | "stale-session"

/** What the decision looks at. */
export type RequestFacts = Pick<Request, "method" | "url" | "headers">

/**
 * Whether a request is one for which a lazy user may be made; undefined means yes. Looks at the request alone.
 *
 * A visitor is somebody who looks at a page: not a crawler, not a browser that loads ahead what may never be looked at, and not another
 * site that sends a form here: such a request comes without the `SameSite=Lax` cookie even if the browser has a session, so a
 * session made for it would overwrite that one. Fetch Metadata (https://www.w3.org/TR/fetch-metadata/) tells, or else `Origin`.
 */
export function skipReason(
  { method, url, headers }: RequestFacts,
  isBot: (userAgent: string | null) => boolean = isKnownBot,
): SkipReason | undefined {
  if (method === "HEAD" || method === "OPTIONS" || method === "TRACE") return "method"
  // What answers an upgrade sets no cookies.
  if (headers.get("upgrade")?.toLowerCase() === "websocket") return "upgrade"
  if (isPrefetch(headers)) return "prefetch"
  if (isBot(headers.get("user-agent"))) return "bot"
  if (isCrossSite({ method, url, headers })) return "cross-site"
  return undefined
}

function isPrefetch(headers: Headers): boolean {
  const purposes = ["sec-purpose", "x-sec-purpose", "purpose", "x-purpose", "x-moz"].map(
    (name) => headers.get(name)?.toLowerCase() ?? "",
  )
  return (
    purposes.some(
      (purpose) => purpose.includes("prefetch") || purpose.includes("prerender") || purpose === "preview",
    ) || headers.has("next-router-prefetch")
  )
}

function isCrossSite({ method, url, headers }: RequestFacts): boolean {
  const site = headers.get("sec-fetch-site")
  if (site === null) {
    const origin = headers.get("origin")
    return origin !== null && origin !== new URL(url).origin
  }
  if (site !== "cross-site") return false
  const topLevel = headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document"
  return !(method === "GET" && topLevel)
}
