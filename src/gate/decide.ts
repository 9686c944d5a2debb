import type { RequestHead } from "../auth/request/head.js"
import { isCrossSite } from "./cross-site.js"
import { isKnownBot } from "./known-bots.js"
import { prefetcherOf } from "./prefetch.js"

/** Why no lazy user is made for a request that would otherwise get one, by the request alone. */
export type UnfitRequest = "bot" | "prefetch" | "method" | "upgrade" | "cross-site"

/** Why there is no session behind an open gate. */
export type SkipReason = "read-only" | "disabled" | "bot" | "stale-session" | UnfitRequest

/**
 * Whether a request is one for which a lazy user may be made; undefined means yes. Looks at the request alone.
 *
 * A visitor is somebody who looks at a page: not a crawler, not a browser that loads ahead what may never be looked at, and not another
 * site that sends a form here: such a request comes without the `SameSite=Lax` cookie even if the browser has a session, so a
 * session made for it would overwrite that one.
 */
export function skipReason(
  { method, url, headers }: RequestHead,
  isBot: (userAgent: string | null) => boolean = isKnownBot,
): UnfitRequest | undefined {
  if (method === "HEAD" || method === "OPTIONS" || method === "TRACE") return "method"
  // What answers an upgrade sets no cookies.
  if (headers.get("upgrade")?.toLowerCase() === "websocket") return "upgrade"
  if (prefetcherOf(headers)) return "prefetch"
  if (isBot(headers.get("user-agent"))) return "bot"
  if (isCrossSite({ method, url, headers })) return "cross-site"
  return undefined
}

/** Whether a browser waits for a page, which it can be sent elsewhere for. */
export function isNavigation({ method, headers }: Pick<RequestHead, "method" | "headers">): boolean {
  return (method === "GET" || method === "HEAD") && isPageLoad(headers)
}

/** Whether a browser waits for a page, or posts a form to get one. */
export function isPageLoad(headers: Headers): boolean {
  const mode = headers.get("sec-fetch-mode")
  return mode === null ? (headers.get("accept") ?? "").includes("text/html") : mode === "navigate"
}
