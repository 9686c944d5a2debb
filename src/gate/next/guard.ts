import { contextOf } from "../../auth/context/request-context.js"
import { isCrossSite } from "../../auth/request/cross-site.js"
import type { LazyAuth, RequestHead } from "../../auth/request/head.js"
import { publicOrigin } from "../../auth/request/public-url.js"
import { senderOf } from "../../auth/request/sender.js"
import type { GateSession } from "../../auth/types.js"
import { skipReason } from "../decide.js"
import { decideGate } from "../gate.js"
import type { GateOptions } from "../options.js"
import type { GateResult } from "../result.js"
import { areCookiesWritable, readOnlyCookies, setCookies } from "./cookies.js"
import { visitorsRequest } from "./head.js"

/**
 * Configures `session()` of a gate.
 * @example
 * const options: GuardOptions = { callbackUrl: "/settings" }
 */
export interface GuardOptions {
  /**
   * The path of this page, to which a refused visitor returns after signing in. Next doesn't tell a
   * server component its own path.
   * @default "/"
   */
  callbackUrl?: string
}

/** Next doesn't tell the page's path here, and a server component can't set a cookie. */
const HERE = { canSendBack: false }

/** Returns the session to a server component or server action, or redirects a refused visitor. */
export async function guard(auth: LazyAuth, options: GateOptions, { callbackUrl = "/" }: GuardOptions = {}) {
  const { headers } = await import("next/headers.js")
  const writable = await areCookiesWritable()
  const given = new Headers(await headers())
  const url = `http://localhost${callbackUrl}`
  const isLikely = isLikelyWrite(visitorsRequest({ method: "GET", url, headers: given }))
  const isWriting = writable && (options.on !== "write" || isLikely)
  const visit = visitorsRequest({ method: isWriting ? "POST" : "GET", url, headers: given })
  if (options.require) {
    const isForeign = writable && isLikely && isCrossSite(visit) && isEmbedded(auth)
    return admitted(visit, await decideGate(navigation(visit, isForeign), auth, options, HERE))
  }
  if (!writable) return existing(visit, auth, options)
  const result = await decideGate(visit, auth, options, HERE)
  if (!result.open)
    throw new Error(
      `lazy.session() made no lazy user (${result.reason}). Raise \`lazy.limits\`, or catch this error in the server action.`,
    )
  await setCookies(result.headers)
  return result.session
}

async function admitted(visit: RequestHead, result: GateResult): Promise<GateSession | null> {
  if (result.open) return result.session
  // @ts-expect-error Next has no `exports`, and its bundler requires this name without `.js`.
  const { redirect } = (await import("next/navigation")) as typeof import("next/navigation.js")
  // Use a whole URL: Next would put its base path before a path.
  return redirect(new URL(result.headers.get("location") ?? "/", publicOrigin(visit)).href)
}

/**
 * Returns the existing session where no cookie can be set.
 * @throws LazySetupError when it would have to create a lazy user
 */
async function existing(visit: RequestHead, auth: LazyAuth, { create, on }: GateOptions): Promise<GateSession | null> {
  const { session } = await decideGate(visit, auth, { create: false }, HERE)
  if (session || create === false || on === "write" || skipReason(visit, contextOf(auth())?.options.isBot))
    return session
  throw readOnlyCookies("A new lazy user")
}

/**
 * Tells whether this is a server action, or a route handler for a request with a body or from a
 * script that writes. Next doesn't tell the method of a request here.
 */
function isLikelyWrite({ url, headers }: Pick<RequestHead, "url" | "headers">): boolean {
  const hasBody = headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > 0
  // Of requests to its own site, a browser sends `Origin` with all but GET and HEAD.
  const isOfBrowser = headers.has("origin") && ["same-origin", "same-host"].includes(senderOf({ url, headers }) ?? "")
  return headers.has("next-action") || hasBody || isOfBrowser
}

/** Tells whether other sites may embed the app, so that its cookies also come with their forms. */
function isEmbedded(auth: LazyAuth): boolean {
  return contextOf(auth())?.options.embedded !== undefined
}

/**
 * Marks a request as a navigation, so that the gate refuses it with a redirect.
 * @param isForeign whether another site sent a form, which is shown no session
 */
function navigation({ url, headers }: RequestHead, isForeign: boolean): RequestHead {
  const waiting = new Headers(headers)
  if (isForeign) waiting.delete("cookie")
  waiting.set("sec-fetch-mode", "navigate")
  return { method: "GET", url, headers: waiting }
}
