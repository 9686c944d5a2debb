import { Readable } from "node:stream"
import type { Request as ExpressRequest, Response as ExpressResponse } from "express"

/** Method, URL and headers of an Express request; Express knows, by its `trust proxy` setting, which protocol the visitor uses. */
export function webHead(req: ExpressRequest): { method: string; url: string; headers: Headers } {
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers))
    for (const each of [value].flat()) if (each !== undefined) headers.append(name, each)
  const url = `${req.protocol}://${req.get("host")}${req.originalUrl}`
  // A Host header that is no host must not take the server down.
  return { method: req.method, url: URL.canParse(url) ? url : `${req.protocol}://localhost/`, headers }
}

/**
 * The request as the web knows it. A body that a parser of Express has read already is written out again.
 * @param signal tells when the client hangs up
 */
export function webRequest(req: ExpressRequest, signal?: AbortSignal): Request {
  const { method, url, headers } = webHead(req)
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers, signal })
  // Its length may change when it is written again.
  headers.delete("content-length")
  // Parsers of Express 4 set an empty object where they have read nothing.
  const unread = req.body === undefined || !req.readableDidRead
  const body = unread ? (Readable.toWeb(req) as ReadableStream) : writeBody(req.body, headers.get("content-type") ?? "")
  return new Request(url, { method, headers, body, signal, duplex: "half" } as RequestInit)
}

function writeBody(body: unknown, contentType: string): string {
  if (typeof body === "string") return body
  if (!contentType.includes("application/x-www-form-urlencoded")) return JSON.stringify(body)
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(body as Record<string, unknown>))
    for (const each of [value].flat()) form.append(name, String(each))
  return form.toString()
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
