import type { AuthConfig } from "@auth/core"
import type { Account, Profile } from "@auth/core/types"
import type { LazyAdapter } from "../../store/lazy-adapter.js"
import type { MergeHook, MergeReport } from "../../store/merge/types.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { ConvertedBy, ConvertHook } from "../../store/users/conversion.js"
import type { TrustedProxy } from "../request/client-address.js"
import type { CreationLimits } from "./limits.js"

/** The `lazy` part of the configuration. */
export interface LazyOptions {
  /**
   * Whether new lazy users are made; a function is asked for each request. Those that exist keep working, and convert, either way.
   * Default: true.
   */
  enabled?: boolean | ((request: Request) => boolean | Promise<boolean>)
  /** How many lazy users may be made. Default: 30 an hour by one client address. */
  limits?: CreationLimits
  /**
   * Which header tells the client's address where the app stands behind a proxy. Without it only what the framework itself knows counts,
   * and headers of that kind are ignored. Default: none.
   */
  trustProxy?: TrustedProxy
  /**
   * Asked before a lazy user is made, and before the limits are: whether the visitor is a person, by Turnstile, hCaptcha or
   * anything else. On no, the visitor is treated as a bot. `form` holds what a form sent, if one did. Default: nobody is asked.
   */
  verify?: (request: Request, form: Record<string, unknown>) => boolean | Promise<boolean>
  /** Whether this user agent (null: the request has none) is a bot. Default: `isbot`; call it in yours to extend its list. */
  isBot?: (userAgent: string | null) => boolean
  /**
   * With JWT sessions, how many seconds the token of a lazy user is believed before the database is asked again whether the user is
   * still lazy. Default: 300. With database sessions nothing needs asking.
   */
  recheck?: number
  /**
   * What becomes of a lazy user who signs out, and so can never come back: `"keep"` leaves the row to the purge, `"delete"` deletes it at
   * once with what hangs on it by ON DELETE CASCADE. Default: `"keep"`.
   */
  signOut?: "keep" | "delete"
  /** Runs inside the transaction that converts a lazy user; throwing undoes the conversion and leaves the lazy session alive. */
  onConvert?: ConvertHook
  /**
   * Whether a lazy user who signs in to an account that exists already is merged into it. On no, the account is signed in, and the lazy
   * user stays behind for the purge, without a session. Default: `"auto"`, always.
   */
  merge?: "auto" | "never" | ((context: MergeContext) => boolean | Promise<boolean>)
  /** Runs inside the transaction that merges, with the rows that could not move; throwing undoes the merge. */
  onMerge?: MergeHook
  /** What a row that can't move means: `"keep"` the real user's row, or `"error"`, which refuses the merge. Default: `"keep"`. */
  onConflict?: "keep" | "error"
  /**
   * Names tables that a merge does not touch, as in the `moved` counts of its report. Their rows
   * keep the id of the lazy user and meet the ON DELETE of their foreign key when it is deleted.
   * @default {} every table is merged
   * @example mergeTables: { audit_log: "leave" }
   */
  mergeTables?: Record<string, "leave">
  /**
   * Decides what happens when a merge fails and would fail again. `"refuse"` changes nothing and
   * ends the sign-in with the code `merge_failed`; the person can then sign in without the merge.
   * `"leave"` signs the real user in and keeps the lazy user and its rows for `adapter.lazy.merge`;
   * the purge spares it for 90 days, or for the seconds in `leave`.
   *
   * An error thrown by `onMerge` always refuses the sign-in.
   * @default "refuse"
   * @example onMergeError: { leave: 365 * 24 * 60 * 60 }
   */
  onMergeError?: "refuse" | "leave" | { leave: number }
  /**
   * Decides whether the provider verified the e-mail address in this profile. Return undefined to
   * use the built-in reading, in which a field such as `email_verified`, `verified` or
   * `confirmed_at` that is falsy or says "no" means unverified. An unverified address is neither
   * stored nor linked.
   * @default the built-in reading
   * @example isEmailVerified: (profile, { provider }) => (provider === "acme" ? profile.mail_state === "checked" : undefined)
   */
  isEmailVerified?: (profile: Profile, account: Account) => boolean | undefined | Promise<boolean | undefined>
}

/** What `lazy.merge` is asked about. */
export interface MergeContext {
  /** The lazy user. */
  from: UserRow
  /** The real user whose account it is. */
  into: UserRow
  /** The account by which the real user signs in, as Auth.js has it. */
  account: Account
}

/** Events of this library, called after the commit. Like those of Auth.js, one that throws is logged and changes nothing. */
export interface LazyEvents {
  /** A visitor became a lazy user. */
  createLazyUser?: (message: { user: UserRow }) => unknown
  /** A lazy user became a real one; `from` is the row as it was. */
  convertUser?: (message: { user: UserRow; from: UserRow; by: ConvertedBy }) => unknown
  /** A lazy user was merged into a real one; its rows were moved, and it is gone. */
  mergeUser?: (message: MergeReport) => unknown
  /**
   * A merge failed and `lazy.onMergeError` signed the real user in without it. The lazy user keeps
   * its rows.
   */
  mergeFailed?: (message: { from: UserRow; into: UserRow; error: unknown }) => unknown
}

/** What `withLazy` takes: the configuration of Auth.js, with our adapter, our options and our events. */
export interface LazyConfig extends Omit<AuthConfig, "adapter" | "events" | "raw" | "skipCSRFCheck"> {
  adapter: LazyAdapter
  lazy?: LazyOptions
  events?: AuthConfig["events"] & LazyEvents
}
