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

// A decision is carried out in phases, in the order in which Auth.js comes to them: writeFirst,
// writeLast, settle, finish; or takeBackDecision, where a step of Auth.js or of the app failed.

/**
 * Writes a new user and its session, which the app's `jwt` callback may want to read. Call it once
 * the app's `signIn` callback has agreed.
 * @returns the user as stored; undefined when the decision makes none
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

/** Writes a new user with a password, or signs in to the account that the same form has just made. */
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
  // A credentials provider was given the request, whose cookies `OwnRequest.learn` has compared.
  if (decision.kind !== "prove" && !isByCredentials(context.method)) context.request.requirePresented()
  if (signedIn(decision).id !== userId)
    throw new Error("Another user was linked to this identity during the sign-in. Sign in again.")
  const { user, next } = await write(context, decision, session)
  // A second call finds nothing to do.
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
    // Ends its sessions and tokens, and never gives this lazy user to the browser again.
    if (decision.kind === "signed-out" && decision.abandons) await adapter.lazy.closeLazyUser(decision.abandons.user.id)
    if (decision.kind === "left") {
      const { id } = decision.current.user
      await adapter.lazy.closeLazyUser(id)
      await adapter.lazy.leaveBehind(id, decision.until)
    }
  } catch (error) {
    // The real user is signed in. The purge removes the lazy user later.
    logError(
      config,
      new AdapterError("A lazy user could not be closed after a sign-in. The purge will remove it.", {
        cause: { err: error },
      }),
    )
  }
}

/** Takes back what `writeFirst` wrote, and forgets the decision, since a step of the sign-in has failed. */
export async function takeBackDecision(context: RequestContext): Promise<void> {
  const { decision } = context
  context.decision = { kind: "nothing" }
  if (decision.kind === "created" || decision.kind === "signed-up") await removeNewUser(context, decision)
}

/** Deletes the user that this request has made, since a later step of its sign-in has failed. */
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
    // What made the sign-in fail is what the app has to hear of. The purge will find the user.
    logError(config, new AdapterError("A lazy user was left behind.", { cause: { err: error } }))
  }
}

/**
 * Writes the session of a user that another tab has converted, and calls the events of what was
 * written. Auth.js is done by then.
 */
export async function finish(context: RequestContext): Promise<void> {
  const { decision, exchange, adapter } = context
  if (decision.kind === "adopt" && decision.session)
    await adapter.createSession({ ...decision.session, userId: decision.userId })
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
