import type { PublicProvider } from "@auth/core/types"
import { handleAuth, type LazyAuth } from "authjs-lazy"
import type { Request as ExpressRequest, Response as ExpressResponse } from "express"

/** The token that a form of ours needs to post to Auth.js. The cookie that goes with it is set on the response. */
export async function readCsrfToken(authConfig: LazyAuth, req: ExpressRequest, res: ExpressResponse): Promise<string> {
  const answer = await ask(authConfig, req, "csrf")
  for (const cookie of answer.headers.getSetCookie()) res.append("set-cookie", cookie)
  return ((await answer.json()) as { csrfToken: string }).csrfToken
}

/** Every provider in the configuration, for a page that offers them. */
export async function readProviders(authConfig: LazyAuth, req: ExpressRequest): Promise<PublicProvider[]> {
  return Object.values((await (await ask(authConfig, req, "providers")).json()) as Record<string, PublicProvider>)
}

/** Asks Auth.js what it would tell a browser: https://authjs.dev/reference/core/types#authaction */
function ask(authConfig: LazyAuth, req: ExpressRequest, action: "csrf" | "providers"): Promise<Response> {
  const headers = { cookie: req.headers.cookie ?? "" }
  return handleAuth(new Request(`${req.protocol}://${req.host}/auth/${action}`, { headers }), authConfig)
}
