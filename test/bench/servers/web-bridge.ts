import type { IncomingMessage, ServerResponse } from "node:http"

/** The request of node:http as the web knows it. */
export async function toRequest(req: IncomingMessage): Promise<Request> {
  const headers = headersOf(req)
  const url = urlOf(req)
  if (req.method === "GET") return new Request(url, { headers })
  return new Request(url, { method: req.method, headers, body: await readBody(req) })
}

export function headersOf(req: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers)) {
    if (typeof value === "string") headers.append(name, value)
    else for (const each of value ?? []) headers.append(name, each)
  }
  return headers
}

export const urlOf = (req: IncomingMessage) => `http://${req.headers.host}${req.url}`

/** Sends a response of the web through node:http. */
export async function writeResponse(response: Response, res: ServerResponse): Promise<void> {
  res.statusCode = response.status
  // Each cookie is an entry of its own.
  for (const [name, value] of response.headers) res.appendHeader(name, value)
  res.end(await response.text())
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
