import type { AuthConfig } from "@auth/core"
import { AdapterError } from "@auth/core/errors"
import type { JWT } from "@auth/core/jwt"
import { callEvent, logError } from "./emit.js"
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
    async signOut(message) {
      await deleteSignedOut("token" in message ? message.token : null, context)
      await own.signOut?.(message)
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

/** Does what `lazy.signOut` asks for. An error is logged: the visitor is signed out either way, and the purge will find the user. */
async function deleteSignedOut(token: JWT | null | undefined, context: RequestContext): Promise<void> {
  const userId = context.linking.signedOut?.id ?? (token?.isLazy ? token.sub : undefined)
  if (context.options.signOut !== "delete" || userId === undefined) return
  try {
    await context.adapter.lazy.deleteLazyUser(userId)
  } catch (error) {
    logError(context.config, new AdapterError("A lazy user who signed out was not deleted.", { cause: { err: error } }))
  }
}
