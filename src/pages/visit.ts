import { type RequestConfig, requestConfig } from "../auth/config/request-config.js"
import type { LazyAuth } from "../auth/request/head.js"
import { publicOrigin, sameOriginPath } from "../auth/request/public-url.js"
import type { Visitor } from "../auth/request/visitor-address.js"
import type { IdentifierField } from "../messages/problem.js"
import type { Fields } from "./read-fields.js"

/** Describes a request for the page, with the one configuration that answers it. */
export interface Visit {
  request: Request
  identifier: IdentifierField
  origin: string
  cookie: string
  config: RequestConfig
  query: URLSearchParams
  path: string
  redirectTo: string | undefined
}

/** Configures {@link startVisit}. */
type VisitOptions = Pick<Visit, "identifier" | "redirectTo"> & Pick<Visitor, "getClientAddress">

/** Builds the configuration for a request under its public URL. */
export function startVisit(request: Request, auth: LazyAuth, options: VisitOptions): Visit {
  const { identifier, getClientAddress, redirectTo } = options
  const origin = publicOrigin(request)
  const path = pathOf(request)
  const { search, searchParams: query } = new URL(request.url)
  const { headers, signal } = request
  const outside = new Request(`${origin}${path}${search}`, { headers, signal })
  const config = requestConfig(auth, { request: outside, getClientAddress })
  return { request, identifier, origin, cookie: headers.get("cookie") ?? "", config, query, path, redirectTo }
}

/** Reads the path to go to afterwards, and the path that the visitor requested, or null. */
export function readTarget(
  { origin, query, path, redirectTo }: Visit,
  fields: Fields,
): { target: string; requested: string | null } {
  const asked = [fields.redirectTo, fields.callbackUrl, query.get("redirectTo"), query.get("callbackUrl")]
  const requested = asked.map((target) => sameOriginPath(target, origin)).find((target) => target !== null) ?? null
  return { target: requested ?? sameOriginPath(redirectTo, origin) ?? `${path}?done`, requested }
}

/** Returns the path of the page with one leading slash: a link to `//host` leaves the site. */
export function pathOf(request: Request): string {
  return new URL(request.url).pathname.replace(/^\/+/, "/")
}
