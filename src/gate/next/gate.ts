import { parseCookie } from "cookie"
import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server.js"
import type { LazyAuth } from "../../auth/request/head.js"
import type { GateSession } from "../../auth/types.js"
import { LazySetupError } from "../../errors.js"
import { withGateHeaders } from "../answer.js"
import { decideGate } from "../gate.js"
import { type AllowOptions, type GateOptions, optionsOf, type RequireOptions } from "../options.js"
import type { GateOpen, GateRefused } from "../result.js"
import { withNextDefaults } from "./config.js"
import { setCookies } from "./cookies.js"
import { type GuardOptions, guard } from "./guard.js"
import { headOf } from "./head.js"
import { answerOf } from "./throws.js"

/** Adds the session to a request of Next, as `auth((request) => …)` of next-auth does. */
export type GatedRequest<Found extends GateSession | null> = NextRequest & {
  /** The session; null when the gate created no lazy user, as for a bot. */
  auth: Found
}

type Answer = Response | undefined

/** Offers a gate for each of the three places where Next runs the app's code. */
export interface NextGate<Found extends GateSession | null> {
  /**
   * Guards pages in `proxy.ts`. An optional handler returns a response, or nothing to continue to
   * the page.
   * @example
   * export const proxy = allowLazy(authConfig).proxy
   */
  proxy: (
    request: NextRequest,
    event?: NextFetchEvent,
    handler?: (request: GatedRequest<Found>, event: NextFetchEvent) => Answer | Promise<Answer>,
  ) => Promise<Response>
  /**
   * Wraps a route handler.
   * @example
   * export const GET = allowLazy(authConfig).route((request) => Response.json(request.auth))
   */
  route: <Context = unknown>(
    handler: (request: GatedRequest<Found>, context: Context) => Response | Promise<Response>,
  ) => (request: NextRequest, context: Context) => Promise<Response>
  /**
   * Returns the session to a server component or server action, or redirects a refused visitor.
   * @example
   * const { user } = await requireReal(authConfig).session({ callbackUrl: "/settings" })
   */
  session: (options?: GuardOptions) => Promise<Found>
}

/**
 * Signs in each visitor who has no session as a new lazy user. Behind its `proxy`, `auth()` of
 * next-auth returns the session from the very first request, or null for requests that create
 * nobody, such as those of bots and prefetches.
 *
 * A server component can't set the cookie of a new session. There, `session()` returns the existing
 * session, and throws LazySetupError when it would have to create a lazy user.
 * @throws LazySetupError when an argument is invalid
 * @example
 * export const lazy = allowLazy(authConfig)
 */
export function allowLazy(auth: LazyAuth, options?: AllowOptions): NextGate<GateSession | null> {
  return nextGate(auth, optionsOf("allowLazy", auth, options))
}

/**
 * Lets only lazy users through. Redirects any other browser to `redirectTo`, by default the
 * sign-in page, and answers other clients with 401 or 403.
 * @throws LazySetupError when an argument is invalid
 * @example
 * export const onlyLazy = requireLazy(authConfig, { redirectTo: "/notes" })
 */
export function requireLazy(auth: LazyAuth, options?: RequireOptions): NextGate<GateSession> {
  return nextGate(auth, optionsOf("requireLazy", auth, options))
}

/**
 * Lets only real users through. Redirects any other browser to `redirectTo`, by default the
 * sign-in page, and answers other clients with 401 or 403.
 * @throws LazySetupError when an argument is invalid
 * @example
 * export const onlyReal = requireReal(authConfig, { redirectTo: "/convert" })
 */
export function requireReal(auth: LazyAuth, options?: RequireOptions): NextGate<GateSession> {
  return nextGate(auth, optionsOf("requireReal", auth, options))
}

/**
 * Reads the session without creating or refusing anyone, for sign-in pages and public pages.
 * @throws LazySetupError when an argument is invalid
 * @example
 * const session = await optionalSession(authConfig).session()
 */
export function optionalSession(auth: LazyAuth): NextGate<GateSession | null> {
  return nextGate(auth, optionsOf("optionalSession", auth))
}

type Handler = (request: GatedRequest<GateSession | null>, context: unknown) => Answer | Promise<Answer>

function nextGate<Found extends GateSession | null>(given: LazyAuth, options: GateOptions): NextGate<Found> {
  const auth = withNextDefaults(given)
  const run = async (request: NextRequest, context: unknown, handler: Handler): Promise<Response> => {
    const result = await decideGate(headOf(request), auth, options)
    if (!result.open) return refusal(result, request, context)
    const changed = setCookie(request, result.cookie)
    const isSet = isRoute(context) && (await setInJar(result.headers))
    const answer = await answered(handler, Object.assign(request, { auth: result.session }), context, result)
    if (!goesOn(answer)) return withGateHeaders(answer, result.headers, isSet ? [] : undefined)
    return goingOn(answer, result, changed && request.headers)
  }
  const parts = {
    async proxy(request: NextRequest, event?: unknown, handler: Handler = () => undefined) {
      if (typeof request === "function") throw new LazySetupError(OWN_PROXY)
      return run(request, event, handler)
    },
    // Next may also call it as a proxy, with an event in place of the route's parameters.
    route: (handler: Handler) => async (request: NextRequest, context: unknown) => run(request, context, handler),
    session: (guardOptions?: GuardOptions) => guard(auth, options, guardOptions),
  }
  const uncallable = () => {
    throw new LazySetupError(NOT_CALLED)
  }
  // A gate that requires a user is open only with a session.
  return Object.assign(uncallable, parts) as unknown as NextGate<Found>
}

const OWN_PROXY =
  "The gate's `proxy` takes the request from Next, not a handler. To wrap a proxy of your own, write: " +
  "export const proxy = (request, event) => lazy.proxy(request, event, handler)"

const NOT_CALLED =
  "A gate of authjs-lazy/next is not a function. In proxy.ts, write `export const proxy = lazy.proxy`. For a route handler, " +
  "write `export const GET = lazy.route(handler)`. In a server component or server action, write `await lazy.session()`."

/**
 * Runs the handler and turns its errors into the responses that Next would send. So the new session
 * and `Cache-Control` still reach the browser.
 */
async function answered(
  handler: Handler,
  request: GatedRequest<GateSession | null>,
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
  "A route handler behind a gate must return a Response. Only a proxy may return NextResponse.next(), " +
  "NextResponse.rewrite() or nothing: in proxy.ts, write lazy.proxy(request, event, handler)."

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

/** Makes the location absolute, as Next requires of a proxy. A route handler may return a path. */
function withAddress(answer: Response, url: string): Response {
  const location = answer.headers.get("location")
  if (location === null) return answer
  const headers = new Headers(answer.headers)
  headers.set("location", new URL(location, url).href)
  return new Response(answer.body, { status: answer.status, headers })
}

/** Gives the handler the cookies of a new session. Returns false when they are already there. */
function setCookie({ headers, cookies }: NextRequest, cookie: string): boolean {
  if ((headers.get("cookie") ?? "") === cookie) return false
  cookies.clear()
  for (const [name, value = ""] of Object.entries(parseCookie(cookie))) cookies.set(name, value)
  return true
}

/** Sets the cookies through Next, so that later ones of the handler or next-auth win. */
async function setInJar(headers: Headers): Promise<boolean> {
  if (!headers.has("set-cookie")) return false
  try {
    await setCookies(headers)
    return true
  } catch {
    // Outside of Next, as in a test of the app, there is no cookie store.
    return false
  }
}

function goingOn(answer: Response, { headers: gated }: GateOpen, passed: Headers | false): Response {
  const headers = new Headers(gated)
  // This header replaces the one that Next sets for a dynamic page, so it must be as strict.
  if (headers.has("cache-control"))
    headers.set("cache-control", "private, no-cache, no-store, max-age=0, must-revalidate")
  const through = withGateHeaders(answer, headers)
  if (passed && !answer.headers.has("x-middleware-override-headers"))
    for (const [name, value] of requestHeaders(passed)) through.headers.set(name, value)
  return through
}

/** Returns the headers by which Next learns which request headers the page is to see. */
function requestHeaders(headers: Headers): [string, string][] {
  const { headers: told } = NextResponse.next({ request: { headers } })
  return [...told].filter(([name]) => name !== "x-middleware-next")
}
