import type { AdapterSession, AdapterUser } from "@auth/core/adapters"
import type { UserRow } from "../../store/tables/user-row.js"
import type { NewSession } from "../../store/users/sessions.js"
import type { ConvertDecision } from "../context/decision.js"
import type { RequestContext } from "../context/request-context.js"
import { writeLast } from "./carry-out.js"

/** Returns the lazy user as it will be after the conversion. */
export function converted({ current, set }: ConvertDecision): AdapterUser {
  return { ...current.user, ...set, convertedAt: new Date() } as AdapterUser
}

/**
 * Converts where Auth.js keeps the current session and requests no new one. With JWT sessions, the
 * conversion waits until the token is made.
 */
export async function convertNow(context: RequestContext, decision: ConvertDecision): Promise<void> {
  if (context.strategy === "jwt") return handOver(converted(decision), undefined, context)
  const session = context.newSession()
  const user = await writeLast(context, decision.current.user.id, session)
  if (user) handOver(user, session, context)
}

/**
 * Signs this request in as the user that another tab converted. Auth.js finishes its own work
 * before the session is written.
 */
export function signInConverted(owner: AdapterUser, context: RequestContext): void {
  const session = context.newSession()
  handOver(owner, session, context)
  context.decision = { kind: "already-converted", userId: owner.id, session }
}

/** Updates the objects that Auth.js received earlier in the request and still uses. */
function handOver(user: AdapterUser | UserRow, session: NewSession | undefined, { exchange }: RequestContext): void {
  for (const handed of exchange.handedOut) {
    if (handed.user.id !== user.id) continue
    Object.assign(handed.user, user)
    if (handed.session && session) Object.assign(handed.session, session satisfies Partial<AdapterSession>)
  }
}
