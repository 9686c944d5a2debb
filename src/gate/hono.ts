import type { Session } from "@auth/core/types"
import type { Context, MiddlewareHandler } from "hono"
import type { LazyAuth } from "../auth/config.js"
import { honoAddress } from "../auth/node-address.js"
import { keepPrivate } from "../auth/privately.js"
import { forwardedHead } from "../auth/public-url.js"
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
    const result = await gate(forwardedHead(c.req.raw), auth, { ...options, getClientAddress: honoAddress(c.env) })
    if (!result.open) {
      for (const [name, value] of result.headers) c.header(name, value, { append: true })
      return c.body(result.body, result.status)
    }
    c.set("session", result.session)
    // In place: @hono/auth-js may have been given the request already.
    if (result.cookie) c.req.raw.headers.set("cookie", result.cookie)
    await next()
    addHeaders(c, result.headers)
  }
}

/** Afterwards, since Hono drops what was set before where a handler answers with a `Response` of its own. */
function addHeaders(c: Context, gated: Headers): void {
  // Makes the headers of any response changeable.
  c.header("vary", gated.get("vary") ?? undefined, { append: true })
  const { headers } = c.res
  const control = gated.get("cache-control")
  if (control !== null && !headers.has("cache-control")) headers.set("cache-control", control)
  // Of two cookies with one name the last counts: the handler's, which may have signed somebody out.
  const own = headers.getSetCookie()
  headers.delete("set-cookie")
  for (const cookie of [...gated.getSetCookie(), ...own]) headers.append("set-cookie", cookie)
  if (gated.has("set-cookie")) keepPrivate(headers)
}
