import { framePolicy } from "../auth/config/embedding.js"
import type { RequestConfig } from "../auth/config/request-config.js"
import { isCrossSite, isFrameOf } from "../auth/request/cross-site.js"
import { hideSession } from "../auth/session/cookie.js"
import { FOR_ONE } from "./answer.js"
import { addFramePolicy } from "./frame-policy.js"
import type { GatedVisit } from "./refusals.js"
import type { GateResult } from "./result.js"

/**
 * Decides on a visit where sites may embed the app, and adds the policy on who may.
 * @param decide decides on the visit as the gate must see it
 */
export async function decideEmbedded(
  visit: GatedVisit,
  config: RequestConfig,
  embedded: readonly string[],
  decide: (visible: GatedVisit) => Promise<GateResult>,
): Promise<GateResult> {
  const visible = visitOfFrame(visit, config, embedded)
  const result = await decide(visible)
  addFramePolicy(result.headers, framePolicy(embedded))
  // A shared cache would keep this page under the visitor's cookies, which have a session.
  if (result.open && visible.headers.get("cookie") !== visit.headers.get("cookie"))
    result.headers.set("cache-control", FOR_ONE)
  return result
}

/**
 * Returns a visit as the gate must see it where sites may embed the app: a page in a frame of such
 * a site as a page of its own, and any other cross-site request without its session cookie.
 *
 * Cookies for frames are `SameSite=None`, so browsers also send them with forms of other sites.
 */
function visitOfFrame(visit: GatedVisit, config: RequestConfig, embedded: readonly string[]): GatedVisit {
  if (!isCrossSite(visit)) return visit
  const headers = new Headers(visit.headers)
  if (isFrameOf(visit, embedded)) headers.set("sec-fetch-site", "same-origin")
  else hideSession(headers, config, visit.url)
  return { ...visit, headers }
}
