import { CredentialsSignin } from "@auth/core/errors"
import { MergeConflictError, MergeUnsupportedError } from "../../errors.js"
import { sqlState } from "../../store/sql/sql-state.js"
import type { UserRow } from "../../store/tables/user-row.js"
import { isMarked, markedAfter } from "../../store/users/marked-moments.js"
import type { LazyOptions } from "../config/options.js"

/** How long the purge spares a lazy user whose merge failed, in seconds: 90 days. */
const DEFAULT_LEAVE = 90 * 24 * 60 * 60

/**
 * How far `seenAt` must be in the future to count as set on purpose, since clocks differ; in
 * milliseconds.
 */
const AHEAD_MS = 60 * 60 * 1000

/**
 * Classes of SQLSTATE that recur on a retry: data, integrity, privileges, syntax, triggers, limits,
 * time-outs, unsupported features. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const REPEATABLE = /^(0A|21|22|23|2F|38|39|42|44|54|P0|57014)/

/**
 * Refuses a sign-in whose merge failed; nothing was changed. Auth.js redirects every kind of
 * sign-in to the sign-in page with `?error=CredentialsSignin&code=merge_failed`, where the provider
 * `without-merge` offers to sign in without the merge.
 * @example
 * ```ts
 * const cause = (error: unknown) => (error instanceof MergeFailed ? error.cause : undefined)
 * ```
 */
export class MergeFailed extends CredentialsSignin {
  override code = "merge_failed"

  constructor(error: unknown) {
    super(
      "The lazy user can't be merged into the account; nothing was changed. The cause names the table. See lazy.onMergeError.",
    )
    // Set the plain `cause`: Auth.js drops an error that it wraps if its cause is `{ err }`.
    this.cause = error as MergeFailed["cause"]
  }
}

/** Tells whether a merge that failed with this error would fail again. */
export function isRepeatable(error: unknown): boolean {
  if (error instanceof MergeConflictError || error instanceof MergeUnsupportedError) return true
  return REPEATABLE.test(sqlState(error) ?? "")
}

/**
 * Returns the time until which the purge spares a lazy user that is left behind now. It is marked,
 * since `adopt` writes a `seenAt` in the future, too.
 */
export function leaveUntil(onMergeError: LazyOptions["onMergeError"]): Date {
  const seconds = typeof onMergeError === "object" ? onMergeError.leave : DEFAULT_LEAVE
  return markedAfter(Date.now() + seconds * 1000)
}

/**
 * Tells whether the person chose to sign in without a merge, which sets `seenAt` to a marked time in
 * the future.
 */
export function isLeftBehind({ seenAt }: UserRow): boolean {
  return seenAt !== null && seenAt.valueOf() > Date.now() + AHEAD_MS && isMarked(seenAt)
}
