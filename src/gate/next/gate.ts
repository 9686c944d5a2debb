import type { Session } from "@auth/core/types"
import { parseCookie } from "cookie"
import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server.js"
import type { LazyAuth } from "../../auth/request/head.js"
import { withGateHeaders } from "../answer.js"
import { type GateOpen, type GateOptions, type GateRefused, gate } from "../gate.js"
import { withNextDefaults } from "./config.js"
import { setCookies } from "./cookies.js"
import { type GuardOptions, guard } from "./guard.js"
import { headOf } from "./head.js"
import { answerOf } from "./throws.js"

/** The request that a handler behind a gate is given: as NextAuth's own `auth((request) => …)` gives it. */
export type GatedRequest<Found extends Session | null> = NextRequest & {
  /** The session; null only where no lazy user is made, for bots and the like. */
  auth: Found
}

type Answer = Response | undefined

/** A gate, to be called in three ways. */
export interface NextGate<Found extends Session | null> {
  /** It is a proxy: `export const proxy = allowLazy(auth)` in `proxy.ts`. */
  (request: NextRequest, event?: NextFetchEvent): Promise<Response>
  /**
   * It wraps a proxy, or a route handler: `export const GET = lazy((request) => Response.json(request.auth))`. Behind a proxy's gate,
   * answering nothing goes on to the page.
   */
  <Context = unknown>(
    handler: (request: GatedRequest<Found>, context: Context) => Answer | Promise<Answer>,
  ): (request: NextRequest, context: Context) => Promise<Response>
  /** It guards a server component or a server action: `const session = await real()`. Whoever may not pass is redirected. */
  (options?: GuardOptions): Promise<Found>
}

/**
 * Signs in whoever comes, as a lazy user where nobody is signed in. Behind it, in a proxy, `auth()` of next-auth has the session on the
 * very first request. For bots, prefetches and the like the session is null.
 *
 * A server component can't set the cookie of a new session: called there it answers with the session there is, and throws LazySetupError
 * where a lazy user would have to be made.
 */
export function allowLazy(auth: LazyAuth): NextGate<Session | null> {
  return nextGate(auth, {})
}

/** Lets only lazy users pass; a browser is sent to `redirectTo` (default: the sign-in page), anything else is answered 401 or 403. */
export function requireLazy(auth: LazyAuth, redirectTo?: string): NextGate<Session> {
  return nextGate(auth, { require: "lazy", redirectTo })
}

/** Lets only real users pass; a browser is sent to `redirectTo` (default: the sign-in page), anything else is answered 401 or 403. */
export function requireReal(auth: LazyAuth, redirectTo?: string): NextGate<Session> {
  return nextGate(auth, { require: "real", redirectTo })
}

type Handler = (request: GatedRequest<Session | null>, context: unknown) => Answer | Promise<Answer>

function nextGate<Found extends Session | null>(given: LazyAuth, options: GateOptions): NextGate<Found> {
  const auth = withNextDefaults(given)
  const through = (handler: Handler) => async (request: NextRequest, context: unknown) => {
    const result = await gate(headOf(request), auth, options)
    if (!result.open) return refusal(result, request, context)
    const changed = setCookie(request, result.cookie)
    const isSet = isRoute(context) && (await setInJar(result.headers))
    const answer = await answered(handler, Object.assign(request, { auth: result.session }), context, result)
    if (!goesOn(answer)) return withGateHeaders(answer, result.headers, isSet ? [] : undefined)
    return goingOn(answer, result, changed && request.headers)
  }
  const proxy = through(() => undefined)
  const called = (first?: NextRequest | Handler | GuardOptions, event?: unknown) => {
    if (typeof first === "function") return through(first)
    return first && "headers" in first ? proxy(first, event) : guard(auth, options, first)
  }
  return called as NextGate<Found>
}

/**
 * Runs the handler and turns its errors into the answers of Next, so that the new session and
 * `Cache-Control` reach the browser.
 */
async function answered(
  handler: Handler,
  request: GatedRequest<Session | null>,
  context: unknown,
  { headers }: GateOpen,
): Promise<Response> {
  const { url } = request
  try {
    const answer = await handler(request, context)
    if (isRoute(context) && (answer === undefined || goesOn(answer))) throw new Error(NO_ANSWER)
    return answer ?? NextResponse.next()
  } catch (thrown) {
    const answer = answerOf(thrown, request)
    if (answer) return isRoute(context) ? answer : withAddress(answer, url)
    if (!headers.has("set-cookie")) throw thrown
    console.error(thrown)
    return new Response(null, { status: 500 })
  }
}

const NO_ANSWER =
  "A route handler behind a gate must return a Response. Return NextResponse.next(), NextResponse.rewrite() or nothing only in proxy.ts."

function isRoute(context: unknown): boolean {
  return typeof context === "object" && context !== null && "params" in context
}

function goesOn({ headers }: Response): boolean {
  return headers.has("x-middleware-next") || headers.has("x-middleware-rewrite")
}

function refusal({ status, headers, body }: GateRefused, { url }: NextRequest, context: unknown): Response {
  const answer = new Response(body || null, { status, headers })
  return isRoute(context) ? answer : withAddress(answer, url)
}

/** Next demands an address of a proxy, and makes a path of it again; a route handler's goes to the visitor as it is. */
function withAddress(answer: Response, url: string): Response {
  const location = answer.headers.get("location")
  if (location === null) return answer
  const headers = new Headers(answer.headers)
  headers.set("location", new URL(location, url).href)
  return new Response(answer.body, { status: answer.status, headers })
}

/** Shows the handler the cookies of the session that was just made; false where it has them already. */
function setCookie({ headers, cookies }: NextRequest, cookie: string): boolean {
  if ((headers.get("cookie") ?? "") === cookie) return false
  cookies.clear()
  for (const [name, value = ""] of Object.entries(parseCookie(cookie))) cookies.set(name, value)
  return true
}

/**
 * Sets the cookies through Next, where cookies of the handler, or of next-auth, still come later.
 */
async function setInJar(headers: Headers): Promise<boolean> {
  if (!headers.has("set-cookie")) return false
  try {
    await setCookies(headers)
    return true
  } catch {
    // Next did not call this handler; a test may have.
    return false
  }
}

function goingOn(answer: Response, { headers: gated }: GateOpen, passed: Headers | false): Response {
  const headers = new Headers(gated)
  // It takes the place of what Next itself says of a page that is made for one visitor.
  if (headers.has("cache-control"))
    headers.set("cache-control", "private, no-cache, no-store, max-age=0, must-revalidate")
  const through = withGateHeaders(answer, headers)
  if (passed && !answer.headers.has("x-middleware-override-headers"))
    for (const [name, value] of requestHeaders(passed)) through.headers.set(name, value)
  return through
}

/** How Next is told which request the page shall see. */
function requestHeaders(headers: Headers): [string, string][] {
  const { headers: told } = NextResponse.next({ request: { headers } })
  return [...told].filter(([name]) => name !== "x-middleware-next")
}
