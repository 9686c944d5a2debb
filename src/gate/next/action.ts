import type { AuthConfig } from "@auth/core"
import type { Adapter } from "@auth/core/adapters"
import { contextOf } from "../../auth/context/request-context.js"
import { publicHead } from "../../auth/request/public-url.js"
import { isSessionSalt } from "../../auth/session/cookie.js"
import { visitorsRequest } from "./head.js"

/** The adapter methods by which Auth.js reads or ends a session, or sends an e-mail link. */
const STEPS = ["getSessionAndUser", "deleteSession", "createVerificationToken"] as const

/**
 * Reads the request from Next before Auth.js reads a session. In server actions and components,
 * next-auth builds the configuration without a request.
 *
 * Without the request, Auth.js would take the first of two session cookies with one name, even if
 * that session has ended.
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

/** Reads the head of the request that Next is handling; undefined outside of a request. */
async function actionHead() {
  const { headers } = await import("next/headers.js")
  try {
    const given = new Headers(await headers())
    return publicHead(visitorsRequest({ method: "POST", url: "http://localhost/", headers: given }))
  } catch {
    return undefined
  }
}
