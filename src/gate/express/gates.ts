import type { IncomingMessage } from "node:http"
import type { Request as ExpressRequest, Response as ExpressResponse, NextFunction, RequestHandler } from "express"
import type { LazyAuth } from "../../auth/request/head.js"
import type { GateSession } from "../../auth/types.js"
import { framePolicyOf } from "../frame-policy.js"
import { decideGate } from "../gate.js"
import { type AllowOptions, type GateOptions, optionsOf, type RequireOptions } from "../options.js"
import type { GateResult } from "../result.js"
import { keepGateHeaders } from "./keep.js"
import { addressOf, isMalformed, refusing, webHead } from "./web.js"

/** What gates put into `res.locals`. */
interface GateLocals {
  /**
   * The session that a gate found; null when nobody is signed in. Handlers in the same call as a
   * gate get a narrower type.
   */
  session?: GateSession | null
}

declare global {
  namespace Express {
    interface Locals extends GateLocals {}
  }
}

/**
 * Types a gate as Express middleware. In `app.get(path, gate, handler)`, it tells the handler
 * whether the session can be null.
 */
export interface GateHandler<Found extends GateSession | null> {
  (req: ExpressRequest, res: ExpressResponse, next: NextFunction): unknown
  // TypeScript infers the types of the handlers from the last signature.
  (
    req: IncomingMessage,
    res: ExpressResponse<unknown, ExpressResponse["locals"] & { session: Found }>,
    next: NextFunction,
  ): unknown
}

/**
 * Signs in each visitor who has no session as a new lazy user. From the very first request,
 * handlers find the session in `res.locals.session` and its cookie in `req.headers.cookie`.
 *
 * The session is null for requests that create nobody, such as those of bots and prefetches.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const app = express()
 * app.get("/notes", allowLazy(authConfig), (req, res) => res.json(res.locals.session))
 */
export function allowLazy(auth: LazyAuth, options?: AllowOptions): GateHandler<GateSession | null> {
  return middleware(auth, optionsOf("allowLazy", auth, options))
}

/**
 * Lets only lazy users through. Redirects any other browser to `redirectTo`, by default the
 * sign-in page, and answers other clients with 401 or 403.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const app = express()
 * const onlyLazy = requireLazy(authConfig, { redirectTo: "/notes" })
 * app.get("/welcome", onlyLazy, (req, res) => res.send(res.locals.session.user.id))
 */
export function requireLazy(auth: LazyAuth, options?: RequireOptions): GateHandler<GateSession> {
  return middleware(auth, optionsOf("requireLazy", auth, options))
}

/**
 * Lets only real users through. Redirects any other browser to `redirectTo`, by default the
 * sign-in page, and answers other clients with 401 or 403.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const app = express()
 * const onlyReal = requireReal(authConfig, { redirectTo: "/convert" })
 * app.get("/settings", onlyReal, (req, res) => res.send(res.locals.session.user.id))
 */
export function requireReal(auth: LazyAuth, options?: RequireOptions): GateHandler<GateSession> {
  return middleware(auth, optionsOf("requireReal", auth, options))
}

/**
 * Reads the session without creating or refusing anyone, for sign-in pages and public pages.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const app = express()
 * app.get("/signin", optionalSession(authConfig), (req, res) => res.json(res.locals.session))
 */
export function optionalSession(auth: LazyAuth): GateHandler<GateSession | null> {
  return middleware(auth, optionsOf("optionalSession", auth))
}

function middleware<Found extends GateSession | null>(auth: LazyAuth, options: GateOptions): GateHandler<Found> {
  const handle: RequestHandler = async (req, res, next) => {
    let result: GateResult
    try {
      result = await decideGate(webHead(req), auth, { ...options, getClientAddress: addressOf(req) })
    } catch (error) {
      return next(error)
    }
    for (const [name, value] of result.headers) res.append(name, value)
    if (!result.open) {
      return res.status(result.status).end(result.body)
    }
    const { headers } = result
    if (headers.has("set-cookie") || framePolicyOf(headers) || options.on === "write") keepGateHeaders(res, headers)
    res.locals.session = result.session
    if (result.cookie || req.headers.cookie) req.headers.cookie = result.cookie
    next()
  }
  // A gate that requires a user is open only with a session.
  return refusing(isMalformed, handle) as GateHandler<Found>
}
