import { Auth } from "@auth/core"
import type { LazyAuth } from "./config.js"
import { publicRequest } from "./public-url.js"
import { requestConfig } from "./request-config.js"

/** See {@link handleAuth}. */
export interface HandleAuthOptions {
  /** The address of the client, by which failed sign-ins and new lazy users are limited; default: unknown. */
  getClientAddress?: () => string
}

/**
 * Answers a request to one of the routes of Auth.js (`/auth/…`): `Auth()` with the configuration for this request, the environment's
 * defaults (`AUTH_SECRET`, `AUTH_URL`, …) filled in. For anything that speaks Request and Response.
 */
export async function handleAuth(request: Request, auth: LazyAuth, options: HandleAuthOptions = {}): Promise<Response> {
  const outside = publicRequest(request)
  return Auth(outside, requestConfig(auth, { request: outside, getClientAddress: options.getClientAddress }))
}
