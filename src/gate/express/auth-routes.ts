import type { Session } from "@auth/core/types"
import type { Request as ExpressRequest, Response as ExpressResponse, NextFunction, RequestHandler } from "express"
import express from "express"
import { handleAuth } from "../../auth/handle-auth.js"
import type { LazyAuth } from "../../auth/request/head.js"
import { nodeAddress } from "../../auth/request/node-address.js"
import { type GateOptions, type GateResult, gate } from "../gate.js"
import { isRead, UnreadableBody, webRequest } from "./body.js"
import { keepGateHeaders } from "./keep.js"
import { hangUpSignal, isMalformed, isNoWebRequest, sendWebResponse, webHead } from "./web.js"

declare global {
  namespace Express {
    interface Locals {
      /** Set by `allowLazy`, `requireLazy` and `requireReal`; null where nobody is signed in. */
      session?: Session | null
    }
  }
}

/**
 * The routes of Auth.js, to mount: `app.use("/auth", expressAuth(auth))`, or `"/auth/*splat"` as @auth/express does. They are where they are
 * mounted, or under the `basePath` of the configuration; parsers of the body may stand before them or not.
 */
export function expressAuth(auth: LazyAuth): RequestHandler {
  // Auth.js itself would read a body of any size.
  const parsers = [express.urlencoded({ extended: false }), express.json()]
  return answering(async (req, res) => {
    for (const parse of isRead(req) ? [] : parsers) await passed(parse, req, res)
    const base = mountPath(req)
    const mounted: LazyAuth = (request) => {
      const config = auth(request)
      // The object itself: what the environment adds to it must reach what is closed over it.
      const isElsewhere = config.basePath === undefined || !isBelow(req.originalUrl, config.basePath)
      return isElsewhere && base ? Object.assign(config, { basePath: base }) : config
    }
    return handleAuth(webRequest(req, hangUpSignal(res)), mounted, { getClientAddress: addressOf(req) })
  })
}

/** Lets Express serve a handler that speaks Request and Response, such as the convert page. */
export function webHandler(
  handle: (request: Request, visitor: { getClientAddress?: () => string }) => Promise<Response>,
): RequestHandler {
  return answering((req, res) => handle(webRequest(req, hangUpSignal(res)), { getClientAddress: addressOf(req) }))
}

/** Sends the answer of a handler, or 400 when the body can no longer be read. */
function answering(handle: (req: ExpressRequest, res: ExpressResponse) => Promise<Response>): RequestHandler {
  const answer = async (req: ExpressRequest, res: ExpressResponse) => {
    try {
      await sendWebResponse(await handle(req, res), res)
    } catch (error) {
      if (!(error instanceof UnreadableBody)) throw error
      res.status(400).type("text/plain").end(error.message)
    }
  }
  return refusing(isNoWebRequest, (req, res, next) => void answer(req, res).catch(next))
}

/**
 * Returns the path where the routes begin, without what a wildcard of the mount path has matched.
 */
function mountPath({ baseUrl, path, params }: ExpressRequest): string {
  if (path !== "/") return baseUrl
  // A list in Express 5, text in Express 4.
  const matched = Object.values(params as Record<string, string | string[]>).map((value) => [value].flat().join("/"))
  const rest = matched.find((each) => each !== "" && decoded(baseUrl).endsWith(`/${each.replace(/\/$/, "")}`))
  return rest === undefined ? baseUrl : decoded(baseUrl).slice(0, -rest.replace(/\/$/, "").length - 1)
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path).replace(/\/$/, "")
  } catch {
    return path
  }
}

function isBelow(url: string, basePath: string): boolean {
  return url.startsWith(`${basePath.replace(/\/$/, "")}/`)
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

/** Answers 400 to an invalid request, for which Express would show an error with its stack. */
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
