import type { AuthConfig } from "@auth/core"
import type { Adapter } from "@auth/core/adapters"
import { contextOf } from "../../auth/context/request-context.js"
import { publicHead } from "../../auth/request/public-url.js"
import { isSessionSalt } from "../../auth/session/cookie.js"
import { visitorsRequest } from "./head.js"

/** The steps of Auth.js before which the cookies of the request have to be known. */
const STEPS = ["getSessionAndUser", "deleteSession", "createVerificationToken"] as const

/**
 * Reads the request from Next before Auth.js asks for a session: next-auth makes the configuration of a server action, and of `auth()` in
 * a server component, without one. Of two session cookies by one name Auth.js alone would take the first, dead or alive.
 */
export function learnRequest(config: AuthConfig): void {
  const learn = async () => {
    const head = await actionHead()
    if (head) contextOf(config)?.request.learn(head)
  }
  const before =
    <Given extends unknown[], Result>(step: (...given: Given) => Result | Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      await learn()
      return step(...given)
    }
  const adapter = config.adapter as Required<Adapter>
  const learning = STEPS.map((name) => [name, before(adapter[name] as (...given: unknown[]) => unknown)])
  config.adapter = { ...adapter, ...Object.fromEntries(learning) }
  const decode = config.jwt?.decode
  if (decode)
    config.jwt = {
      ...config.jwt,
      decode: async (params) => {
        if (isSessionSalt(config, params.salt)) await learn()
        return decode(params)
      },
    }
}

/** The head of the request that Next works on; undefined outside of one. */
async function actionHead() {
  const { headers } = await import("next/headers.js")
  try {
    const given = new Headers(await headers())
    return publicHead(visitorsRequest({ method: "POST", url: "http://localhost/", headers: given }))
  } catch {
    return undefined
  }
}
