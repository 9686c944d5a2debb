import type { Session } from "@auth/core/types"
import type { Request as ExpressRequest, Response as ExpressResponse, NextFunction, RequestHandler } from "express"
import express from "express"
import type { LazyAuth } from "../auth/config.js"
import { handleAuth } from "../auth/handle-auth.js"
import { nodeAddress } from "../auth/node-address.js"
import { keepGateHeaders } from "./express-keep.js"
import { hangUpSignal, isMalformed, isNoWebRequest, sendWebResponse, webHead, webRequest } from "./express-web.js"
import { type GateOptions, type GateResult, gate } from "./gate.js"

declare global {
  namespace Express {
    interface Locals {
      /** Set by `allowLazy`, `requireLazy` and `requireReal`; null where nobody is signed in. */
      session?: Session | null
    }
  }
}

/**
 * The routes of Auth.js, to mount: `app.use("/auth", expressAuth(auth))`. They are where they are mounted; parsers of the body may
 * stand before them or not.
 */
export function expressAuth(auth: LazyAuth): RequestHandler {
  // Auth.js itself would read a body of any size.
  const parsers = [express.urlencoded({ extended: false }), express.json()]
  const handle = async (req: ExpressRequest, res: ExpressResponse) => {
    for (const parse of parsers) await passed(parse, req, res)
    // The object itself: what the environment adds to it must reach what is closed over it.
    const mounted: LazyAuth = (request) => Object.assign(auth(request), req.baseUrl && { basePath: req.baseUrl })
    const getClientAddress = addressOf(req)
    await sendWebResponse(await handleAuth(webRequest(req, hangUpSignal(res)), mounted, { getClientAddress }), res)
  }
  return refusing(isNoWebRequest, (req, res, next) => void handle(req, res).catch(next))
}

/** Lets Express serve a handler that speaks Request and Response, such as the convert page. */
export function webHandler(
  handle: (request: Request, visitor: { getClientAddress?: () => string }) => Promise<Response>,
): RequestHandler {
  return refusing(
    isNoWebRequest,
    (req, res, next) =>
      void handle(webRequest(req, hangUpSignal(res)), { getClientAddress: addressOf(req) })
        .then((response) => sendWebResponse(response, res))
        .catch(next),
  )
}

/**
 * Signs in whoever comes, as a lazy user where nobody is signed in. The handlers behind it find the session in `res.locals.session`, and
 * its cookie in `req.headers.cookie`, on the very first request. For bots, prefetches and the like the session is null.
 */
export function allowLazy(auth: LazyAuth): RequestHandler {
  return middleware(auth, {})
}

/** Lets only lazy users pass; a browser is sent to `redirectTo` (default: the sign-in page), anything else is answered 401 or 403. */
export function requireLazy(auth: LazyAuth, redirectTo?: string): RequestHandler {
  return middleware(auth, { require: "lazy", redirectTo })
}

/** Lets only real users pass; a browser is sent to `redirectTo` (default: the sign-in page), anything else is answered 401 or 403. */
export function requireReal(auth: LazyAuth, redirectTo?: string): RequestHandler {
  return middleware(auth, { require: "real", redirectTo })
}

function middleware(auth: LazyAuth, options: GateOptions): RequestHandler {
  return refusing(isMalformed, async (req: ExpressRequest, res: ExpressResponse, next: NextFunction) => {
    let result: GateResult
    try {
      result = await gate(webHead(req), auth, { ...options, getClientAddress: addressOf(req) })
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
  })
}

/** Answers 400 to a request that can't be handled, in place of an error whose stack Express would show. */
function refusing(isRefused: (req: ExpressRequest) => boolean, handler: RequestHandler): RequestHandler {
  return (req, res, next) => {
    if (!isRefused(req)) return handler(req, res, next)
    res.status(400).set("cache-control", "no-store").type("text/plain").end("Bad request.")
  }
}

function passed(handler: RequestHandler, req: ExpressRequest, res: ExpressResponse): Promise<void> {
  return new Promise((resolve, reject) => handler(req, res, (error?: unknown) => (error ? reject(error) : resolve())))
}

function addressOf(req: ExpressRequest): (() => string) | undefined {
  const address = req.ip ?? nodeAddress(req)
  return address === undefined ? undefined : () => address
}
