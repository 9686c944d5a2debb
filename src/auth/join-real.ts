import type { AdapterAccount } from "@auth/core/adapters"
import { OAuthAccountNotLinked } from "@auth/core/errors"
import type { Account } from "@auth/core/types"
import { NotLazyError } from "../errors.js"
import type { MergeOptions } from "../store/lazy-store.js"
import { isLazyRow, type UserRow } from "../store/user-row.js"
import type { CurrentSession } from "./current-session.js"
import { emit } from "./emit.js"
import { forgetLazyUser } from "./lazy-user-ids.js"
import type { RequestContext } from "./request-context.js"

/** A lazy user's browser in which somebody signs in to an account that exists already. */
interface Joining {
  /** Whose account it is. */
  owner: UserRow
  account: Account
  current: CurrentSession
  context: RequestContext
  /** The identity is new, and is about to be linked to the owner because the address is the same. */
  linksByEmail?: boolean
  /** The owner's address has just been proven by the link that was sent to it. */
  provesEmail?: boolean
  /** Wait until everything else of a credentials sign-in has gone well. */
  atCommit?: boolean
}

/** Merges the lazy user into the owner of the account, if the app wants that, and lets Auth.js sign the owner in. */
export async function joinReal(joining: Joining): Promise<void> {
  const { owner, current, context, linksByEmail, provesEmail, atCommit } = joining
  // Nobody is ever merged into a lazy user; Auth.js says what the identity of another user means, but would link by address.
  if (isLazyRow(owner)) {
    if (linksByEmail) throw new OAuthAccountNotLinked("The address is kept by another lazy user")
    return
  }
  // Made real by another tab, since the session was read. That session is over now.
  if (owner.id === current.user.id) return leaveLazyUser(current, context)
  if (!(await mayMerge(joining))) {
    if (linksByEmail && owner.emailVerified === null) await context.adapter.lazy.proveEmail(owner.id)
    return leaveLazyUser(current, context)
  }
  if (atCommit) {
    context.plan = {
      kind: "write",
      commit: async () => {
        await mergeNow(joining, {})
      },
    }
    return
  }
  // Without the lazy session, Auth.js does what it does for a visitor: it signs the owner in.
  context.linking.ignoresSession = true
  if (linksByEmail) {
    context.linking.merge = async (account) => {
      await mergeNow(joining, { link: account, provesEmail: true })
    }
    return
  }
  // In the last step that can fail before Auth.js makes the session, which is written by then.
  let merged: Promise<UserRow | undefined> | undefined
  const merge = () => (merged ??= mergeNow(joining, { provesEmail }))
  context.linking.joins = { ownerId: owner.id, merge }
}

/** The lazy user stays behind, and this browser leaves its session. */
export function leaveLazyUser(current: CurrentSession, { linking }: RequestContext): void {
  linking.ignoresSession = true
  linking.abandonedSession = current.sessionToken
}

async function mayMerge({ owner, account, current, context }: Joining): Promise<boolean> {
  const { merge = "auto" } = context.options
  return typeof merge === "function" ? merge({ from: current.user, into: owner, account }) : merge === "auto"
}

async function mergeNow(
  { owner, current, context }: Joining,
  options: Pick<MergeOptions, "provesEmail"> & { link?: AdapterAccount },
): Promise<UserRow | undefined> {
  const { onMerge, onConflict } = context.options
  const session = context.newSession()
  try {
    const report = await context.adapter.lazy.merge(current.user.id, owner.id, {
      ...options,
      session,
      needsPassword: context.byPassword,
      onMerge,
      onConflict,
    })
    forgetLazyUser(current.user.id)
    context.plan = {
      kind: "write",
      sessionToken: session?.sessionToken,
      announce: () => emit(context, "mergeUser", report),
    }
    if (session) context.linking.writtenSession = { ...session, userId: owner.id }
    return report.into
  } catch (error) {
    if (!(error instanceof NotLazyError)) throw error
    // Another tab was faster: the rows are where they belong, and what is left to do is the sign-in.
    if (options.provesEmail && owner.emailVerified === null) await context.adapter.lazy.proveEmail(owner.id)
    if (options.link) await context.adapter.linkAccount(options.link)
    return undefined
  }
}
