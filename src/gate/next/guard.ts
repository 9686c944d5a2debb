import type { Session } from "@auth/core/types"
import { contextOf } from "../../auth/context/request-context.js"
import type { LazyAuth, RequestHead } from "../../auth/request/head.js"
import { publicOrigin } from "../../auth/request/public-url.js"
import { skipReason } from "../decide.js"
import { decideGate } from "../gate.js"
import type { GateOptions } from "../options.js"
import type { GateResult } from "../result.js"
import { areCookiesWritable, readOnlyCookies, setCookies } from "./cookies.js"
import { visitorsRequest } from "./head.js"

/** Options of `session()` of a gate, in a server component or a server action. */
export interface GuardOptions {
  /**
   * Where a visitor who may not pass comes back to; a path of this site. Next doesn't tell a server component its own.
   * @default "/"
   */
  callbackUrl?: string
}

/** Next tells neither address, and a server component sets no cookie. */
const HERE = { canSendBack: false }

/** Returns the session to a server component or a server action, or redirects a visitor who may not pass. */
export async function guard(auth: LazyAuth, options: GateOptions, { callbackUrl = "/" }: GuardOptions = {}) {
  const { headers } = await import("next/headers.js")
  const writable = await areCookiesWritable()
  const visit = visitorsRequest({
    method: writable ? "POST" : "GET",
    url: `http://localhost${callbackUrl}`,
    headers: new Headers(await headers()),
  })
  if (options.require) return admitted(visit, await decideGate(navigation(visit), auth, options, HERE))
  if (!writable) return existing(visit, auth, options)
  const result = await decideGate(visit, auth, options, HERE)
  if (!result.open) throw new Error(result.body)
  await setCookies(result.headers)
  return result.session
}

async function admitted(visit: RequestHead, result: GateResult): Promise<Session | null> {
  if (result.open) return result.session
  // @ts-expect-error Next has no `exports`, and its bundler knows this name alone as that of a module for server components.
  const { redirect } = (await import("next/navigation")) as typeof import("next/navigation.js")
  // An address, since Next would put its own base path before a path.
  return redirect(new URL(result.headers.get("location") ?? "/", publicOrigin(visit)).href)
}

/** Returns the session there is, where no cookie can be set; throws where a lazy user would have to be made. */
async function existing(visit: RequestHead, auth: LazyAuth, { create }: GateOptions): Promise<Session | null> {
  const { session } = await decideGate(visit, auth, { create: false }, HERE)
  if (session || create === false || skipReason(visit, contextOf(auth())?.options.isBot)) return session
  throw readOnlyCookies("A new lazy user")
}

/** Somebody who waits for a page, and can be sent elsewhere. */
function navigation({ url, headers }: RequestHead): RequestHead {
  const waiting = new Headers(headers)
  waiting.set("sec-fetch-mode", "navigate")
  return { method: "GET", url, headers: waiting }
}
