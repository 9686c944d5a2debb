import { CredentialsSignin } from "@auth/core/errors"
import { MergeConflictError, MergeUnsupportedError } from "../errors.js"
import { sqlState } from "../store/sql-state.js"
import type { UserRow } from "../store/user-row.js"
import type { LazyOptions } from "./config.js"

/** For how many seconds a lazy user whose merge failed is spared: 90 days. */
const DEFAULT_LEAVE = 90 * 24 * 60 * 60

/** Clocks differ: only a moment further ahead than this was set on purpose, in milliseconds. */
const AHEAD_MS = 60 * 60 * 1000

/**
 * Classes of SQLSTATE that say the same at the next try: data, integrity, privileges and names, triggers, views with a check option, what
 * the server does not support. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const REPEATABLE = /^(0A|21|22|23|2F|38|39|42|44|P0)/

/**
 * The lazy user can't be merged into the account, and nothing has changed. Auth.js redirects to `?error=CredentialsSignin&code=merge_failed`
 * on the sign-in page, for every kind of sign-in; there the provider `without-merge` lets the person sign in all the same.
 */
export class MergeFailed extends CredentialsSignin {
  override code = "merge_failed"

  constructor(error: unknown) {
    super("The lazy user can't be merged into the account. Nothing was changed.")
    // As plain JavaScript has it: Auth.js would lose this error where it wraps one whose cause is `{ err }`.
    this.cause = error as MergeFailed["cause"]
  }
}

/** Whether a merge that failed with this error would fail again. */
export function isRepeatable(error: unknown): boolean {
  if (error instanceof MergeConflictError || error instanceof MergeUnsupportedError) return true
  return REPEATABLE.test(sqlState(error) ?? "")
}

/** The moment from which the age of a lazy user counts that is left behind now. */
export function leaveUntil(onMergeError: LazyOptions["onMergeError"]): Date {
  const seconds = typeof onMergeError === "object" ? onMergeError.leave : DEFAULT_LEAVE
  return new Date(Date.now() + seconds * 1000)
}

/** Whether the person chose to sign in without a merge: only that puts `seenAt` into the future. */
export function isLeftBehind({ seenAt }: UserRow): boolean {
  return seenAt !== null && seenAt.valueOf() > Date.now() + AHEAD_MS
}
