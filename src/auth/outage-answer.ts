import { isOutage, outageAnswer } from "./config/outage.js"
import type { RequestConfig } from "./config/request-config.js"
import { isNameOrChunk } from "./request/cookies.js"
import { readSessionCookie, sessionCookieName } from "./session/cookie.js"

/**
 * Watches whether Auth.js logs an outage while it answers a request. Auth.js itself then answers
 * that nobody is signed in, or redirects to a page that says "Configuration".
 * @returns a function that tells whether it has
 */
export function watchOutages(config: RequestConfig): () => boolean {
  const { logger } = config
  let seen = false
  // An app that took the logger away gets that of Auth.js.
  if (!logger?.error) return () => false
  config.logger = {
    ...logger,
    error(error) {
      // What an event of the app can't reach says nothing of the session.
      seen ||= (error as { type?: unknown }).type !== "EventError" && isOutage(error)
      logger.error?.(error)
    },
  }
  return () => seen
}

/**
 * Answers 503 in place of an answer that Auth.js gave in an outage; undefined if the outage did not
 * affect the answer. The browser keeps its session: what can't be read may be alive, and what
 * can't be deleted has not ended.
 */
export async function answerInOutage(
  answer: Response,
  request: Request,
  config: RequestConfig,
): Promise<Response | undefined> {
  const name = sessionCookieName(config, request.url)
  if (signsIn(answer, name)) return undefined
  const body = await answerBody(answer)
  if (!isLost({ answer, body }, request, config)) return undefined
  const isPage = request.headers.get("accept")?.includes("text/html") === true
  const { body: own, headers: given } = outageAnswer(isPage)
  const headers = new Headers(given)
  for (const cookie of answer.headers.getSetCookie())
    if (!isNameOrChunk(cookie.slice(0, cookie.indexOf("=")), name)) headers.append("set-cookie", cookie)
  // The client of Auth.js follows the URL in this answer, which names the error.
  if (body !== undefined && body !== null) {
    headers.set("content-type", "application/json")
    return new Response(JSON.stringify(body), { status: 503, headers })
  }
  return new Response(own, { status: 503, headers })
}

/** Tells whether an answer sets a session: what it was about is written then. */
function signsIn(answer: Response, name: string): boolean {
  return answer.headers.getSetCookie().some((cookie) => {
    const [pair = ""] = cookie.split(";", 1)
    const end = pair.indexOf("=")
    return isNameOrChunk(pair.slice(0, end), name) && end < pair.length - 1
  })
}

/** Reads a copy of the body in JSON; undefined for any other body. */
async function answerBody(answer: Response): Promise<unknown> {
  if (!answer.headers.get("content-type")?.includes("application/json")) return undefined
  return answer
    .clone()
    .json()
    .catch(() => undefined)
}

function isLost(
  { answer, body }: { answer: Response; body: unknown },
  { url, headers, method }: Request,
  config: RequestConfig,
): boolean {
  const { pathname } = new URL(url)
  const action = pathname.slice(config.basePath.replace(/\/$/, "").length + 1)
  if (action === "session" && body === null)
    return readSessionCookie(config, { url, cookie: headers.get("cookie") ?? "" }) !== null
  if (action === "signout") return method === "POST"
  const target = answer.headers.get("location") ?? (body as { url?: unknown } | null | undefined)?.url
  return answer.status >= 500 || (typeof target === "string" && namesError(target, url))
}

/**
 * Tells whether a URL names an error without a code. One with a code is meant, such as
 * `merge_failed` after a time-out, where the sign-in page offers to go on without the merge.
 */
function namesError(target: string, base: string): boolean {
  if (!URL.canParse(target, base)) return false
  const { searchParams } = new URL(target, base)
  return searchParams.has("error") && !searchParams.has("code")
}
