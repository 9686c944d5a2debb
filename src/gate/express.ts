import type { Session } from "@auth/core/types"
import { ExpressAuth } from "@auth/express"
import type { Request as ExpressRequest, Response as ExpressResponse, NextFunction, RequestHandler } from "express"
import type { LazyAuth } from "../auth/config.js"
import { publicRequest } from "../auth/public-url.js"
import { type GateOptions, type GateResult, gate } from "./gate.js"

declare global {
  namespace Express {
    interface Locals {
      /** Set by `allowLazy`, `requireLazy` and `requireReal`; null where nobody is signed in. */
      session?: Session | null
    }
  }
}

/** The routes of Auth.js, to mount: `app.use("/auth", expressAuth(auth))`. */
export function expressAuth(auth: LazyAuth): RequestHandler {
  return (req, res, next) => {
    const { url, headers } = webRequest(req)
    const config = auth({ request: publicRequest(new Request(url, { headers })), getClientAddress: addressOf(req) })
    return ExpressAuth(config)(req, res, next)
  }
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
  return async (req: ExpressRequest, res: ExpressResponse, next: NextFunction) => {
    let result: GateResult
    try {
      result = await gate(webRequest(req), auth, { ...options, getClientAddress: addressOf(req) })
    } catch (error) {
      return next(error)
    }
    for (const [name, value] of result.headers) res.append(name, value)
    if (!result.open) {
      res.status(result.status)
      return result.status === 303 ? res.end() : res.json({ error: result.reason })
    }
    res.locals.session = result.session
    if (result.cookie) req.headers.cookie = result.cookie
    next()
  }
}

/** Method, URL and headers of an Express request; Express knows, by its `trust proxy` setting, which protocol the visitor uses. */
function webRequest(req: ExpressRequest): { method: string; url: string; headers: Headers } {
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers))
    for (const each of [value].flat()) if (each !== undefined) headers.append(name, each)
  const url = `${req.protocol}://${req.get("host")}${req.originalUrl}`
  // A Host header that is no host must not take the server down.
  return { method: req.method, url: URL.canParse(url) ? url : `${req.protocol}://localhost/`, headers }
}

function addressOf(req: ExpressRequest): (() => string) | undefined {
  const { ip } = req
  return ip === undefined ? undefined : () => ip
}
