import type { Session } from "@auth/core/types"
import { parseCookie } from "cookie"
import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server.js"
import type { LazyAuth } from "../../auth/request/head.js"
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

/** The request that a handler behind a gate is given: as NextAuth's own `auth((request) => …)` gives it. */
export type GatedRequest<Found extends Session | null> = NextRequest & {
  /** The session; null only where no lazy user is made, for bots and the like. */
  auth: Found
}

type Answer = Response | undefined

/** A gate, in the three places where Next runs code of the app. */
export interface NextGate<Found extends Session | null> {
  /**
   * Guards pages, in `proxy.ts`. A handler runs behind the gate, and answers, or returns nothing to go on to the page.
   * @example export const proxy = allowLazy(authConfig).proxy
   */
  proxy: (
    request: NextRequest,
    event?: NextFetchEvent,
    handler?: (request: GatedRequest<Found>, event: NextFetchEvent) => Answer | Promise<Answer>,
  ) => Promise<Response>
  /**
   * Wraps a route handler.
   * @example export const GET = lazy.route((request) => Response.json(request.auth))
   */
  route: <Context = unknown>(
    handler: (request: GatedRequest<Found>, context: Context) => Response | Promise<Response>,
  ) => (request: NextRequest, context: Context) => Promise<Response>
  /**
   * Guards a server component or a server action: returns the session, or redirects a visitor who may not pass.
   * @example const { user } = await requireReal(authConfig).session({ callbackUrl: "/settings" })
   */
  session: (options?: GuardOptions) => Promise<Found>
}

/**
 * Signs a visitor without a session in as a new lazy user. Behind its `proxy`, `auth()` of next-auth has the session on the
 * very first request. For bots, prefetches and the like the session is null.
 *
 * A server component can't set the cookie of a new session: there `session()` returns the session there is, and throws LazySetupError
 * where a lazy user would have to be made.
 * @example export const lazy = allowLazy(authConfig)
 * @throws LazySetupError when an argument can't be
 */
export function allowLazy(auth: LazyAuth, options?: AllowOptions): NextGate<Session | null> {
  return nextGate(auth, optionsOf("allowLazy", auth, options))
}

/**
 * Lets only lazy users pass. A browser is redirected to `redirectTo`, by default the sign-in page; other clients are answered 401 or 403.
 * @example export const onlyLazy = requireLazy(authConfig, { redirectTo: "/notes" })
 * @throws LazySetupError when an argument can't be
 */
export function requireLazy(auth: LazyAuth, options?: RequireOptions): NextGate<Session> {
  return nextGate(auth, optionsOf("requireLazy", auth, options))
}

/**
 * Lets only real users pass. A browser is redirected to `redirectTo`, by default the sign-in page; other clients are answered 401 or 403.
 * @example export const real = requireReal(authConfig, { redirectTo: "/convert" })
 * @throws LazySetupError when an argument can't be
 */
export function requireReal(auth: LazyAuth, options?: RequireOptions): NextGate<Session> {
  return nextGate(auth, optionsOf("requireReal", auth, options))
}

/**
 * Finds the session of whoever is signed in. It makes and refuses nobody, for sign-in pages and public pages.
 * @example const session = await optionalSession(authConfig).session()
 * @throws LazySetupError when an argument can't be
 */
export function optionalSession(auth: LazyAuth): NextGate<Session | null> {
  return nextGate(auth, optionsOf("optionalSession", auth))
}

type Handler = (request: GatedRequest<Session | null>, context: unknown) => Answer | Promise<Answer>

function nextGate<Found extends Session | null>(given: LazyAuth, options: GateOptions): NextGate<Found> {
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
    // Next may call it as a proxy too, with an event in place of the parameters of a route.
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
  "`proxy` of a gate takes the request that Next passes, not a handler. Around a proxy of your own write: " +
  "export const proxy = (request, event) => lazy.proxy(request, event, handler)"

const NOT_CALLED =
  "A gate of authjs-lazy/next is no function. In proxy.ts write `export const proxy = lazy.proxy`, around a route handler " +
  "`export const GET = lazy.route(handler)`, and in a server component or a server action `await lazy.session()`."

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
  "A route handler behind a gate must return a Response. Only a proxy may return NextResponse.next(), NextResponse.rewrite() or nothing: " +
  "write lazy.proxy(request, event, handler) in proxy.ts."

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
