import type { AuthConfig } from "@auth/core"
import { AdapterError } from "@auth/core/errors"
import type { JWT } from "@auth/core/jwt"
import { isWritten } from "./decision.js"
import { callEvent, logError } from "./emit.js"
import type { RequestContext } from "./request-context.js"

type Events = NonNullable<AuthConfig["events"]>
type HeldName = "createUser" | "updateUser" | "linkAccount"

/** The app's events, with the ones of this library announced beside `signIn`, after everything is written. */
export function composeEvents(own: Events = {}, context: RequestContext): Events {
  // Auth.js announces what its adapter has answered to, which is written with the session.
  const held = <Name extends HeldName>(name: Name) => {
    const handler = own[name] as ((message: unknown) => unknown) | undefined
    if (!handler) return undefined
    return async (message: Parameters<NonNullable<Events[Name]>>[0]) => {
      if (isWritten(context.decision)) context.held.events.push(() => callEvent(context, name, () => handler(message)))
      else await handler(message)
    }
  }
  return {
    ...own,
    createUser: held("createUser"),
    updateUser: held("updateUser"),
    linkAccount: held("linkAccount"),
    async signOut(message) {
      await deleteSignedOut("token" in message ? message.token : null, context)
      await own.signOut?.(message)
    },
    async signIn(message) {
      const { plan, decision, held } = context
      if (plan?.kind === "keep") return
      if (decision.kind === "adopt" && decision.session)
        await context.adapter.createSession({ ...decision.session, userId: decision.userId })
      if (!isWritten(decision)) for (const call of held.events) await call()
      await plan?.announce?.()
      await context.announce?.()
      await own.signIn?.(message)
    },
  }
}

/** Does what `lazy.signOut` asks for. An error is logged: the visitor is signed out either way, and the purge will find the user. */
async function deleteSignedOut(token: JWT | null | undefined, context: RequestContext): Promise<void> {
  const userId = context.signedOut?.id ?? (token?.isLazy ? token.sub : undefined)
  if (context.options.signOut !== "delete" || userId === undefined) return
  try {
    await context.adapter.lazy.deleteLazyUser(userId)
  } catch (error) {
    logError(context.config, new AdapterError("A lazy user who signed out was not deleted.", { cause: { err: error } }))
  }
}
