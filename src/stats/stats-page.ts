import { isAuthError } from "../auth/config/auth-error.js"
import { logError } from "../auth/config/log-error.js"
import { isOutage, RETRY_AFTER } from "../auth/config/outage.js"
import { type RequestConfig, requestConfig } from "../auth/config/request-config.js"
import { contextOf } from "../auth/context/request-context.js"
import { readSession, type SessionAnswer } from "../auth/read-session.js"
import { appendCookies } from "../auth/request/cookies.js"
import type { LazyAuth } from "../auth/request/head.js"
import { forwardedRequest, publicAddress } from "../auth/request/public-url.js"
import type { Visitor } from "../auth/request/visitor-address.js"
import { LazySetupError } from "../errors.js"
import type { LazyStore } from "../store/lazy-store.js"
import { CONTENT_SECURITY_POLICY, firstMonday, PERIODS, renderStats } from "./document.js"
import type { DetailedReport } from "./figures.js"
import type { StatsPage, StatsPageOptions } from "./page-options.js"

const DEFAULT_MAX_AGE = 60
const LONGEST_MAX_AGE = 86_400
const DEFAULT_WEEKS = 12

/**
 * Makes a page with charts of what became of lazy users, for the admins of the app: a handler for
 * GET. It answers 404 to visitors without a session and to lazy users, 403 to real users whom
 * `allow` refuses, and names no user.
 *
 * Needs the packages `@observablehq/plot` and `linkedom`. The page works without JavaScript. A
 * report is kept for `maxAge` seconds, and made once for requests that come at the same moment.
 *
 * The returned function never throws: it logs errors with the app's `logger` and answers 500, or 503
 * while the database can't be asked.
 * @throws LazySetupError when an option is missing or invalid
 * @example
 * ```ts
 * const page = statsPage(authConfig, { allow: ({ user }) => user.id === process.env.ADMIN_ID })
 * const response = await page(request)
 * ```
 */
export function statsPage(auth: LazyAuth, options: StatsPageOptions): StatsPage {
  checkOptions(options)
  const pages = keptPages(options)
  return async (given: Request, visitor: Visitor = {}) => {
    // Hono's gate and routes use the forwarded headers, so this page must use the same URL.
    const request = visitor.req?.raw === undefined ? given : forwardedRequest(given)
    let config: RequestConfig | undefined
    let response: Response
    try {
      if (request.method !== "GET" && request.method !== "HEAD") return refusal(405, { allow: "GET, HEAD" })
      const { url } = publicAddress(request)
      const { headers } = request
      config = requestConfig(auth, { request: new Request(url, { headers }) })
      const session = await readSession(config, { url, cookie: headers.get("cookie") ?? "" })
      response = await answer(session, request, config)
      if (session.owner) appendCookies(response.headers, session.cookies)
    } catch (error) {
      // Auth.js and `readSession` log their own errors.
      if (!isAuthError(error)) logError(config ?? {}, error)
      response = isOutage(error) ? refusal(503, { "retry-after": String(RETRY_AFTER) }) : refusal(500)
    }
    return request.method === "HEAD" ? new Response(null, response) : response
  }

  async function answer({ owner, body }: SessionAnswer, request: Request, config: RequestConfig): Promise<Response> {
    // A user of whom nobody knows whether it is real counts as lazy.
    if (!body || owner?.isLazy !== false) return refusal(404)
    if ((await options.allow(body, request)) !== true) return refusal(403)
    const store = contextOf(config)?.adapter.lazy
    if (!store)
      throw new LazySetupError("statsPage needs the function that withLazy returned: statsPage(authConfig, { allow }).")
    const asked = Number(new URL(request.url).searchParams.get("weeks"))
    const weeks = PERIODS.find((period) => period === asked) ?? DEFAULT_WEEKS
    return new Response(await pages(store, weeks), {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "x-frame-options": "DENY",
        ...PRIVATE,
      },
    })
  }
}

function checkOptions({ allow, maxAge = DEFAULT_MAX_AGE }: Partial<StatsPageOptions> = {}): void {
  if (typeof allow !== "function")
    throw new LazySetupError(
      "statsPage needs `allow`, which says who may see the page: statsPage(authConfig, { allow: ({ user }) => user.id === process.env.ADMIN_ID }).",
    )
  if (!(maxAge >= 1 && maxAge <= LONGEST_MAX_AGE))
    throw new LazySetupError(
      `statsPage: \`maxAge\` must be a number of seconds from 1 to ${LONGEST_MAX_AGE}: { maxAge: 60 }.`,
    )
}

/**
 * Keeps the page of each period for a while, so that no number of requests makes the database count
 * more often. A failure is not kept. Each store has pages of its own: it can be another tenant's.
 */
function keptPages({ maxAge = DEFAULT_MAX_AGE, exact, purge }: StatsPageOptions) {
  const ofStores = new WeakMap<LazyStore, Map<number, { until: number; page: Promise<string> }>>()
  const make = async (store: LazyStore, weeks: number) => {
    const report = await store.stats({ since: firstMonday(weeks), details: true, exact: exact ?? false, purge })
    return renderStats(report as DetailedReport, { at: new Date(), weeks })
  }
  return (store: LazyStore, weeks: number): Promise<string> => {
    const kept = ofStores.get(store) ?? new Map()
    ofStores.set(store, kept)
    const before = kept.get(weeks)
    if (before && before.until > Date.now()) return before.page
    const made = { until: Number.POSITIVE_INFINITY, page: make(store, weeks) }
    kept.set(weeks, made)
    // The time begins with the report, so that a slow one is not made twice at once.
    made.page.then(
      () => {
        made.until = Date.now() + maxAge * 1000
      },
      () => kept.delete(weeks),
    )
    return made.page
  }
}

/** Keeps answers out of shared caches and histories, and addresses out of other sites' logs. */
const PRIVATE = {
  "cache-control": "private, no-store",
  vary: "Cookie",
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
}

const REASONS: Record<number, string> = {
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  500: "The statistics could not be made. The log of the server says why.",
  503: "The database did not answer. Try again in a moment.",
}

function refusal(status: number, headers: Record<string, string> = {}): Response {
  return new Response(`${REASONS[status]}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...PRIVATE, ...headers },
  })
}
