import type { AdapterSession, AdapterUser } from "@auth/core/adapters"
import type { Account } from "@auth/core/types"
import type { CreateReport, LazyUserCandidates, NewLazyUser } from "../../store/create/types.js"
import type { MergeReport } from "../../store/merge/types.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { Conversion, ConvertedBy, ConvertReport, NewRealUser } from "../../store/users/conversion.js"
import type { NewSession } from "../../store/users/sessions.js"
import type { CurrentSession, SessionAndUser } from "../session/current-session.js"

/** How the visitor of this request signs in, as far as Auth.js has shown. */
export type SignInMethod =
  /** Not yet known; or through an OAuth provider, or by registering a passkey. */
  | { kind: "unknown" }
  /** Through a credentials provider, to which Auth.js passes the request. */
  | { kind: "credentials" }
  /** By a password, which may be changed or removed before the session is written. */
  | { kind: "password"; proof?: PasswordProof }
  /** By an e-mail link. `askedHere`: the lazy user of this session requested it. */
  | { kind: "link"; askedHere: boolean }
  /** By a passkey whose signature Auth.js verified in this request. */
  | ({ kind: "passkey" } & Pick<Account, "provider" | "providerAccountId">)

/** The hash that a password matched. */
interface PasswordProof {
  hash: string
  /** Tells whether the password is still that of the user; another request may have rehashed it. */
  holds: () => Promise<boolean>
}

/** The browser keeps its session: no callback of the app and no event runs. */
interface KeepDecision {
  kind: "keep"
  current: CurrentSession
  /**
   * The URL to redirect the browser to.
   * @default the callback URL of the sign-in
   */
  redirect?: string
}

/** A new lazy user, written with its session before the app's `jwt` callback, which may read it. */
export interface CreateDecision {
  kind: "create"
  user: Omit<NewLazyUser, "id"> & LazyUserCandidates
}

/** A new user with a password, written with its session before the app's `jwt` callback. */
export interface SignUpDecision {
  kind: "sign-up"
  user: NewRealUser
  /** Finds the account that the same form made a moment ago, where the name is taken. */
  repeated: () => Promise<UserRow | null>
}

/** A lazy user who becomes real once Auth.js is about to make the session. */
export interface ConvertDecision {
  kind: "convert"
  /**
   * `link`: together with the identity that Auth.js links. `address`: by the address that a link
   * proved. `form`: by the password that a form chose.
   */
  through: "link" | "address" | { passwordHash: string; repeated: SignUpDecision["repeated"] }
  current: CurrentSession
  set: Conversion["set"]
  by: ConvertedBy
}

/**
 * A lazy user who is merged into the owner of the identity once Auth.js is about to make the
 * session.
 */
export interface MergeDecision {
  kind: "merge"
  current: CurrentSession
  into: UserRow
  /**
   * Whether the identity is new: the merge links it to the owner, whose address it proves, in the
   * same transaction.
   */
  linksIdentity: boolean
  /** Whether this sign-in proves the owner's address. */
  provesEmail: boolean
}

/** A new identity that is linked to `owner` because it proves the owner's unproven address. */
export interface ProveDecision {
  kind: "prove"
  owner: UserRow
  /** The lazy session that this browser gives up. */
  abandons?: CurrentSession
}

/** A decision that is written last, together with the session or after the token is made. */
export type PendingDecision = ConvertDecision | MergeDecision | ProveDecision

/** A decision that was written; the events that announce it are still to come. */
export type WrittenDecision =
  | { kind: "created"; report: CreateReport }
  | { kind: "signed-up"; user: UserRow; session: NewSession | undefined }
  | { kind: "converted"; report: ConvertReport; by: ConvertedBy }
  | { kind: "merged"; report: MergeReport }
  /** The merge failed. The real user is signed in without it, and the purge spares the lazy one. */
  | { kind: "left"; current: CurrentSession; into: UserRow; error: unknown; until: Date }

/**
 * The change that this request makes to the session of its browser. A credentials provider of this
 * library makes the decision, or the `signIn` callback once the identity is proven;
 * `linking/carry-out.ts` writes it.
 */
export type SignInDecision =
  /** Auth.js continues unchanged. */
  | { kind: "nothing" }
  /** Auth.js continues as for a signed-out visitor; the lazy session of this browser ends. */
  | { kind: "signed-out"; abandons?: CurrentSession }
  | KeepDecision
  | CreateDecision
  | SignUpDecision
  | PendingDecision
  | WrittenDecision
  /**
   * Another tab converted the lazy user with the same identity; this request signs in to it too.
   */
  | { kind: "already-converted"; userId: string; session: NewSession | undefined }

/** The result of writing a decision. */
export interface Written {
  /** The user as stored; undefined when Auth.js still has to write the session. */
  user: UserRow | undefined
  /** The decision that takes the place of the written one. */
  next: SignInDecision
}

/** Tells whether this decision still has to be written in the last step. */
export function isPending(decision: SignInDecision): decision is PendingDecision {
  return decision.kind === "convert" || decision.kind === "merge" || decision.kind === "prove"
}

const IGNORING: readonly SignInDecision["kind"][] = ["signed-out", "prove", "merge", "merged", "left"]

/** Tells whether the session of the request must be hidden from Auth.js. */
export function ignoresSession({ kind }: SignInDecision): boolean {
  return IGNORING.includes(kind)
}

/** Returns the user that Auth.js signs in under this decision. */
export function signedIn(decision: PendingDecision): UserRow {
  if (decision.kind === "convert") return decision.current.user
  return decision.kind === "merge" ? decision.into : decision.owner
}

/** Returns the database session that this request wrote together with its user, if it is known. */
export function writtenSession(decision: SignInDecision): SessionAndUser | undefined {
  if (decision.kind !== "created" && decision.kind !== "converted") return undefined
  const { session, user } = decision.report
  return session && { session: session satisfies AdapterSession, user: user as AdapterUser }
}

/** Returns the token of a database session that was written before the session cookie is filled. */
export function writtenToken(decision: SignInDecision): string | undefined {
  if (decision.kind === "signed-up") return decision.session?.sessionToken
  return decision.kind === "created" ? decision.report.session?.sessionToken : undefined
}

/** Tells whether a credentials provider signs the visitor in. */
export function isByCredentials({ kind }: SignInMethod): boolean {
  return kind === "credentials" || kind === "password"
}
