import type { AuthConfig } from "@auth/core"
import { AccessDenied } from "@auth/core/errors"
import type { Account } from "@auth/core/types"
import { isLoadedElsewhere } from "../request/cross-site.js"
import type { RequestHead } from "../request/head.js"
import { senderOf } from "../request/sender.js"
import { hideSession } from "../session/cookie.js"
import type { RequestContext } from "./request-context.js"

/** The cookies with which Auth.js protects a sign-in at a provider until it is back. */
const CHECKS = ["state", "pkceCodeVerifier", "nonce"] as const
const CHECK_NAMES = ["authjs.state", "authjs.pkce.code_verifier", "authjs.nonce"]

/** Tells whether this browser has begun to sign in at a provider. Auth.js compares the cookies. */
function hasBegun({ headers }: RequestHead, { cookies }: AuthConfig): boolean {
  const own = CHECKS.flatMap((check) => cookies?.[check]?.name ?? [])
  const names = [...CHECK_NAMES, ...CHECK_NAMES.map((name) => `__Secure-${name}`), ...own]
  const pairs = headers.get("cookie")?.split(";") ?? []
  return pairs.some((pair) => names.includes(pair.slice(0, Math.max(pair.indexOf("="), 0)).trim()))
}

/**
 * Refuses to open an e-mail link, or to come back from a provider, where another site loads the
 * address: an image or a frame would replace the session of the browser unseen.
 * @throws AccessDenied
 */
export function refuseLoadedElsewhere({ type }: Pick<Account, "type">, context: RequestContext): void {
  if (type !== "email" && type !== "oauth" && type !== "oidc") return
  if (type === "email" ? isLinkLoadedElsewhere(context) : isCallbackLoadedElsewhere(context))
    throw new AccessDenied("Another site loaded the address of a sign-in. Open it in a tab of its own.")
}

/** Tells whether another site loads an e-mail link, other than as a page of its own. */
export function isLinkLoadedElsewhere({ head, options }: RequestContext): boolean {
  if (!head) return false
  // Auth.js opens a link by POST as well, which no mail program and no provider sends.
  if (head.method !== "GET" && !head.headers.get("sec-fetch-site") && senderOf(head) === "cross-site") return true
  return isLoadedElsewhere(head, { embedded: options.embedded ?? [], hasBegun: false })
}

function isCallbackLoadedElsewhere({ head, config, options }: RequestContext): boolean {
  if (!head) return false
  return isLoadedElsewhere(head, { embedded: options.embedded ?? [], hasBegun: hasBegun(head, config) })
}

/**
 * Refuses a GET of the routes of Auth.js by which another site would change a session, or the
 * challenge of a passkey, unseen.
 * @returns undefined for every other request
 */
export function refusedRoute(request: RequestHead, config: AuthConfig, context: RequestContext): Response | undefined {
  const action = actionOf(request, config)
  if (request.method !== "GET" || (action !== "callback" && action !== "webauthn-options")) return undefined
  const { embedded = [] } = context.options
  const isBack = action === "callback" && hasBegun(request, config)
  if (!isLoadedElsewhere(request, { embedded, hasBegun: isBack })) return undefined
  return new Response("Another site loaded this address of a sign-in. Open it in a tab of its own.", {
    status: 403,
    headers: { "cache-control": "private, no-store" },
  })
}

/**
 * Removes the session cookie from a GET of the routes of Auth.js that another site sent unseen, in
 * place. Needed with `lazy.embedded` only: otherwise `SameSite=Lax` keeps the cookie from such
 * requests.
 */
export function hideFromOtherSites(request: RequestHead, config: AuthConfig, { options }: RequestContext): void {
  const { embedded } = options
  if (!embedded || request.method !== "GET") return
  if (isLoadedElsewhere(request, { embedded, hasBegun: hasBegun(request, config) }))
    hideSession(request.headers, config, request.url)
}

/** Returns the name of a route of Auth.js: `callback` for `/auth/callback/github`. */
function actionOf({ url }: RequestHead, { basePath = "" }: AuthConfig): string {
  const path = new URL(url).pathname.slice(basePath.replace(/\/$/, "").length)
  return path.split("/").find((part) => part !== "") ?? ""
}
