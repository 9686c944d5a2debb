import { AdapterError } from "@auth/core/errors"
import { IdentifierTakenError } from "../../errors.js"
import { sqlState, UNIQUE_VIOLATION } from "../../store/sql/sql-state.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { NewSession } from "../../store/users/sessions.js"
import { logError } from "../config/log-error.js"
import {
  type CreateDecision,
  isByCredentials,
  isPending,
  type PendingDecision,
  type SignUpDecision,
  signedIn,
  type Written,
  type WrittenDecision,
} from "../context/decision.js"
import { callEvent, emit } from "../context/emit.js"
import type { RequestContext } from "../context/request-context.js"
import { convert, prove } from "./carry-out-conversion.js"
import { carryOutMerge } from "./carry-out-merge.js"
import { formRefusalOf } from "./refused-address.js"

// Auth.js reaches the phases of a decision in this order: writeFirst, writeLast, settle, finish.
// When a step fails, takeBackDecision takes the place of those that remain.

/**
 * Writes a new user and its session, which the app's `jwt` callback may read. Call it once the
 * app's `signIn` callback has agreed.
 * @returns the user as stored; undefined when the decision makes no user
 */
export async function writeFirst(context: RequestContext): Promise<UserRow | undefined> {
  const { decision } = context
  if (decision.kind !== "create" && decision.kind !== "sign-up") return undefined
  const { user, next } = await (decision.kind === "create" ? create(context, decision) : signUp(context, decision))
  context.decision = next
  return user
}

/** Writes a new lazy user, or finds the one that this browser was given a moment ago. */
async function create({ adapter }: RequestContext, { user }: CreateDecision): Promise<Written> {
  const report = await adapter.lazy.ensureUser(user)
  return { user: report.user, next: { kind: "created", report } }
}

/** Writes a new user with a password, or signs in to the account that the same form just made. */
async function signUp({ adapter }: RequestContext, { user, repeated }: SignUpDecision): Promise<Written> {
  try {
    const row = await adapter.lazy.createRealUser(user)
    return { user: row, next: { kind: "signed-up", user: row, session: user.session } }
  } catch (error) {
    const isTaken = error instanceof IdentifierTakenError || sqlState(error) === UNIQUE_VIOLATION
    const before = isTaken ? await repeated() : null
    if (!before) throw formRefusalOf(error)
    return { user: before, next: { kind: "nothing" } }
  }
}

/**
 * Writes a conversion, a merge or a proof, once, in one transaction with the session. Call it last:
 * no later step may fail.
 * @param userId the user that Auth.js signs in
 * @returns the user as stored; undefined when nothing was written and Auth.js writes the session
 */
export async function writeLast(
  context: RequestContext,
  userId: string | undefined,
  session: NewSession | undefined,
): Promise<UserRow | undefined> {
  context.request.requireUnmixed()
  const { decision } = context
  if (!isPending(decision)) return undefined
  // Auth.js passed the request to a credentials provider, where `OwnRequest.learn` compared
  // cookies.
  if (decision.kind !== "prove" && !isByCredentials(context.method)) context.request.requirePresented()
  if (signedIn(decision).id !== userId)
    throw new Error("This identity was linked to another user during the sign-in. Sign in again.")
  const { user, next } = await write(context, decision, session)
  // A second call then has nothing to write.
  context.decision = next
  return user
}

function write(context: RequestContext, decision: PendingDecision, session: NewSession | undefined): Promise<Written> {
  if (decision.kind === "convert") return convert(context, decision, session)
  if (decision.kind === "merge") return carryOutMerge(context, decision, session)
  return prove(context, decision, session)
}

/** Closes the lazy user that this browser gave up, after the new session was written. */
export async function settle({ decision, adapter, config }: RequestContext): Promise<void> {
  try {
    // Ends its sessions and tokens, and keeps the browser from getting this lazy user again.
    if (decision.kind === "signed-out" && decision.abandons) await adapter.lazy.closeLazyUser(decision.abandons.user.id)
    if (decision.kind === "left") {
      const { id } = decision.current.user
      await adapter.lazy.closeLazyUser(id)
      await adapter.lazy.leaveBehind(id, decision.until)
    }
  } catch (error) {
    // The real user is signed in; the purge removes the lazy user later.
    logError(
      config,
      new AdapterError("A lazy user could not be closed after a sign-in. It stays until a purge removes it.", {
        cause: { err: error },
      }),
    )
  }
}

/** Deletes what `writeFirst` wrote and drops the decision, because a step of the sign-in failed. */
export async function takeBackDecision(context: RequestContext): Promise<void> {
  const { decision } = context
  context.decision = { kind: "nothing" }
  if (decision.kind === "created" || decision.kind === "signed-up") await removeNewUser(context, decision)
}

/** Deletes the user that this request made, because a later step of its sign-in failed. */
async function removeNewUser(
  { adapter, config }: RequestContext,
  decision: Extract<WrittenDecision, { kind: "created" | "signed-up" }>,
): Promise<void> {
  if (decision.kind === "signed-up") return adapter.deleteUser(decision.user.id) as Promise<void>
  const { created, user } = decision.report
  if (!created) return
  try {
    await adapter.lazy.deleteLazyUser(user.id, { counts: false })
  } catch (error) {
    // Log this error only: the app must see the one that failed the sign-in.
    logError(
      config,
      new AdapterError("A lazy user whose sign-in failed could not be deleted. It stays until a purge removes it.", {
        cause: { err: error },
      }),
    )
  }
}

/**
 * Writes the session of a user that another tab converted, and calls the events. Auth.js has done
 * its own work by then.
 */
export async function finish(context: RequestContext): Promise<void> {
  const { decision, exchange, adapter } = context
  if (decision.kind === "already-converted" && decision.session)
    await adapter.createSession({ ...decision.session, userId: decision.userId })
  for (const work of exchange.afterwards) await work()
  if (!isPending(decision)) for (const call of exchange.events) await call()
  await announce(context)
}

async function announce(context: RequestContext): Promise<void> {
  const { decision, config } = context
  if (decision.kind === "created" && decision.report.created)
    await emit(context, "createLazyUser", { user: decision.report.user })
  if (decision.kind === "signed-up")
    await callEvent(context, "createUser", () => config.events?.createUser?.({ user: decision.user }))
  if (decision.kind === "converted") {
    const { report, by } = decision
    await emit(context, "convertUser", { user: report.user, from: report.from, by })
  }
  if (decision.kind === "merged") await emit(context, "mergeUser", decision.report)
  if (decision.kind === "left") {
    const { current, into, error } = decision
    await emit(context, "mergeFailed", { from: current.user, into, error })
  }
}
