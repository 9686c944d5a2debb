import type { Session } from "@auth/core/types"
import type { Context, MiddlewareHandler, Next } from "hono"
import type { LazyAuth } from "../auth/request/head.js"
import { honoAddress } from "../auth/request/node-address.js"
import { forwardedHead } from "../auth/request/public-url.js"
import { mergeGateHeaders } from "./answer.js"
import { type GateOptions, gate } from "./gate.js"

declare module "hono" {
  interface ContextVariableMap {
    /** Set by `allowLazy`, `requireLazy` and `requireReal`; null where nobody is signed in. */
    session: Session | null
  }
}

/**
 * Signs in whoever comes, as a lazy user where nobody is signed in. The handlers behind it find the session in `c.get("session")`, and its
 * cookie on the request (so `getAuthUser(c)` of @hono/auth-js sees it too), on the very first request. For bots, prefetches and the like
 * the session is null.
 */
export function allowLazy(auth: LazyAuth): MiddlewareHandler {
  return middleware(auth, {})
}

/** Lets only lazy users pass; a browser is sent to `redirectTo` (default: the sign-in page), anything else is answered 401 or 403. */
export function requireLazy(auth: LazyAuth, redirectTo?: string): MiddlewareHandler {
  return middleware(auth, { require: "lazy", redirectTo })
}

/** Lets only real users pass; a browser is sent to `redirectTo` (default: the sign-in page), anything else is answered 401 or 403. */
export function requireReal(auth: LazyAuth, redirectTo?: string): MiddlewareHandler {
  return middleware(auth, { require: "real", redirectTo })
}

function middleware(auth: LazyAuth, options: GateOptions): MiddlewareHandler {
  return async (c, next) => {
    if (isMalformed(c.req.raw)) return c.text("Bad request.", 400, { "cache-control": "no-store" })
    const result = await gate(forwardedHead(c.req.raw), auth, { ...options, getClientAddress: honoAddress(c.env) })
    if (!result.open) {
      for (const [name, value] of result.headers) c.header(name, value, { append: true })
      return c.body(result.body, result.status)
    }
    c.set("session", result.session)
    // In place: @hono/auth-js may have been given the request already.
    if (result.cookie) c.req.raw.headers.set("cookie", result.cookie)
    await answered(c, next)
    addHeaders(c, result.headers)
  }
}

/**
 * Runs the next handler. Hono passes errors to `onError`, but does not know a thrown `Response`.
 */
async function answered(c: Context, next: Next): Promise<void> {
  try {
    await next()
  } catch (thrown) {
    if (!(thrown instanceof Response)) throw thrown
    c.res = thrown
  }
}

/**
 * Tells whether the URL is invalid or has credentials, of which @hono/node-server can make no
 * `Request`.
 */
function isMalformed({ url }: Request): boolean {
  if (!URL.canParse(url)) return true
  const { username, password } = new URL(url)
  return username !== "" || password !== ""
}

/** Afterwards, since Hono drops what was set before where a handler answers with a `Response` of its own. */
function addHeaders(c: Context, gated: Headers): void {
  // Makes the headers of any response changeable.
  c.header("vary", c.res.headers.get("vary") ?? undefined)
  mergeGateHeaders(c.res.headers, gated)
}
