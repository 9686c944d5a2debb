import type { PublicProvider, Session } from "@auth/core/types"
import { handleAuth, type LazyAuth } from "authjs-lazy"
import type { Request as ExpressRequest, Response as ExpressResponse } from "express"

/** Who is signed in, for pages that must not make a lazy user of whoever looks at them, as `allowLazy` would. */
export async function readSession(auth: LazyAuth, req: ExpressRequest): Promise<Session | null> {
  return (await ask(auth, req, "session")).json() as Promise<Session | null>
}

/** The token that a form of ours needs to post to Auth.js. The cookie that goes with it is set on the response. */
export async function readCsrfToken(auth: LazyAuth, req: ExpressRequest, res: ExpressResponse): Promise<string> {
  const answer = await ask(auth, req, "csrf")
  for (const cookie of answer.headers.getSetCookie()) res.append("set-cookie", cookie)
  return ((await answer.json()) as { csrfToken: string }).csrfToken
}

/** Every provider in the configuration, for a page that offers them. */
export async function readProviders(auth: LazyAuth, req: ExpressRequest): Promise<PublicProvider[]> {
  return Object.values((await (await ask(auth, req, "providers")).json()) as Record<string, PublicProvider>)
}

/** Asks Auth.js what it would tell a browser: https://authjs.dev/reference/core/types#authaction */
function ask(auth: LazyAuth, req: ExpressRequest, action: "session" | "csrf" | "providers"): Promise<Response> {
  const headers = { cookie: req.headers.cookie ?? "" }
  return handleAuth(new Request(`${req.protocol}://${req.host}/auth/${action}`, { headers }), auth)
}
