/** The address under which visitors reach the app: `AUTH_URL` where it is set, as everywhere in Auth.js, and the request's own otherwise. */
export function publicOrigin(request: Pick<Request, "url">): string {
  const configured = process.env.AUTH_URL ?? process.env.NEXTAUTH_URL
  return new URL(configured ?? request.url).origin
}

/** The same request under the address that visitors use: behind a proxy a server sees its own, internal one. */
export function publicRequest(request: Request): Request {
  const { origin, pathname, search } = new URL(request.url)
  const outside = publicOrigin(request)
  return outside === origin ? request : new Request(`${outside}${pathname}${search}`, request)
}

/** The same without its body, which is Auth.js's to read. */
export function publicHead(request: Request): Request {
  const { origin, pathname, search } = new URL(request.url)
  const outside = publicOrigin(request)
  const { method, headers } = request
  return outside === origin ? request : new Request(`${outside}${pathname}${search}`, { method, headers })
}

/** The request under the address in the headers of a proxy: @hono/auth-js, which hands over the request as it came in, believes them. */
export function forwardedHead(request: Request): Request {
  const { method, headers } = request
  const url = new URL(request.url)
  const protocol = headers.get("x-forwarded-proto")
  const host = headers.get("x-forwarded-host")
  if (protocol === null && host === null) return request
  if (protocol !== null) url.protocol = protocol
  if (host !== null) {
    url.port = ""
    url.host = host
  }
  return new Request(url, { method, headers })
}
