import type { Context, MiddlewareHandler, Next } from "hono"
import type { LazyAuth } from "../auth/request/head.js"
import { honoAddress } from "../auth/request/node-address.js"
import { forwardedHead } from "../auth/request/public-url.js"
import type { GateSession } from "../auth/types.js"
import { mergeGateHeaders } from "./answer.js"
import { decideGate } from "./gate.js"
import { type AllowOptions, type GateOptions, optionsOf, type RequireOptions } from "./options.js"

declare module "hono" {
  interface ContextVariableMap {
    /**
     * The session that a gate found; null when nobody is signed in. Handlers chained to a gate get
     * a narrower type.
     */
    session: GateSession | null
  }
}

/** Types a gate as Hono middleware. Tells chained handlers whether the session can be null. */
export type GateHandler<Found extends GateSession | null> = MiddlewareHandler<{ Variables: { session: Found } }>

/**
 * Signs in each visitor who has no session as a new lazy user. From the very first request,
 * handlers find the session in `c.get("session")`, and its cookie on the request, where
 * `getAuthUser(c)` of @hono/auth-js reads it.
 *
 * The session is null for requests that create nobody, such as those of bots and prefetches.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const app = new Hono()
 * app.get("/notes", allowLazy(authConfig), (c) => c.json(c.get("session")))
 */
export function allowLazy(auth: LazyAuth, options?: AllowOptions): GateHandler<GateSession | null> {
  return middleware(auth, optionsOf("allowLazy", auth, options))
}

/**
 * Lets only lazy users through. Redirects any other browser to `redirectTo`, by default the
 * sign-in page, and answers other clients with 401 or 403.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const app = new Hono()
 * const onlyLazy = requireLazy(authConfig, { redirectTo: "/notes" })
 * app.get("/welcome", onlyLazy, (c) => c.text(c.get("session").user.id))
 */
export function requireLazy(auth: LazyAuth, options?: RequireOptions): GateHandler<GateSession> {
  return middleware(auth, optionsOf("requireLazy", auth, options))
}

/**
 * Lets only real users through. Redirects any other browser to `redirectTo`, by default the
 * sign-in page, and answers other clients with 401 or 403.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const app = new Hono()
 * const onlyReal = requireReal(authConfig, { redirectTo: "/convert" })
 * app.get("/settings", onlyReal, (c) => c.text(c.get("session").user.id))
 */
export function requireReal(auth: LazyAuth, options?: RequireOptions): GateHandler<GateSession> {
  return middleware(auth, optionsOf("requireReal", auth, options))
}

/**
 * Reads the session without creating or refusing anyone, for sign-in pages and public pages.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const app = new Hono()
 * app.get("/signin", optionalSession(authConfig), (c) => c.json(c.get("session")))
 */
export function optionalSession(auth: LazyAuth): GateHandler<GateSession | null> {
  return middleware(auth, optionsOf("optionalSession", auth))
}

function middleware<Found extends GateSession | null>(auth: LazyAuth, options: GateOptions): GateHandler<Found> {
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
    // Change it in place: @hono/auth-js may already hold the request.
    if (result.cookie || c.req.raw.headers.has("cookie")) c.req.raw.headers.set("cookie", result.cookie)
    await answered(c, next)
    addHeaders(c, result.headers)
  }
}

/** Runs the next handler. Hono passes errors to `onError`, but can't handle a thrown `Response`. */
async function answered(c: Context, next: Next): Promise<void> {
  try {
    await next()
  } catch (thrown) {
    if (!(thrown instanceof Response)) throw thrown
    c.res = thrown
  }
}

/**
 * Tells whether the URL is invalid or has credentials, so that @hono/node-server can't make a
 * `Request`.
 */
function isMalformed({ url }: Request): boolean {
  if (!URL.canParse(url)) return true
  const { username, password } = new URL(url)
  return username !== "" || password !== ""
}

/**
 * Adds the gate's headers after the handler. Hono drops headers that were set before, if a handler
 * returns its own `Response`.
 */
function addHeaders(c: Context, gated: Headers): void {
  // Setting a header makes Hono copy a response whose headers are immutable.
  c.header("vary", c.res.headers.get("vary") ?? undefined)
  mergeGateHeaders(c.res.headers, gated)
}
