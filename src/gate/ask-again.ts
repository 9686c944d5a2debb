import { createHash, createHmac } from "node:crypto"
import { parseCookie } from "cookie"
import { FRAME_COOKIE } from "../auth/config/embedding.js"
import type { RequestConfig } from "../auth/config/request-config.js"
import { contextOf } from "../auth/context/request-context.js"
import { type GateRefused, refuse } from "./result.js"

/** Describes a visit with the cookie of an ended session. */
export interface EndedVisit {
  url: string
  cookie: string
  /** The value of the session cookie. */
  token: string
  /** The requested path of this site. */
  path: string
}

const NAME = "authjs-lazy.asked"
/** How long the browser has to come back, in seconds. */
const SECONDS = 10
/**
 * How many times the gate sends one session cookie back in that time: enough for a few late tabs,
 * and an end to the loop of a client that stores no cookies.
 */
const TIMES = 3
/** The most session cookies to remember, which bounds the memory. */
const MOST = 1000

const asked = new Map<string, { times: number; until: number }>()

/** Tells whether the gate sent this browser back, and it still has only the ended session. */
export function cameBack(config: RequestConfig, { cookie, token }: EndedVisit): boolean {
  return parseCookie(cookie)[NAME] === mark(config, token)
}

/**
 * Redirects to the same URL, keeping method and body. Doesn't touch the session cookie, because a
 * newer response may have set it.
 * @returns undefined when the gate has sent this client back {@link TIMES} times
 */
export function askAgain(config: RequestConfig, visit: EndedVisit): GateRefused | undefined {
  if (!mayAsk(visit.token)) return undefined
  const secure = visit.url.startsWith("https:")
  const inFrame = contextOf(config)?.options.embedded ? FRAME_COOKIE : undefined
  const options = { httpOnly: true, sameSite: "lax" as const, path: "/", secure, maxAge: SECONDS, ...inFrame }
  const refusal = { reason: "session-ended" as const, session: null, status: 307 as const, body: "" }
  return refuse(refusal, { location: visit.path }, [{ name: NAME, value: mark(config, visit.token), options }])
}

/** Signs a mark that is valid for this ended session only. */
function mark({ secret }: RequestConfig, token: string): string {
  const key = [secret].flat()[0] ?? ""
  return createHmac("sha256", key).update(`authjs-lazy asked again|${token}`).digest("base64url")
}

function mayAsk(token: string): boolean {
  const key = createHash("sha256").update(token).digest("base64")
  const now = Date.now()
  const before = asked.get(key)
  const times = before && before.until > now ? before.times + 1 : 1
  if (asked.size >= MOST && !before) asked.clear()
  asked.set(key, { times, until: now + SECONDS * 1000 })
  return times <= TIMES
}
