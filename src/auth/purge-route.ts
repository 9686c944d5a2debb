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

/**
 * Options of {@link purgeRoute}: those of `LazyStore.purge` except `signal`, and the options of the
 * route.
 * @example
 * const options: PurgeRouteOptions = { secret: process.env.CRON_SECRET, maxDuration: 25 }
 */
export interface PurgeRouteOptions extends Omit<PurgeOptions, "signal"> {
  /**
   * The secret that a caller must send as `Authorization: Bearer …`: 16 or more ASCII characters
   * from a random generator. Pass a variable of the environment as it is: where it is missing or too
   * short, the route answers 503.
   */
  secret: string | undefined
  /**
   * The number of seconds after which the purge stops, at the end of its batch. The answer then
   * says `interrupted: true`, and the next call goes on.
   * @default 50, for platforms that end a function after a minute
   */
  maxDuration?: number
}

/**
 * Makes a route that purges, for a scheduler such as the cron jobs of Vercel and Netlify. Answers
 * GET and POST with the report of the purge as JSON, 401 without the secret, and 500 when the purge
 * fails, which the app's `logger` records.
 *
 * Without a usable secret, it purges nobody, answers 503 and logs what to set. It doesn't throw
 * then, because a build loads the route without the secrets of the app.
 * @throws LazySetupError when another option is unknown or invalid
 * @example
 * export const GET = purgeRoute(authConfig, { secret: process.env.CRON_SECRET })
 */
export function purgeRoute(auth: LazyAuth, options: PurgeRouteOptions): (request: Request) => Promise<Response> {
  const { secret, maxDuration = DEFAULT_MAX_DURATION, ...purgeOptions } = options
  const isAllowed = isUsable(secret) ? bearerOf(secret) : undefined
  let logged = Number.NEGATIVE_INFINITY
  if (!(maxDuration > 0 && maxDuration <= MAX_SECONDS))
    throw new LazySetupError("purgeRoute: `maxDuration` must be a number of seconds, more than 0: { maxDuration: 50 }.")
  checkPurgeOptions(purgeOptions)
  return async (request) => {
    // Read a header first: while it builds, Next would keep an answer that depends on no request.
    const authorization = request.headers.get("authorization")
    if (!METHODS.includes(request.method)) return answer(405, null, { Allow: METHODS.join(", ") })
    if (!isAllowed) {
      if (Date.now() - logged >= LOG_INTERVAL) {
        logged = Date.now()
        logError(auth(), new LazySetupError(NO_SECRET))
      }
      return answer(503, { error: "no_secret" })
    }
    if (!isAllowed(authorization)) return answer(401, null, { "WWW-Authenticate": "Bearer" })
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
/** The longest delay of a timer in Node, in seconds. */
const MAX_SECONDS = 2 ** 31 / 1000 - 1

const NO_SECRET =
  `purgeRoute purged nobody: \`secret\` must have ${MIN_SECRET_LENGTH} or more ASCII characters and no spaces. Set the ` +
  "variable that you pass, such as CRON_SECRET, to the output of: openssl rand -hex 32"
/** Milliseconds between two log entries about the secret, since anyone can send a request. */
const LOG_INTERVAL = 60_000

/** HTTP headers carry no other characters unchanged. */
function isUsable(secret: string | undefined): secret is string {
  return typeof secret === "string" && secret.length >= MIN_SECRET_LENGTH && /^[!-~]+$/.test(secret)
}

function bearerOf(secret: string): (authorization: string | null) => boolean {
  const expected = digest(secret)
  return (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1]
    return token !== undefined && timingSafeEqual(digest(token), expected)
  }
}

/** Hashes text to a fixed length, which `timingSafeEqual` needs. */
const digest = (text: string) => createHash("sha256").update(text).digest()

function purge(config: AuthConfig, options: PurgeOptions, maxDuration: number) {
  const store = contextOf(config)?.adapter.lazy
  if (!store)
    throw new LazySetupError(
      "purgeRoute needs the function that withLazy returned: purgeRoute(authConfig, { secret }).",
    )
  return store.purge({ ...options, signal: AbortSignal.timeout(maxDuration * 1000) })
}

function answer(status: number, body: object | null, headers: Record<string, string> = {}): Response {
  const init = { status, headers: { "Cache-Control": "no-store", ...headers } }
  return body === null ? new Response(null, init) : Response.json(body, init)
}
