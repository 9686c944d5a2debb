import type { AdapterAccount } from "@auth/core/adapters"
import { AdapterError } from "@auth/core/errors"
import { NotLazyError } from "../../errors.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { NewSession } from "../../store/users/sessions.js"
import { logError } from "../config/log-error.js"
import {
  type ConvertDecision,
  isWritten,
  type MergeDecision,
  type ProveDecision,
  type SignInDecision,
} from "../context/decision.js"
import { emit } from "../context/emit.js"
import type { RequestContext } from "../context/request-context.js"
import { carryOutMerge } from "./carry-out-merge.js"
import { refusalOf } from "./refused-address.js"

/**
 * Writes the decision about this sign-in, once, in one transaction with the session. Call it last:
 * no later step may fail.
 * @param userId the user that Auth.js signs in
 * @returns the user as stored; undefined when nothing was written and Auth.js writes the session
 */
export async function carryOut(
  context: RequestContext,
  userId: string | undefined,
  session: NewSession | undefined,
): Promise<UserRow | undefined> {
  context.requireOwnRequest()
  const { decision } = context
  if (!isWritten(decision)) return undefined
  context.requirePresented(decision)
  if (signedIn(decision).id !== userId)
    throw new Error("Another user was linked to this identity during the sign-in. Sign in again.")
  const user = await write(context, decision, session)
  // A second call finds nothing to do.
  context.decision = afterwards(decision, context)
  return user
}

/** Closes the lazy user that this browser gave up, after the new session was written. */
export async function settle(context: RequestContext): Promise<void> {
  const { decision, leaves, adapter } = context
  const abandoned = decision.kind === "signed-out" ? decision.abandons : undefined
  try {
    // Ends its sessions and tokens, and never gives this lazy user to the browser again.
    if (abandoned) await adapter.lazy.closeLazyUser(abandoned.user.id)
    if (leaves) await adapter.lazy.leaveBehind(leaves.userId, leaves.until)
  } catch (error) {
    // The real user is signed in. The purge removes the lazy user later.
    logError(
      context.config,
      new AdapterError("A lazy user could not be closed after a sign-in. The purge will remove it.", {
        cause: { err: error },
      }),
    )
  }
}

/** Returns the user that Auth.js signs in under this decision. */
export function signedIn(decision: ConvertDecision | MergeDecision | ProveDecision): UserRow {
  if (decision.kind === "convert") return decision.current.user
  return decision.kind === "merge" ? decision.into : decision.owner
}

/** Returns the decision that keeps the old session hidden from Auth.js. */
function afterwards(
  decision: ConvertDecision | MergeDecision | ProveDecision,
  { leaves }: RequestContext,
): SignInDecision {
  if (decision.kind === "convert") return { kind: "nothing" }
  if (decision.kind === "prove") return { kind: "signed-out", abandons: decision.abandons }
  return { kind: "signed-out", abandons: leaves && decision.current }
}

function write(
  context: RequestContext,
  decision: ConvertDecision | MergeDecision | ProveDecision,
  session: NewSession | undefined,
): Promise<UserRow | undefined> {
  if (decision.kind === "convert") return convert(context, decision, session)
  if (decision.kind === "merge") return carryOutMerge(context, decision, session)
  return link(context, decision.owner, session)
}

async function convert(
  context: RequestContext,
  { current, set, by, through }: ConvertDecision,
  session: NewSession | undefined,
): Promise<UserRow> {
  const { adapter, options, held } = context
  const {
    user: { id: userId },
  } = current
  const link = held.account && { account: held.account, authenticator: held.authenticator }
  if (through === "link" && !link) throw new Error("Auth.js linked no identity.")
  try {
    const report = await adapter.lazy.convert({ userId, set, session, by, link, onConvert: options.onConvert })
    context.announce = () => emit(context, "convertUser", { user: report.user, from: report.from, by })
    return report.user
  } catch (error) {
    if (!(error instanceof NotLazyError) || !held.account || held.authenticator) throw refusalOf(error, by)
    // Another tab was faster by the same identity, which this request proved as well.
    const owner = (await adapter.getUserByAccount(held.account)) as UserRow | null
    if (owner?.id !== userId) throw error
    if (session) await adapter.createSession({ ...session, userId })
    return owner
  }
}

async function link(context: RequestContext, { id }: UserRow, session: NewSession | undefined): Promise<UserRow> {
  const user = await context.adapter.lazy.linkByAddress(id, context.held.account as AdapterAccount, session)
  if (!user) throw new Error("The user was deleted before its identity could be linked. Sign in again.")
  return user
}
