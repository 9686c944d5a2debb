import type { AuthConfig } from "@auth/core"
import { callEvent } from "./emit.js"
import type { RequestContext } from "./request-context.js"

/** The app's events, with the ones of this library announced beside `signIn`, after everything is written. */
export function composeEvents(own: AuthConfig["events"] = {}, context: RequestContext): AuthConfig["events"] {
  let held: Parameters<NonNullable<NonNullable<AuthConfig["events"]>["linkAccount"]>>[0] | undefined
  return {
    ...own,
    async linkAccount(message) {
      // A passkey is linked, in the eyes of Auth.js, before it is written.
      if (context.linking.heldAccount) held = message
      else await own.linkAccount?.(message)
    },
    async signIn(message) {
      if (context.plan?.kind === "keep") return
      const linked = held
      if (linked) await callEvent(context, "linkAccount", () => own.linkAccount?.(linked))
      await context.plan?.announce?.()
      await own.signIn?.(message)
    },
  }
}
