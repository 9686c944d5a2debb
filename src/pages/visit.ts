import { type RequestConfig, requestConfig } from "../auth/config/request-config.js"
import type { LazyAuth } from "../auth/request/head.js"
import { publicOrigin, sameOriginPath } from "../auth/request/public-url.js"
import type { Visitor } from "../auth/request/visitor-address.js"
import type { Fields } from "./read-fields.js"
import type { IdentifierField } from "./ways.js"

/** A request for the page, with the one configuration that answers it. */
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

/** What {@link startVisit} takes beside the request. */
type VisitOptions = Pick<Visit, "identifier" | "redirectTo"> & Pick<Visitor, "getClientAddress">

/** Makes the configuration for a request under the address that the visitor sees. */
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

/** Where people go afterwards, and the same if the visitor asked for it. Paths, all of them. */
export function readTarget(
  { origin, query, path, redirectTo }: Visit,
  fields: Fields,
): { target: string; requested: string | null } {
  const asked = [fields.redirectTo, fields.callbackUrl, query.get("redirectTo"), query.get("callbackUrl")]
  const requested = asked.map((target) => sameOriginPath(target, origin)).find((target) => target !== null) ?? null
  return { target: requested ?? sameOriginPath(redirectTo, origin) ?? `${path}?done`, requested }
}

/** The path of the page. `//host/page` is a path in a request, but an address of another site in a link. */
export function pathOf(request: Request): string {
  return new URL(request.url).pathname.replace(/^\/+/, "/")
}
