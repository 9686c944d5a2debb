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
