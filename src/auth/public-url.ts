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
