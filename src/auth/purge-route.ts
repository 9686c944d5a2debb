import { createHash, timingSafeEqual } from "node:crypto"
import type { AuthConfig } from "@auth/core"
import { LazySetupError } from "../errors.js"
import { checkPurgeOptions } from "../store/purge/check-options.js"
import type { PurgeOptions } from "../store/purge/types.js"
import { logError } from "./config/log-error.js"
import { contextOf } from "./context/request-context.js"
import type { LazyAuth } from "./request/head.js"

const MIN_SECRET_LENGTH = 16
const DEFAULT_MAX_DURATION = 50

/** See {@link purgeRoute}; and all that `LazyStore.purge` takes, but for `signal`. */
export interface PurgeRouteOptions extends Omit<PurgeOptions, "signal"> {
  /**
   * What a caller has to send, as `Authorization: Bearer …`: 16 ASCII characters or more, made by a random generator. Undefined is refused like
   * one that is too short, so that a variable of the environment can be passed as it is.
   */
  secret: string | undefined
  /**
   * After how many seconds it stops, at the end of the batch that it is at, with `interrupted: true` in the answer; the next call takes up the
   * rest. Default: 50, for platforms that end a function after a minute.
   */
  maxDuration?: number
}

/**
 * A route by which a scheduler such as the cron jobs of Vercel and Netlify purges. It answers GET and POST with the report of the purge as
 * JSON; 401 to whoever does not know the secret; and 500 when the purge fails, which is logged with the app's `logger` and not told.
 * @throws LazySetupError when the secret is missing or too short, or an option can't be, or doesn't exist
 */
export function purgeRoute(auth: LazyAuth, options: PurgeRouteOptions): (request: Request) => Promise<Response> {
  const { secret, maxDuration = DEFAULT_MAX_DURATION, ...purgeOptions } = options
  const isAllowed = bearerOf(secret)
  if (!(maxDuration > 0 && maxDuration <= MAX_SECONDS))
    throw new LazySetupError("purgeRoute: maxDuration is a number of seconds, more than 0.")
  checkPurgeOptions(purgeOptions)
  return async (request) => {
    if (!METHODS.includes(request.method)) return answer(405, null, { Allow: METHODS.join(", ") })
    if (!isAllowed(request.headers.get("authorization"))) return answer(401, null, { "WWW-Authenticate": "Bearer" })
    const config = auth()
    try {
      return answer(200, await purge(config, purgeOptions, maxDuration))
    } catch (error) {
      logError(config, error)
      return answer(500, { error: "purge_failed" })
    }
  }
}

const METHODS = ["GET", "POST"]
/** What a timer of Node can wait for. */
const MAX_SECONDS = 2 ** 31 / 1000 - 1

function bearerOf(secret: string | undefined): (authorization: string | null) => boolean {
  // No other characters arrive in a header as they were sent.
  if (secret === undefined || secret.length < MIN_SECRET_LENGTH || !/^[!-~]+$/.test(secret))
    throw new LazySetupError(
      `purgeRoute needs a secret of ${MIN_SECRET_LENGTH} ASCII characters or more, without spaces. Make one: openssl rand -hex 32`,
    )
  const expected = digest(secret)
  return (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1]
    return token !== undefined && timingSafeEqual(digest(token), expected)
  }
}

/** Of equal length whatever the text, for the comparison. */
const digest = (text: string) => createHash("sha256").update(text).digest()

function purge(config: AuthConfig, options: PurgeOptions, maxDuration: number) {
  const store = contextOf(config)?.adapter.lazy
  if (!store) throw new LazySetupError("purgeRoute needs what withLazy returns.")
  return store.purge({ ...options, signal: AbortSignal.timeout(maxDuration * 1000) })
}

function answer(status: number, body: object | null, headers: Record<string, string> = {}): Response {
  const init = { status, headers: { "Cache-Control": "no-store", ...headers } }
  return body === null ? new Response(null, init) : Response.json(body, init)
}
