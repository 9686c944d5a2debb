import type { UserRow } from "../../store/tables/user-row.js"
import type { Conversion, ConvertedBy } from "../../store/users/conversion.js"
import type { NewSession } from "../../store/users/sessions.js"
import type { CurrentSession } from "../session/current.js"

/** A lazy user who becomes real once Auth.js is about to make the session. */
export interface ConvertDecision {
  kind: "convert"
  /** `link`: together with the identity that Auth.js links. `address`: by the address that a link proved. */
  through: "link" | "address"
  current: CurrentSession
  set: Conversion["set"]
  by: ConvertedBy
}

/** A lazy user who is merged into the owner of the identity once Auth.js is about to make the session. */
export interface MergeDecision {
  kind: "merge"
  current: CurrentSession
  into: UserRow
  /** The identity is new, and is linked to the owner in the same transaction because it proves the owner's address. */
  linksIdentity: boolean
  /** The owner's address is proven by this sign-in. */
  provesEmail: boolean
}

/** A new identity that is linked to `owner` because it proves the owner's unproven address. */
export interface ProveDecision {
  kind: "prove"
  owner: UserRow
  /** The lazy session that this browser gives up. */
  abandons?: CurrentSession
}

/**
 * What a sign-in does to the session of this browser. Made once the identity is proven, and carried
 * out once, in the last step that can fail.
 */
export type SignInDecision =
  /** Auth.js goes on alone. */
  | { kind: "nothing" }
  /** Auth.js goes on as if nobody were signed in; the lazy session that this browser gives up ends with it. */
  | { kind: "signed-out"; abandons?: CurrentSession }
  | ProveDecision
  | ConvertDecision
  | MergeDecision
  /** Another tab made the lazy user real by the same identity; this one is signed in to it as well. */
  | { kind: "adopt"; userId: string; session: NewSession | undefined }

/** Tells whether this decision still has to be written. */
export function isWritten(decision: SignInDecision): decision is ConvertDecision | MergeDecision | ProveDecision {
  return decision.kind === "convert" || decision.kind === "merge" || decision.kind === "prove"
}

/** Tells whether the session of the request must be hidden from Auth.js. */
export function ignoresSession({ kind }: SignInDecision): boolean {
  return kind === "signed-out" || kind === "prove" || kind === "merge"
}
