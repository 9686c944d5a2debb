import type { Request as ExpressRequest, Response as ExpressResponse } from "express"

/** No `Request` of the web can have these methods: https://fetch.spec.whatwg.org/#forbidden-method */
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"]
/** A name or an address, and a port: no credentials, and nothing in which a URL would go on. */
const HOST = /^(?:\[[\da-f:.]+\]|[^\s/?#@\\[\]:%]+)(?::\d{1,5})?$/i

/** Whether the address of a request is none that a browser or a proxy could ask for; Node and Express let it through. */
export function isMalformed(req: ExpressRequest): boolean {
  return !HOST.test(hostOf(req)) || !URL.canParse(urlOf(req))
}

/** Whether there can't be a `Request` for it at all. */
export function isNoWebRequest(req: ExpressRequest): boolean {
  return isMalformed(req) || FORBIDDEN_METHODS.includes(req.method.toUpperCase())
}

/** A request of HTTP/1.0 need not have one: the health checks of load balancers. */
const hostOf = (req: ExpressRequest): string => req.get("host") ?? "localhost"

function urlOf(req: ExpressRequest): string {
  // Proxies may send a whole address, whose path counts, and OPTIONS is sent for "*", which is the server itself.
  const path = req.originalUrl.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").replace(/^\*$/, "")
  return `${req.protocol}://${hostOf(req)}${path.startsWith("/") ? "" : "/"}${path}`
}

/** Method, URL and headers of an Express request; Express knows, by its `trust proxy` setting, which protocol the visitor uses. */
export function webHead(req: ExpressRequest): { method: string; url: string; headers: Headers } {
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers))
    for (const each of [value].flat()) if (each !== undefined) headers.append(name, each)
  return { method: req.method, url: urlOf(req), headers }
}

/** Tells when the client of a response hangs up before it is sent. */
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
