import { Auth } from "@auth/core"
import type { LazyAuth } from "./config.js"
import { publicRequest } from "./public-url.js"
import { readBody } from "./read-body.js"
import { requestConfig } from "./request-config.js"

/** See {@link handleAuth}. */
export interface HandleAuthOptions {
  /** The address of the client, by which failed sign-ins and new lazy users are limited; default: unknown. */
  getClientAddress?: () => string
}

/** More than any form of Auth.js, or the data of a session update, which has to fit into cookies; in bytes. */
const MAX_BODY = 256 * 1024

/**
 * Answers a request to one of the routes of Auth.js (`/auth/…`): `Auth()` with the configuration for this request, the environment's
 * defaults (`AUTH_SECRET`, `AUTH_URL`, …) filled in. For anything that speaks Request and Response. A body of more than
 * 256 KiB is answered with 413 and read no further; Auth.js would read whatever is sent.
 */
export async function handleAuth(request: Request, auth: LazyAuth, options: HandleAuthOptions = {}): Promise<Response> {
  const read = await withReadBody(request)
  if (read instanceof Response) return read
  const outside = publicRequest(read)
  const config = requestConfig(auth, { request: outside, getClientAddress: options.getClientAddress })
  return Auth(config.trustHost ? outside : withoutQuery(outside), config)
}

/** A host that is not trusted makes Auth.js refuse the request and log its URL, and a link in an e-mail has its token in the query. */
function withoutQuery({ url, headers }: Request): Request {
  const { origin, pathname } = new URL(url)
  return new Request(`${origin}${pathname}`, { headers })
}

/** The request with its body in memory, or the answer where that can't be. */
async function withReadBody(request: Request): Promise<Request | Response> {
  try {
    // What somebody else has read already is as long as they let it be.
    if (!request.body || request.bodyUsed || isShort(request.headers)) return request
    const { url, method, headers, signal } = request
    const body = await readBody(request, MAX_BODY)
    if (body === null) return new Response("The body is too large.", { status: 413 })
    return new Request(url, { method, headers, body, signal })
  } catch {
    // The client has gone away in the middle; or @hono/node-server, which makes a Request when it is looked at, can't make one
    // of this. Auth.js says the same.
    return Response.json("Bad request.", { status: 400 })
  }
}

/** By what it says itself, which HTTP holds it to; reading it once more than needed takes time. */
function isShort(headers: Headers): boolean {
  const length = headers.get("content-length")
  return length !== null && /^\d+$/.test(length) && Number(length) <= MAX_BODY
}
