import type { ServerResponse } from "node:http"
import { isForSharedCaches } from "../../auth/request/cache-control.js"
import { cacheControl, isForOne, missingCookies, namesCookie } from "../answer.js"
import { framePolicyOf, hasPolicy } from "../frame-policy.js"

type Arguments = Parameters<ServerResponse["writeHead"]>

/**
 * Adds the gate's headers at the moment Node writes the head of the response. So the cookie of a
 * new session survives `writeHead` with headers, and error handlers that clear headers.
 */
export function keepGateHeaders(res: ServerResponse, gated: Headers): void {
  const writeHead = res.writeHead
  res.writeHead = function (this: ServerResponse, ...given: unknown[]) {
    const [status, second, third] = given
    takeHeaders(res, typeof second === "string" ? third : (second ?? third))
    addMissing(res, gated)
    const rest = typeof second === "string" ? [status, second] : [status]
    return writeHead.apply(this, rest as unknown as Arguments)
  } as ServerResponse["writeHead"]
}

/** Sets the headers given to `writeHead`, as an object or as alternating names and values. */
function takeHeaders(res: ServerResponse, headers: unknown): void {
  if (typeof headers !== "object" || headers === null) return
  const pairs = Array.isArray(headers) ? pairsOf(headers) : Object.entries(headers)
  const names = new Set(pairs.map(([name]) => name.toLowerCase()))
  for (const name of names) res.removeHeader(name)
  for (const [name, value] of pairs)
    if (value !== undefined) res.appendHeader(name, Array.isArray(value) ? value.map(String) : String(value))
}

function pairsOf(list: unknown[]): [string, unknown][] {
  if (list.every((entry) => Array.isArray(entry))) return list as [string, unknown][]
  return list.flatMap((name, n): [string, unknown][] => (n % 2 === 0 ? [[String(name), list[n + 1]]] : []))
}

function addMissing(res: ServerResponse, gated: Headers): void {
  const own = [res.getHeader("set-cookie") ?? []].flat().map(String)
  const missing = missingCookies(gated.getSetCookie(), own)
  // Browsers keep the last of two cookies with one name, so the handler's comes last.
  if (missing.length > 0) res.setHeader("set-cookie", [...missing, ...own])
  const control = cacheControl(joined(res, "cache-control"), gated, own)
  if (control !== null) res.setHeader("cache-control", control)
  if (isForOne(gated, own)) for (const name of res.getHeaderNames()) if (isForSharedCaches(name)) res.removeHeader(name)
  if (!namesCookie(joined(res, "vary"))) res.appendHeader("vary", "Cookie")
  const policy = framePolicyOf(gated)
  if (policy !== null && !hasPolicy(joined(res, "content-security-policy"), policy))
    res.appendHeader("content-security-policy", policy)
}

function joined(res: ServerResponse, name: string): string | null {
  const value = res.getHeader(name)
  return value === undefined ? null : [value].flat().join(", ")
}
