import { OAuthAccountNotLinked } from "@auth/core/errors"
import type { Account } from "@auth/core/types"
import { isLazyRow, isProven, type UserRow } from "../../store/tables/user-row.js"
import type { SignInDecision } from "../context/decision.js"
import type { RequestContext } from "../context/request-context.js"
import type { CurrentSession } from "../session/current-session.js"
import { isLeftBehind } from "./merge-failure.js"

/** A sign-in from a lazy session to an existing account, whose identity this request proved. */
interface KnownAccountSignIn {
  /** The user who owns the account. */
  owner: UserRow
  account: Account
  current: CurrentSession
  context: RequestContext
  /** Whether the identity is new, and Auth.js is about to link it to the owner of its address. */
  linksByEmail?: boolean
  /** Whether the link that was sent to the owner's address proves it. */
  provesEmail?: boolean
}

/**
 * Decides whether the lazy user is merged into the owner of the account, or left behind.
 * @throws OAuthAccountNotLinked when a lazy user has the address of a new identity
 */
export async function decideMerge(signIn: KnownAccountSignIn): Promise<SignInDecision> {
  const { owner, current, linksByEmail = false, provesEmail = false } = signIn
  // No user is merged into a lazy one. Auth.js handles the identity of another user itself, but it
  // would link a new one by address.
  if (isLazyRow(owner)) {
    if (linksByEmail) throw new OAuthAccountNotLinked("Another lazy user has the same e-mail address")
    return { kind: "nothing" }
  }
  // Another tab converted this user and ended its session.
  if (owner.id === current.user.id) return abandoning(current)
  if (!(await mayMerge(signIn))) {
    return linksByEmail && !isProven(owner) ? { kind: "prove", owner, abandons: current } : abandoning(current)
  }
  return { kind: "merge", current, into: owner, linksIdentity: linksByEmail, provesEmail: linksByEmail || provesEmail }
}

/** Leaves the lazy user behind: this browser gives up its session. */
export function abandoning(current: CurrentSession): SignInDecision {
  return { kind: "signed-out", abandons: current }
}

async function mayMerge({ owner, account, current, context }: KnownAccountSignIn): Promise<boolean> {
  if (isLeftBehind(current.user)) return false
  const { merge = "auto" } = context.options
  return typeof merge === "function" ? merge({ from: current.user, into: owner, account }) : merge === "auto"
}
