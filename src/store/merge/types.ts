import type { AdapterAccount } from "@auth/core/adapters"
import type { ByTable } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import type { UserRow } from "../tables/user-row.js"
import type { NewSession } from "../users/sessions.js"

/** What `onMerge` is given, inside the transaction that merges. */
export interface MergeHookParams {
  /** The open transaction. What is written through it is undone if anything fails. */
  tx: Database
  /** The lazy user, who is about to be deleted. */
  from: UserRow
  /** The real user. */
  into: UserRow
  /** How many rows have the real user's id now; tables without any are left out. */
  moved: ByTable<number>
  /**
   * The rows that a unique rule, an exclusion constraint or a check constraint stopped, locked, each with the row that stopped it; tables without any are
   * left out. They still hold what they held, such as the lazy user's id. Those that still do after the hook are deleted.
   */
  conflicts: ByTable<MergeConflict[]>
}

/**
 * A row that could not move and the row that stopped it. Columns have their database names and the
 * values of the driver.
 */
export interface MergeConflict {
  /** The row of the lazy user, or one that hangs on such a row. */
  row: Record<string, unknown>
  /**
   * The row of the real user that stops it. What hangs on `row` by a foreign key hangs on this one by now, unless an exclusion constraint stops `row`. Null
   * where several rows stop it, or none of the real user's, as for a check constraint.
   */
  by: Record<string, unknown> | null
}

/**
 * Runs inside the transaction that merges, in every merge; throwing undoes the merge. Called again where the database has undone the
 * transaction to end a deadlock, or because of a row that the real user has just got: what can't be undone belongs into the event `mergeUser`.
 */
export type MergeHook = (params: MergeHookParams) => void | Promise<void>

/** See {@link LazyStore.merge}. */
export interface MergeOptions {
  /** A session for the real user, written in the same transaction; default: none (JWT sessions). */
  session?: NewSession
  /** An account to link to the real user in the same transaction, whatever its `userId` says; default: none. */
  link?: AdapterAccount
  /**
   * Whoever merges has just proven to own the real user's address: does what {@link StoreInternals.proveEmail} does, in the same transaction,
   * before the session is written; default: false.
   */
  provesEmail?: boolean
  /** Refuses unless the real user still has a password: whoever merges has signed in by it; default: false. */
  needsPassword?: boolean
  onMerge?: MergeHook
  /**
   * What happens where a unique rule, an exclusion constraint or a check constraint stops a row. `"keep"`: the real user's row stays, and the lazy user's is handed
   * to `onMerge` and deleted. `"error"`: MergeConflictError, and nothing is changed. Default: `"keep"`.
   */
  onConflict?: "keep" | "error"
  /**
   * Names tables that the merge leaves alone, such as an audit log that nobody may change. Their
   * rows meet the ON DELETE of their foreign key when the lazy user is deleted. Names are those in
   * reports: `table` in the schema public, `schema.table` elsewhere.
   * @default {} every row is moved
   * @example { audit_log: "leave" }
   */
  mergeTables?: MergeTables
}

/** The tables that a merge leaves alone; see {@link MergeOptions.mergeTables}. */
export type MergeTables = Readonly<Record<string, "leave">>

/** See {@link LazyStore.merge}. */
export interface MergeReport {
  /** The lazy user as it was; it is deleted. */
  from: UserRow
  /** The real user as it is now. */
  into: UserRow
  /** How many rows were moved; tables without any are left out. */
  moved: ByTable<number>
  /**
   * How many rows were deleted because they could not be moved, with the rows of other tables that went by ON DELETE CASCADE or by a
   * trigger; tables without any are left out. What a user signs in with (sessions, accounts, authenticators, password) isn't counted.
   */
  conflicts: ByTable<number>
  /**
   * How many of the lazy user's rows in the tables that `LazyAdapter({ credentials })` names were deleted; tables without any are left out.
   * Undefined where it names none.
   */
  credentials?: ByTable<number>
}
