import type { AuthConfig } from "@auth/core"
import type { RequestContext } from "./request-context.js"

/** The app's events, with the ones of this library announced beside `signIn`, after everything is written. */
export function composeEvents(own: AuthConfig["events"] = {}, context: RequestContext): AuthConfig["events"] {
  return {
    ...own,
    async signIn(message) {
      if (context.plan?.kind === "keep") return
      await context.plan?.announce?.()
      await own.signIn?.(message)
    },
  }
}
