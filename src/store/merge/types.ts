import type { AdapterAccount } from "@auth/core/adapters"
import type { ByTable } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import type { UserRow } from "../tables/user-row.js"
import type { NewSession } from "../users/sessions.js"

/** The arguments of `onMerge`, which runs inside the transaction that merges. */
export interface MergeHookParams {
  /** The open transaction. PostgreSQL rolls back what is written through it if anything fails. */
  tx: Database
  /** The lazy user, who is about to be deleted. */
  from: UserRow
  /** The real user. */
  into: UserRow
  /** How many rows have the real user's id now; tables without any are left out. */
  moved: ByTable<number>
  /**
   * The rows that a unique rule, an exclusion constraint or a check constraint stopped, by table,
   * locked, each with the row that stopped it. They still hold their old values, such as the lazy
   * user's id; rows that still do after the hook are deleted.
   */
  conflicts: ByTable<MergeConflict[]>
}

/**
 * A row that could not move and the row that stopped it. Columns have their database names and the
 * values of the driver.
 */
export interface MergeConflict {
  /** The row of the lazy user, or a row that refers to such a row. */
  row: Record<string, unknown>
  /**
   * The row of the real user that stops it. Rows that referred to `row` by a foreign key refer to
   * this one now, unless an exclusion constraint stops `row`. Null when several rows stop it, or
   * none, as with a check constraint.
   */
  by: Record<string, unknown> | null
}

/**
 * Runs inside the transaction of every merge; throwing rolls the merge back. It is called again
 * when PostgreSQL rolled the transaction back to end a deadlock, or because the real user just got
 * a row. Put what can't be rolled back into the event `mergeUser`.
 * @example
 * const onMerge: MergeHook = ({ conflicts }) => {
 *   if (conflicts.subscription) throw new Error("Cancel one of the two subscriptions first.")
 * }
 */
export type MergeHook = (params: MergeHookParams) => void | Promise<void>

/**
 * Options of {@link LazyStore.merge}.
 * @example
 * await adapter.lazy.merge(lazyUser.id, realUser.id, { onConflict: "error" })
 */
export interface MergeOptions {
  /**
   * Runs inside the transaction; throwing rolls the merge back.
   * @default none
   */
  onMerge?: MergeHook
  /**
   * What to do when a unique rule, an exclusion constraint or a check constraint stops a row.
   * `"keep"` keeps the real user's row, hands the lazy user's row to `onMerge` and deletes it.
   * `"error"` throws MergeConflictError and changes nothing.
   * @default "keep"
   */
  onConflict?: "keep" | "error"
  /**
   * Names tables that merges leave alone, such as an audit log that the role may not change.
   * Deleting the lazy user applies ON DELETE of the foreign key to their rows. Names are those in
   * reports: `table` in the schema public, `schema.table` elsewhere.
   * @default {}, which moves every row
   * @example { audit_log: "leave" }
   */
  mergeTables?: MergeTables
}

/** What a sign-in that merges writes in the same transaction. */
export interface SignInMerge extends MergeOptions {
  /**
   * A session for the real user.
   * @default none, as for JWT sessions
   */
  session?: NewSession
  /**
   * An account to link to the real user; its `userId` is ignored.
   * @default none
   */
  link?: AdapterAccount
  /**
   * Whether this sign-in proved the real user's address. The merge then does what {@link
   * StoreInternals.proveEmail} does, before it writes the session.
   * @default false
   */
  provesEmail?: boolean
  /**
   * Whether to refuse unless the real user still has a password, or this hash of one, since this
   * sign-in used it.
   * @default false
   */
  needsPassword?: boolean | string
}

/** The tables that a merge leaves alone; see {@link MergeOptions.mergeTables}. */
export type MergeTables = Readonly<Record<string, "leave">>

/** The report of {@link LazyStore.merge}. */
export interface MergeReport {
  /** The lazy user as it was; it is deleted. */
  from: UserRow
  /** The real user as it is now. */
  into: UserRow
  /** How many rows were moved; tables without any are left out. */
  moved: ByTable<number>
  /**
   * How many rows were deleted because they could not be moved, by table, with rows that went by ON
   * DELETE CASCADE or by a trigger. Sessions, accounts, authenticators and the password of the lazy
   * user are not counted.
   */
  conflicts: ByTable<number>
  /**
   * How many of the lazy user's rows were deleted in the tables that `LazyAdapter({ credentials })`
   * names, by table. Undefined when it names none.
   */
  credentials?: ByTable<number>
}
