import { AdapterError } from "@auth/core/errors"
import { IdentifierTakenError } from "../../errors.js"
import { sqlState, UNIQUE_VIOLATION } from "../../store/sql/sql-state.js"
import { logError } from "../config/log-error.js"
import type { CreateDecision, SignUpDecision, Written, WrittenDecision } from "../context/decision.js"
import type { RequestContext } from "../context/request-context.js"
import { formRefusalOf } from "./refused-address.js"

/** Writes a new lazy user, or finds the one that this browser was given a moment ago. */
export async function create({ adapter }: RequestContext, { user }: CreateDecision): Promise<Written> {
  const report = await adapter.lazy.ensureUser(user)
  return { user: report.user, next: { kind: "created", report } }
}

/** Writes a new user with a password, or signs in to the account that the same form has just made. */
export async function signUp({ adapter }: RequestContext, { user, repeated }: SignUpDecision): Promise<Written> {
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

/** Deletes the user that this request has made, since a later step of its sign-in has failed. */
export async function takeBack(
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
