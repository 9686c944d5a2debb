import type { AdapterSession, AdapterUser } from "@auth/core/adapters"
import type { NewSession } from "../store/lazy-store.js"
import type { UserRow } from "../store/user-row.js"
import { carryOut } from "./carry-out.js"
import type { ConvertDecision } from "./decision.js"
import type { RequestContext } from "./request-context.js"

/** The lazy user as it will be once the conversion is written. */
export function converted({ current, set }: ConvertDecision): AdapterUser {
  return { ...current.user, ...set, convertedAt: new Date() } as AdapterUser
}

/**
 * Converts where Auth.js keeps the session it has, and asks for no new one. With JWT sessions the token is still to be made: the conversion
 * waits for it, and Auth.js goes on with the user as it will be.
 */
export async function convertNow(context: RequestContext, decision: ConvertDecision): Promise<void> {
  if (context.strategy === "jwt") return handOver(converted(decision), undefined, context)
  const session = context.newSession()
  const user = await carryOut(context, decision.current.user.id, session)
  if (user) handOver(user, session, context)
}

/** Signs this request in to the user whom another tab made real; the session is written when Auth.js has done everything else. */
export function adopt(owner: AdapterUser, context: RequestContext): void {
  const session = context.newSession()
  handOver(owner, session, context)
  context.decision = { kind: "adopt", userId: owner.id, session }
}

/** Auth.js goes on with the objects it was given at the start: make them say what is true now. */
function handOver(user: AdapterUser | UserRow, session: NewSession | undefined, { handedOut }: RequestContext): void {
  for (const handed of handedOut) {
    if (handed.user.id !== user.id) continue
    Object.assign(handed.user, user)
    if (handed.session && session) Object.assign(handed.session, session satisfies Partial<AdapterSession>)
  }
}
