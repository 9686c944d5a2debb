import { OAuthAccountNotLinked } from "@auth/core/errors"
import type { Account } from "@auth/core/types"
import { isLazyRow, type UserRow } from "../../store/tables/user-row.js"
import type { SignInDecision } from "../context/decision.js"
import type { RequestContext } from "../context/request-context.js"
import type { CurrentSession } from "../session/reader.js"
import { isLeftBehind } from "./merge-failure.js"

/** A sign-in, from a lazy session, to an existing account whose identity this request proved. */
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
}

/** Decides whether the lazy user is merged into the owner of the account, or left behind. */
export async function decideJoining(joining: Joining): Promise<SignInDecision> {
  const { owner, current, linksByEmail = false, provesEmail = false } = joining
  // Nobody is ever merged into a lazy user; Auth.js says what the identity of another user means, but would link by address.
  if (isLazyRow(owner)) {
    if (linksByEmail) throw new OAuthAccountNotLinked("The address is kept by another lazy user")
    return { kind: "nothing" }
  }
  // Another tab has converted this user and ended its session.
  if (owner.id === current.user.id) return leaving(current)
  if (!(await mayMerge(joining))) {
    return linksByEmail && owner.emailVerified === null ? { kind: "prove", owner, abandons: current } : leaving(current)
  }
  return { kind: "merge", current, into: owner, linksIdentity: linksByEmail, provesEmail: linksByEmail || provesEmail }
}

/** The lazy user stays behind, and this browser leaves its session. */
export function leaving(current: CurrentSession): SignInDecision {
  return { kind: "signed-out", abandons: current }
}

async function mayMerge({ owner, account, current, context }: Joining): Promise<boolean> {
  if (isLeftBehind(current.user)) return false
  const { merge = "auto" } = context.options
  return typeof merge === "function" ? merge({ from: current.user, into: owner, account }) : merge === "auto"
}
