import type { IncomingMessage } from "node:http"
import type { Session } from "@auth/core/types"
import type { Request as ExpressRequest, Response as ExpressResponse, NextFunction, RequestHandler } from "express"
import type { LazyAuth } from "../../auth/request/head.js"
import { decideGate } from "../gate.js"
import { type AllowOptions, type GateOptions, optionsOf, type RequireOptions } from "../options.js"
import type { GateResult } from "../result.js"
import { keepGateHeaders } from "./keep.js"
import { addressOf, isMalformed, refusing, webHead } from "./web.js"

declare global {
  namespace Express {
    interface Locals {
      /** Set by the gates; null where nobody is signed in. Handlers in one call with their gate know it more exactly. */
      session?: Session | null
    }
  }
}

/**
 * A gate as Express middleware. Handlers that stand in one call with it, as in `app.get(path, gate, handler)`, know what kind of session it
 * sets. It is a `RequestHandler` for everything else.
 */
export interface GateHandler<Found extends Session | null> {
  (req: ExpressRequest, res: ExpressResponse, next: NextFunction): unknown
  // The last one is what TypeScript infers the handlers from.
  (
    req: IncomingMessage,
    res: ExpressResponse<unknown, ExpressResponse["locals"] & { session: Found }>,
    next: NextFunction,
  ): unknown
}

/**
 * Signs a visitor without a session in as a new lazy user. The handlers behind it find the session in `res.locals.session`, and
 * its cookie in `req.headers.cookie`, on the very first request. For bots, prefetches and the like the session is null.
 * @example app.get("/notes", allowLazy(authConfig), (req, res) => res.json(res.locals.session))
 * @throws LazySetupError when an argument can't be
 */
export function allowLazy(auth: LazyAuth, options?: AllowOptions): GateHandler<Session | null> {
  return middleware(auth, optionsOf("allowLazy", auth, options))
}

/**
 * Lets only lazy users pass. A browser is redirected to `redirectTo`, by default the sign-in page; other clients are answered 401 or 403.
 * @example app.get("/welcome", requireLazy(authConfig, { redirectTo: "/notes" }), (req, res) => res.send(res.locals.session.user.id))
 * @throws LazySetupError when an argument can't be
 */
export function requireLazy(auth: LazyAuth, options?: RequireOptions): GateHandler<Session> {
  return middleware(auth, optionsOf("requireLazy", auth, options))
}

/**
 * Lets only real users pass. A browser is redirected to `redirectTo`, by default the sign-in page; other clients are answered 401 or 403.
 * @example app.get("/settings", requireReal(authConfig, { redirectTo: "/convert" }), (req, res) => res.send(res.locals.session.user.id))
 * @throws LazySetupError when an argument can't be
 */
export function requireReal(auth: LazyAuth, options?: RequireOptions): GateHandler<Session> {
  return middleware(auth, optionsOf("requireReal", auth, options))
}

/**
 * Finds the session of whoever is signed in. It makes and refuses nobody, for sign-in pages and public pages.
 * @example app.get("/signin", optionalSession(authConfig), (req, res) => res.json(res.locals.session))
 * @throws LazySetupError when an argument can't be
 */
export function optionalSession(auth: LazyAuth): GateHandler<Session | null> {
  return middleware(auth, optionsOf("optionalSession", auth))
}

function middleware<Found extends Session | null>(auth: LazyAuth, options: GateOptions): GateHandler<Found> {
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
    if (result.headers.has("set-cookie")) keepGateHeaders(res, result.headers)
    res.locals.session = result.session
    if (result.cookie) req.headers.cookie = result.cookie
    next()
  }
  // A gate that requires a user is open only with a session.
  return refusing(isMalformed, handle) as GateHandler<Found>
}
