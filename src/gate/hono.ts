import type { Session } from "@auth/core/types"
import type { Context, MiddlewareHandler, Next } from "hono"
import type { LazyAuth } from "../auth/request/head.js"
import { honoAddress } from "../auth/request/node-address.js"
import { forwardedHead } from "../auth/request/public-url.js"
import { mergeGateHeaders } from "./answer.js"
import { decideGate } from "./gate.js"
import { type AllowOptions, type GateOptions, optionsOf, type RequireOptions } from "./options.js"

declare module "hono" {
  interface ContextVariableMap {
    /** Set by the gates; null where nobody is signed in. Handlers in one chain with their gate know it more exactly. */
    session: Session | null
  }
}

/** A gate as Hono middleware. The handlers that stand in one chain with it know what kind of session it sets. */
export type GateHandler<Found extends Session | null> = MiddlewareHandler<{ Variables: { session: Found } }>

/**
 * Signs a visitor without a session in as a new lazy user. The handlers behind it find the session in `c.get("session")`, and its cookie on
 * the request (so `getAuthUser(c)` of @hono/auth-js sees it too), on the very first request. For bots, prefetches and the like the session is null.
 * @example app.get("/notes", allowLazy(authConfig), (c) => c.json(c.get("session")))
 * @throws LazySetupError when an argument can't be
 */
export function allowLazy(auth: LazyAuth, options?: AllowOptions): GateHandler<Session | null> {
  return middleware(auth, optionsOf("allowLazy", auth, options))
}

/**
 * Lets only lazy users pass. A browser is redirected to `redirectTo`, by default the sign-in page; other clients are answered 401 or 403.
 * @example app.get("/welcome", requireLazy(authConfig, { redirectTo: "/notes" }), (c) => c.text(c.get("session").user.id))
 * @throws LazySetupError when an argument can't be
 */
export function requireLazy(auth: LazyAuth, options?: RequireOptions): GateHandler<Session> {
  return middleware(auth, optionsOf("requireLazy", auth, options))
}

/**
 * Lets only real users pass. A browser is redirected to `redirectTo`, by default the sign-in page; other clients are answered 401 or 403.
 * @example app.get("/settings", requireReal(authConfig, { redirectTo: "/convert" }), (c) => c.text(c.get("session").user.id))
 * @throws LazySetupError when an argument can't be
 */
export function requireReal(auth: LazyAuth, options?: RequireOptions): GateHandler<Session> {
  return middleware(auth, optionsOf("requireReal", auth, options))
}

/**
 * Finds the session of whoever is signed in. It makes and refuses nobody, for sign-in pages and public pages.
 * @example app.get("/signin", optionalSession(authConfig), (c) => c.json(c.get("session")))
 * @throws LazySetupError when an argument can't be
 */
export function optionalSession(auth: LazyAuth): GateHandler<Session | null> {
  return middleware(auth, optionsOf("optionalSession", auth))
}

function middleware<Found extends Session | null>(auth: LazyAuth, options: GateOptions): GateHandler<Found> {
  return async (c, next) => {
    if (isMalformed(c.req.raw)) return c.text("Bad request.", 400, { "cache-control": "no-store" })
    const getClientAddress = honoAddress(c.env)
    const result = await decideGate(forwardedHead(c.req.raw), auth, { ...options, getClientAddress })
    if (!result.open) {
      for (const [name, value] of result.headers) c.header(name, value, { append: true })
      return c.body(result.body, result.status)
    }
    // A gate that requires a user is open only with a session.
    c.set("session", result.session as Found)
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
