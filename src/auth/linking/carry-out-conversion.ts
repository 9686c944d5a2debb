import type { AdapterAccount } from "@auth/core/adapters"
import { NotLazyError } from "../../errors.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { NewSession } from "../../store/users/sessions.js"
import type { ConvertDecision, ProveDecision, Written } from "../context/decision.js"
import type { RequestContext } from "../context/request-context.js"
import { formRefusalOf, refusalOf } from "./refused-address.js"

/**
 * Converts the lazy user, or signs in to the account that another tab made of it by the same proof.
 */
export async function convert(
  context: RequestContext,
  decision: ConvertDecision,
  session: NewSession | undefined,
): Promise<Written> {
  const { adapter, options, exchange } = context
  const { current, set, by, through } = decision
  const userId = current.user.id
  const form = typeof through === "object" ? through : undefined
  const link = exchange.account && { account: exchange.account, authenticator: exchange.authenticator }
  if (through === "link" && !link)
    throw new Error("Auth.js made a session before it linked the identity, so the lazy user can't convert with it.")
  const passwordHash = form?.passwordHash
  try {
    const { onConvert } = options
    const report = await adapter.lazy.convert({ userId, set, passwordHash, session, by, link, onConvert })
    return { user: report.user, next: { kind: "converted", report, by } }
  } catch (error) {
    const isOvertaken = error instanceof NotLazyError
    if (form) {
      // Another copy of this form has converted the user: Auth.js only makes a session.
      if (isOvertaken && (await form.repeated())) return { user: undefined, next: { kind: "nothing" } }
      throw formRefusalOf(error)
    }
    if (!isOvertaken || !exchange.account || exchange.authenticator) throw refusalOf(error, by)
    // Another tab converted the user first with the same identity, which this request proved too.
    const owner = (await adapter.getUserByAccount(exchange.account)) as UserRow | null
    if (owner?.id !== userId) throw error
    if (session) await adapter.createSession({ ...session, userId })
    return { user: owner, next: { kind: "nothing" } }
  }
}

/** Links the identity to the user whose address it proves. */
export async function prove(
  { adapter, exchange }: RequestContext,
  { owner, abandons }: ProveDecision,
  session: NewSession | undefined,
): Promise<Written> {
  const user = await adapter.lazy.linkByAddress(owner.id, exchange.account as AdapterAccount, session)
  if (!user) throw new Error("The user was deleted before its identity could be linked. Sign in again.")
  return { user, next: { kind: "signed-out", abandons } }
}
