import type { RequestHead } from "./head.js"

/**
 * Returns the origin of the app for its visitors: that of `AUTH_URL` where it is set, as everywhere
 * in Auth.js, and that of the request otherwise.
 */
export function publicOrigin(request: Pick<Request, "url">): string {
  return configuredOrigin() ?? new URL(request.url).origin
}

/** Returns the public origin of the app, and the URL of the request under it. */
export function publicAddress(request: Pick<Request, "url">): { origin: string; url: string } {
  const own = new URL(request.url)
  const origin = configuredOrigin() ?? own.origin
  return { origin, url: `${origin}${own.pathname}${own.search}` }
}

/** Moves a request to the public origin. Behind a proxy, a server sees its internal address. */
export function publicRequest(request: Request): Request {
  const outside = elsewhere(request)
  return outside === undefined ? request : new Request(outside, request)
}

/** Moves the head of a request to the public origin. Leaves the body to Auth.js. */
export function publicHead(request: RequestHead): RequestHead {
  const url = elsewhere(request)
  const { method, headers, signal } = request
  return url === undefined ? request : { method, url, headers, signal }
}

/** Makes a whole request, without a body, from its head. */
export function wholeRequest(head: RequestHead): Request {
  return head instanceof Request ? head : new Request(head.url, { method: head.method, headers: head.headers })
}

/** Returns the public URL of a request that came under another origin; undefined for any other. */
function elsewhere({ url }: RequestHead): string | undefined {
  const origin = configuredOrigin()
  if (origin === undefined || url.startsWith(`${origin}/`)) return undefined
  const { pathname, search } = new URL(url)
  return `${origin}${pathname}${search}`
}

/** Returns the path of `AUTH_URL`; undefined where the variable is not set or has no path. */
export function configuredPath(): string | undefined {
  const url = process.env.AUTH_URL
  const path = url === undefined || !URL.canParse(url) ? undefined : parse(url).path
  return path === "" ? undefined : path
}

function configuredOrigin(): string | undefined {
  const url = process.env.AUTH_URL ?? process.env.NEXTAUTH_URL
  // Auth.js treats an empty variable as one that is not set.
  return url ? parse(url).origin : undefined
}

let parsed: { url: string; origin: string; path: string } | undefined

/** Parses `AUTH_URL` once: it rarely changes, and parsing it for every request is slow. */
function parse(url: string): { origin: string; path: string } {
  if (parsed?.url !== url) {
    const { origin, pathname } = new URL(url)
    parsed = { url, origin, path: pathname.replace(/\/$/, "") }
  }
  return parsed
}

/**
 * Moves the head of a request to the address in the headers of a proxy, which @hono/auth-js trusts
 * but does not apply.
 */
export function forwardedHead(request: Request): RequestHead {
  const url = forwardedUrl(request)
  const { method, headers, signal } = request
  return url === request.url ? request : { method, url, headers, signal }
}

/** Moves a request, with its body, to the address in the headers of a proxy. */
export function forwardedRequest(request: Request): Request {
  const url = forwardedUrl(request)
  return url === request.url ? request : new Request(url, request)
}

/**
 * Returns the URL that the visitor requested, by `x-forwarded-proto` and `x-forwarded-host`. The
 * first value of a list counts; anything but `http`, `https` or a host is ignored.
 */
export function forwardedUrl({ url, headers }: Pick<RequestHead, "url" | "headers">): string {
  const protocol = forwardedProtocol(headers)
  const host = forwardedHost(headers.get("x-forwarded-host"))
  if (protocol === undefined && host === undefined) return url
  const outside = new URL(url)
  if (protocol !== undefined) outside.protocol = protocol
  if (host !== undefined) {
    outside.port = ""
    outside.host = host
  }
  return outside.href
}

/** Reads `http` or `https`; undefined where the header says neither. */
function forwardedProtocol(headers: Headers): string | undefined {
  const protocol = firstOf(headers.get("x-forwarded-proto"))?.toLowerCase().replace(/:$/, "")
  return protocol === "http" || protocol === "https" ? protocol : undefined
}

/** Reads the host in a value of `x-forwarded-host`; undefined where there is none. */
export function forwardedHost(list: string | null): string | undefined {
  const host = firstOf(list)
  return host !== undefined && /^[^\s/?#@\\]+$/.test(host) && URL.canParse(`http://${host}`) ? host : undefined
}

/**
 * Reduces lists in forwarded headers to one value. @hono/auth-js and @auth/sveltekit take the whole
 * list for a protocol.
 */
export function settleForwarded(headers: Headers): void {
  const settle = (name: string, value: string | undefined) => {
    const given = headers.get(name)
    if (given === null || given === value) return
    if (value === undefined) headers.delete(name)
    else headers.set(name, value)
  }
  settle("x-forwarded-proto", forwardedProtocol(headers))
  settle("x-forwarded-host", forwardedHost(headers.get("x-forwarded-host")))
}

function firstOf(list: string | null): string | undefined {
  return list?.split(",")[0]?.trim()
}

/**
 * Returns the target as a path if it stays on `origin`; null otherwise. Refuses `//evil`, `/\evil`
 * and control characters before parsing, because browsers read them as other sites.
 */
export function sameOriginPath(target: unknown, origin: string): string | null {
  if (typeof target !== "string" || target === "" || target.length > 2048) return null
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0020\u007f\\]/.test(target) || target.startsWith("//")) return null
  if (!URL.canParse(target, origin)) return null
  const url = new URL(target, origin)
  return url.origin === origin && !url.pathname.startsWith("//") ? `${url.pathname}${url.search}${url.hash}` : null
}
