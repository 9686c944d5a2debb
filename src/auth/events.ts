import type { AuthConfig } from "@auth/core"
import { AdapterError } from "@auth/core/errors"
import type { JWT } from "@auth/core/jwt"
import { logError } from "./config/log-error.js"
import { isPending } from "./context/decision.js"
import { callEvent } from "./context/emit.js"
import type { RequestContext } from "./context/request-context.js"
import { markLazy } from "./is-lazy.js"
import { finish } from "./linking/carry-out.js"
import { forgetLazyUser } from "./request/lazy-user-ids.js"

type Events = NonNullable<AuthConfig["events"]>
type HeldName = "createUser" | "updateUser" | "linkAccount"

/**
 * Wraps the app's events, and announces those of this library beside `signIn`, after everything is
 * written.
 */
export function composeEvents(own: Events = {}, context: RequestContext): Events {
  // Auth.js announces these before the session is written: hold them until nothing can fail.
  const held = (name: HeldName): Events => {
    const handler = own[name] as ((message: unknown) => unknown) | undefined
    // Auth.js logs an error for an event that is listed but undefined.
    if (!handler) return {}
    const later = async (message: { user: unknown }) => {
      markLazy(message.user)
      if (isPending(context.decision))
        context.exchange.events.push(() => callEvent(context, name, () => handler(message)))
      else await handler(message)
    }
    return { [name]: later }
  }
  const { createUser: _, updateUser: __, linkAccount: ___, ...others } = own
  return {
    ...others,
    ...held("createUser"),
    ...held("updateUser"),
    ...held("linkAccount"),
    async signOut(message) {
      await endSignedOut("token" in message ? message.token : null, context)
      await own.signOut?.(message)
    },
    async signIn(message) {
      if (context.decision.kind === "keep") return
      await finish(context)
      if (!own.signIn) return
      markLazy(message.user)
      await own.signIn(message)
    },
  }
}

/**
 * Closes or deletes the lazy users who signed out, as `lazy.signOut` says. Logs an error and goes
 * on: the visitor is signed out either way, and the purge removes the user.
 */
async function endSignedOut(token: JWT | null | undefined, context: RequestContext): Promise<void> {
  const { adapter, options, exchange, session } = context
  // A token from before this library, or before the user was adopted, may be of a lazy user. The
  // store ignores real ones.
  const mayBeLazy = token?.isLazy !== false || token.lazySince === null
  const ids = token?.sub !== undefined && mayBeLazy ? [token.sub] : exchange.signedOut
  // Auth.js removes every session cookie, also that of a late answer beside the session it read.
  const others = await session.otherSubjects(token?.sub)
  for (const userId of new Set([...ids, ...others])) {
    try {
      await adapter.lazy.closeLazyUser(userId)
      if (options.signOut === "delete" && (await adapter.lazy.deleteLazyUser(userId))) forgetLazyUser(userId)
    } catch (error) {
      // At least this process must not give this user to the next person at the browser.
      forgetLazyUser(userId)
      const what = options.signOut === "delete" ? "deleted" : "closed"
      logError(
        context.config,
        new AdapterError(`A lazy user who signed out could not be ${what}. It stays until a purge removes it.`, {
          cause: { err: error },
        }),
      )
    }
  }
}
