import type { Request as ExpressRequest, Response as ExpressResponse, RequestHandler } from "express"
import express from "express"
import { handleAuth } from "../../auth/handle-auth.js"
import type { LazyAuth } from "../../auth/request/head.js"
import { isRead, UnreadableBody, webRequest } from "./body.js"
import { addressOf, hangUpSignal, isNoWebRequest, refusing, sendWebResponse } from "./web.js"

/**
 * Serves the routes of Auth.js under the path where it is mounted, or under the configuration's
 * `basePath`. It works with or without body parsers before it.
 *
 * The mount path may end in a wildcard, as for @auth/express: `"/auth/*splat"`.
 * @example
 * const app = express()
 * app.use("/auth", expressAuth(authConfig))
 */
export function expressAuth(auth: LazyAuth): RequestHandler {
  // Auth.js would read a body of any size; these parsers limit it.
  const parsers = [express.urlencoded({ extended: false }), express.json()]
  return answering(async (req, res) => {
    for (const parse of isRead(req) ? [] : parsers) await passed(parse, req, res)
    const base = mountPath(req)
    const mounted: LazyAuth = (request) => {
      const config = auth(request)
      // Change the object itself: callbacks close over it, and must see what Auth.js adds.
      const isElsewhere = config.basePath === undefined || !isBelow(req.originalUrl, config.basePath)
      return isElsewhere && base ? Object.assign(config, { basePath: base }) : config
    }
    return handleAuth(webRequest(req, hangUpSignal(res)), mounted, { getClientAddress: addressOf(req) })
  })
}

/**
 * Turns a handler that takes a `Request` and returns a `Response` into one for Express.
 * @example
 * const app = express()
 * app.all("/convert", webHandler(convertPage(authConfig)))
 */
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

/** Returns the path where the routes begin, without what a wildcard in the mount path matched. */
function mountPath({ baseUrl, path, params }: ExpressRequest): string {
  if (path !== "/") return baseUrl
  // Express 5 gives a list, Express 4 a string.
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

function passed(handler: RequestHandler, req: ExpressRequest, res: ExpressResponse): Promise<void> {
  return new Promise((resolve, reject) => handler(req, res, (error?: unknown) => (error ? reject(error) : resolve())))
}
