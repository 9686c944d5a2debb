import type { AuthConfig } from "@auth/core"
import { AdapterError } from "@auth/core/errors"
import type { JWT } from "@auth/core/jwt"
import { callEvent, logError } from "./emit.js"
import { forgetLazyUser } from "./lazy-user-ids.js"
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
      await endSignedOut("token" in message ? message.token : null, context)
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

/**
 * Does what `lazy.signOut` asks for; a user who is kept is marked, so that the browser is not given it again. An error is logged: the visitor is
 * signed out either way, and the purge will find the user.
 */
async function endSignedOut(token: JWT | null | undefined, context: RequestContext): Promise<void> {
  const { adapter, options, linking } = context
  // A token without our claims may be a lazy user's: the store looks.
  const ids = token?.sub !== undefined && token.isLazy !== false ? [token.sub] : linking.signedOut
  for (const userId of new Set(ids)) {
    try {
      await adapter.lazy.closeLazyUser(userId)
      if (options.signOut === "delete" && (await adapter.lazy.deleteLazyUser(userId))) forgetLazyUser(userId)
    } catch (error) {
      const what = options.signOut === "delete" ? "deleted" : "closed"
      logError(
        context.config,
        new AdapterError(`A lazy user who signed out was not ${what}.`, { cause: { err: error } }),
      )
    }
  }
}
