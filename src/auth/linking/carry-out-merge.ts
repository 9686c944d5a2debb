import { NotLazyError, NotRealError } from "../../errors.js"
import type { MergeHook } from "../../store/merge/types.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { NewSession } from "../../store/users/sessions.js"
import { SignInRefused } from "../config/sign-in-refused.js"
import type { MergeDecision, Written } from "../context/decision.js"
import type { RequestContext } from "../context/request-context.js"
import { forgetLazyUser } from "../request/lazy-user-ids.js"
import { isRepeatable, leaveUntil, MergeFailed } from "./merge-failure.js"

/**
 * Merges the lazy user into the real one, or follows `lazy.onMergeError` when the merge fails.
 * @returns no user when Auth.js still has to write the session of the real user
 */
export async function carryOutMerge(
  context: RequestContext,
  decision: MergeDecision,
  session: NewSession | undefined,
): Promise<Written> {
  const { current, into, provesEmail } = decision
  const { onMerge, onConflict, mergeTables } = context.options
  const link = context.exchange.account
  const { method } = context
  const byPassword = method.kind === "password"
  const hook = watched(onMerge)
  try {
    const report = await context.adapter.lazy.merge(current.user.id, into.id, {
      session,
      link,
      provesEmail,
      needsPassword: byPassword && (method.proof?.hash ?? true),
      onMerge: hook?.run,
      onConflict,
      mergeTables,
    })
    forgetLazyUser(current.user.id)
    return { user: report.into, next: { kind: "merged", report } }
  } catch (error) {
    // Another tab has merged this user already: only sign in.
    if (error instanceof NotLazyError)
      return { user: await signInAlone(context, decision, session), next: { kind: "signed-out" } }
    if (error instanceof NotRealError && byPassword) throw new SignInRefused("wrong_credentials")
    if (error === hook?.failure || !isRepeatable(error)) throw error
    return leave(context, decision, session, error)
  }
}

/**
 * Wraps `lazy.onMerge` to record what it throws: an error of the hook refuses the sign-in, whatever
 * `lazy.onMergeError` says.
 */
function watched(onMerge: MergeHook | undefined): { run: MergeHook; failure?: unknown } | undefined {
  if (!onMerge) return undefined
  const hook: { run: MergeHook; failure?: unknown } = {
    async run(params) {
      try {
        await onMerge(params)
      } catch (error) {
        hook.failure = error
        throw error
      }
    },
  }
  return hook
}

async function leave(
  context: RequestContext,
  decision: MergeDecision,
  session: NewSession | undefined,
  error: unknown,
): Promise<Written> {
  const { onMergeError = "refuse" } = context.options
  if (onMergeError === "refuse") throw new MergeFailed(error)
  const { current, into } = decision
  const next = { kind: "left" as const, current, into, error, until: leaveUntil(onMergeError) }
  return { user: await signInAlone(context, decision, session), next }
}

/** Signs the real user in without a merge. */
async function signInAlone(
  { adapter, exchange }: RequestContext,
  { into, linksIdentity, provesEmail }: MergeDecision,
  session: NewSession | undefined,
): Promise<UserRow | undefined> {
  if (linksIdentity && exchange.account)
    return (await adapter.lazy.linkByAddress(into.id, exchange.account, session)) ?? undefined
  if (provesEmail) await adapter.lazy.proveEmail(into.id)
  return undefined
}
