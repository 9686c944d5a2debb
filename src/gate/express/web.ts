import { isIP } from "node:net"
import type { Request as ExpressRequest, Response as ExpressResponse, RequestHandler } from "express"
import { nodeAddress } from "../../auth/request/node-address.js"
import { forwardedHost } from "../../auth/request/public-url.js"

/** Methods that a `Request` refuses: https://fetch.spec.whatwg.org/#forbidden-method */
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"]
/** A host name or address with an optional port, without credentials or a path. */
const HOST = /^(?:\[[\da-f:.]+\]|[^\s/?#@\\[\]:%]+)(?::\d{1,5})?$/i

/** Tells whether the address is invalid. Node and Express accept some that no browser sends. */
export function isMalformed(req: ExpressRequest): boolean {
  return !HOST.test(hostOf(req)) || !URL.canParse(urlOf(req))
}

/** Tells whether this request can't become a `Request`. */
export function isNoWebRequest(req: ExpressRequest): boolean {
  return isMalformed(req) || FORBIDDEN_METHODS.includes(req.method.toUpperCase())
}

/**
 * Reads the host that visitors use: the Host header, which HTTP/1.0 health checks of load balancers
 * may omit, or else what a trusted proxy forwards.
 */
function hostOf(req: ExpressRequest): string {
  const host = req.get("host") ?? "localhost"
  return (isInner(host) && trustedHost(req)) || host
}

/**
 * Tells whether a host is an IP address or a name without a dot, such as the `127.0.0.1:3000` that
 * nginx sends by default. Next to a public Host, the client may have sent `X-Forwarded-Host`.
 */
function isInner(host: string): boolean {
  const name = host.replace(/:\d+$/, "")
  return !name.includes(".") || isIP(name) !== 0
}

/** Reads `X-Forwarded-Host` where Express trusts the proxy, by its `trust proxy` setting. */
function trustedHost(req: ExpressRequest): string | undefined {
  const trusts: unknown = req.app.get("trust proxy fn")
  const isTrusted = typeof trusts === "function" && trusts(req.socket.remoteAddress, 0) === true
  return isTrusted ? forwardedHost(req.get("x-forwarded-host") ?? null) : undefined
}

function urlOf(req: ExpressRequest): string {
  // A proxy may send a whole URL, of which the path counts; `OPTIONS *` means the server itself.
  const path = req.originalUrl.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").replace(/^\*$/, "")
  return `${req.protocol}://${hostOf(req)}${path.startsWith("/") ? "" : "/"}${path}`
}

/** Reads method, URL and headers. The protocol follows the `trust proxy` setting of Express. */
export function webHead(req: ExpressRequest): { method: string; url: string; headers: Headers } {
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers))
    for (const each of [value].flat()) if (each !== undefined) headers.append(name, each)
  return { method: req.method, url: urlOf(req), headers }
}

/** Returns a signal that is aborted when the client disconnects before the response is sent. */
export function hangUpSignal(res: ExpressResponse): AbortSignal {
  const controller = new AbortController()
  res.once("close", () => {
    if (!res.writableFinished) controller.abort()
  })
  return controller.signal
}

/** Sends a web response through Express. */
export async function sendWebResponse(response: Response, res: ExpressResponse): Promise<void> {
  res.status(response.status)
  // Each cookie is an entry of its own.
  for (const [name, value] of response.headers) res.append(name, value)
  res.end(Buffer.from(await response.arrayBuffer()))
}

/** Answers 400 to an invalid request, for which Express would show an error and its stack. */
export function refusing(isRefused: (req: ExpressRequest) => boolean, handler: RequestHandler): RequestHandler {
  return (req, res, next) => {
    if (!isRefused(req)) return handler(req, res, next)
    res.status(400).set("cache-control", "no-store").type("text/plain").end("Bad request.")
  }
}

/** Returns a function that reads the client's address; undefined for a connection without one. */
export function addressOf(req: ExpressRequest): (() => string) | undefined {
  const address = req.ip ?? nodeAddress(req)
  return address === undefined ? undefined : () => address
}
