import { isCrossSite } from "../auth/request/cross-site.js"
import type { RequestHead } from "../auth/request/head.js"
import { isKnownBot } from "./known-bots.js"
import { prefetcherOf } from "./prefetch.js"

/** Names what in a request keeps the gate from creating a lazy user. */
export type UnfitRequest = "bot" | "prefetch" | "method" | "upgrade" | "cross-site"

/** Names the reason why there is no session behind an open gate. */
export type SkipReason = "read-only" | "disabled" | "bot" | "stale-session" | UnfitRequest

/**
 * Returns why the gate must not create a lazy user for this request; undefined if it may. Reads
 * nothing but the request.
 *
 * Crawlers, prefetches and requests from other sites get no user. A cross-site request arrives
 * without the browser's `SameSite=Lax` session cookie, and a new session would overwrite it.
 */
export function skipReason(
  { method, url, headers }: RequestHead,
  isBot: (userAgent: string | null) => boolean = isKnownBot,
): UnfitRequest | undefined {
  if (method === "HEAD" || method === "OPTIONS" || method === "TRACE") return "method"
  // The response to an upgrade can't set cookies.
  if (headers.get("upgrade")?.toLowerCase() === "websocket") return "upgrade"
  if (prefetcherOf(headers)) return "prefetch"
  if (isBot(headers.get("user-agent"))) return "bot"
  if (isCrossSite({ method, url, headers })) return "cross-site"
  return undefined
}

const WRITES = ["POST", "PUT", "PATCH", "DELETE"]

/**
 * Tells whether a request writes, by its method alone: headers such as `X-HTTP-Method-Override`
 * and operations of GraphQL in a query don't count.
 */
export function isWrite({ method }: Pick<RequestHead, "method">): boolean {
  return WRITES.includes(method)
}

/** Tells whether a browser navigates to a page, so that the gate can redirect it. */
export function isNavigation({ method, headers }: Pick<RequestHead, "method" | "headers">): boolean {
  return (method === "GET" || method === "HEAD") && isPageLoad(headers)
}

/** Tells whether a browser loads a page, by navigating to it or by posting a form. */
export function isPageLoad(headers: Headers): boolean {
  const mode = headers.get("sec-fetch-mode")
  return mode === null ? (headers.get("accept") ?? "").includes("text/html") : mode === "navigate"
}
