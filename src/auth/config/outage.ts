import { sqlState } from "../../store/sql/sql-state.js"

/**
 * The number of seconds after which to ask again. A repeated first visit within them gets the lazy
 * user that the lost one may have made.
 */
export const RETRY_AFTER = 5

/**
 * SQLSTATEs of a server that can't answer now: lost connections, no room or memory, a shutdown, a
 * standby that is not promoted yet, time-outs, a transaction that gave way to another.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const STATES = /^(08|53|58)|^57(014|P0[1235])$|^25(006|P03|P04)$|^55P03$|^40(001|003|P01)$/

/** Codes of Node and of postgres.js for a connection that can't be made or is lost. */
const CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
])

/** Names of errors of ioredis and node-redis. */
const NAMES = new Set([
  "MaxRetriesPerRequestError",
  "ClusterAllFailedError",
  "ClientClosedError",
  "ClientOfflineError",
  "ConnectionTimeoutError",
  "DisconnectsClientError",
  "ReconnectStrategyError",
  "RootNodesUnavailableError",
  "SocketClosedUnexpectedlyError",
  "SocketTimeoutError",
])

/** Messages of errors without a code: of this library, node-postgres, PGlite and Redis clients. */
const MESSAGES = [
  /^The connection was lost /,
  /^Connection terminated/,
  /^timeout e(xpired|xceeded when trying to connect)/,
  /^Query read timeout/,
  /^Client (has encountered a connection error|was closed)/,
  /^Cannot use a pool after calling end/,
  /^PGlite is clos/,
  /^Connection is closed\./,
  /^Command timed out/,
  /^Stream isn't writeable/,
  /^Redis connection is not ready/,
  /^(LOADING|MASTERDOWN|CLUSTERDOWN|READONLY|TRYAGAIN|OOM) /,
]

/** The most errors to look at in a chain of causes. */
const MAX_ERRORS = 30

/**
 * Tells whether an error, or one of its causes, says that a database or the store of a limiter
 * can't be asked now. The server may have executed a statement whose connection was lost.
 */
export function isOutage(error: unknown): boolean {
  const chain: unknown[] = [error]
  for (const each of chain) {
    if (chain.length > MAX_ERRORS) return false
    if (!(each instanceof Error)) continue
    if (isOne(each)) return true
    const { cause, errors } = each as { cause?: unknown; errors?: unknown }
    chain.push(cause, (cause as { err?: unknown } | null | undefined)?.err)
    // Node tries each address of a host, and reports all failures.
    if (Array.isArray(errors)) chain.push(...errors.slice(0, 5))
  }
  return false
}

function isOne(error: Error): boolean {
  const { code } = error as { code?: unknown }
  if (typeof code === "string" && CODES.has(code)) return true
  const state = code === undefined ? undefined : sqlState(error)
  if (state !== undefined) return STATES.test(state)
  return NAMES.has(error.name) || MESSAGES.some((message) => message.test(error.message))
}

/**
 * Writes what a visitor reads of an outage: a page for a browser that navigates, JSON for other
 * clients.
 */
export function outageAnswer(isPage: boolean): { body: string; headers: Record<string, string> } {
  const headers = { "retry-after": String(RETRY_AFTER), "cache-control": "private, no-store" }
  if (!isPage)
    return {
      body: JSON.stringify({ error: "unavailable" }),
      headers: { ...headers, "content-type": "application/json" },
    }
  const body =
    "<!doctype html><title>Try again</title><p>This page is not available now. Please try again in a few seconds.</p>"
  return { body, headers: { ...headers, "content-type": "text/html; charset=utf-8" } }
}
