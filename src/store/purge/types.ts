import type { SQL } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import type { ByTable } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import type { UserRow } from "../tables/user-row.js"

/**
 * Options of {@link LazyStore.purge}. All times are in seconds, as in Auth.js.
 * @example
 * await adapter.lazy.purge({ keep: (user) => isNotNull(user.email), limit: 10_000 })
 */
export interface PurgeOptions {
  /**
   * How long lazy users must not have been seen, in seconds. Less than a session can live is
   * refused without `force`.
   * @default `sessionMaxAge`
   */
  olderThan?: number
  /**
   * How long a session of the app can live, in seconds: `session.maxAge` of Auth.js.
   * @default that of the configuration that uses this adapter in this process, or else 30 days
   */
  sessionMaxAge?: number
  /**
   * Whether `olderThan` may be shorter than a session can live. Users with a live database session
   * stay even then.
   * @default false
   */
  force?: boolean
  /**
   * How many users go in one transaction: 1 to 10,000.
   * @default 1000
   */
  batchSize?: number
  /**
   * How many users go at most. Each batch looks at `batchSize` users all the same.
   * @default all there are
   */
  limit?: number
  /**
   * Whether to count what would go instead of deleting it. Writes and locks nothing of the app,
   * fires no trigger and does not call `onPurge`. The counts are exact along the foreign keys,
   * without what triggers or `onPurge` would do. Where a row can belong to several users, the dry
   * run needs a temporary table, which a replica refuses.
   * @default false
   */
  dryRun?: boolean
  /**
   * Whether to delete rows that refer to a user by a foreign key without ON DELETE (NO ACTION,
   * RESTRICT), directly or through rows that go with the user. False skips and reports such users.
   *
   * True deletes those rows first, with all rows that refer to them, NO MATTER WHOSE THEY ARE: a
   * real user's comment goes with the lazy user's post. No other user is ever deleted, not even by ON
   * DELETE CASCADE: users that a remaining user refers to are always skipped.
   * @default false
   */
  cascade?: boolean
  /**
   * Whether lazy users in other tables of the database belong to another app. Without it, a purge
   * that finds nothing to do is refused where this user table never had a lazy user and another one
   * has some.
   * @default false
   */
  beside?: boolean
  /**
   * Builds the condition for users to keep, whatever their age, from the columns of the user table.
   * It is called once and can't be async. A user for whom it is null is not kept.
   * @default keeps no one
   * @example keep: (user) => isNotNull(user.email)
   */
  keep?: (user: PurgeColumns) => SQL | undefined
  /**
   * Runs inside the transaction of each batch, before its users go, but not in a dry run.
   * @default none
   */
  onPurge?: PurgeHook
  /**
   * Ends the purge after the current batch.
   * @default none
   * @example AbortSignal.timeout(60_000)
   */
  signal?: AbortSignal
  /**
   * Receives the progress after each batch.
   * @default none
   */
  onProgress?: (progress: PurgeProgress) => void
}

/** The columns of the user table, including the app's own, by their names in Drizzle. */
export type PurgeColumns = Record<keyof UserRow, AnyPgColumn> & Record<string, AnyPgColumn>

/**
 * Lets an app keep or archive rows that go with users; see {@link PurgeOptions.onPurge}.
 *
 * Its changes count: users whom it converts or marks as seen stay, and rows that hold users back
 * are looked for after it, so it may delete them or give them to another user. When it throws, the
 * batch is split until only those users remain for whom it throws; they stay and are reported as
 * failed.
 *
 * The purge can call it several times for the same users: in smaller batches, without users who are
 * held back, or with others who may go in their place. Only what the last call for exactly those
 * users wrote is kept. So write through `tx` alone, and do what can't be rolled back (files,
 * e-mails) afterwards.
 * @example
 * const onPurge: PurgeHook = async ({ tx, userIds }) => {
 *   await tx.delete(feedTokens).where(inArray(feedTokens.ownerId, userIds))
 * }
 */
export type PurgeHook = (params: {
  /**
   * The open transaction of the batch. PostgreSQL rolls back what is written through it if anything
   * fails.
   */
  tx: Database
  /**
   * The users of the batch, locked: other transactions that change one of them wait for the hook.
   */
  userIds: string[]
}) => void | Promise<void>

/** The progress that {@link PurgeOptions.onProgress} receives. */
export interface PurgeProgress {
  /** How many users have gone so far. */
  purged: number
  /** How many were skipped or failed so far. */
  left: number
  /**
   * How many users were old enough when the purge began, at most `limit`. With other purges at
   * work, `purged` and `left` do not add up to it.
   */
  total: number
}

/** The report of {@link LazyStore.purge}. */
export interface PurgeReport {
  /** How many lazy users have gone; in a dry run, how many would go. */
  purged: number
  /**
   * How many rows of other tables went with them, or would go, by table: by `cascade`, by ON DELETE
   * CASCADE or by a trigger, including sessions and accounts.
   */
  deleted: ByTable<number>
  /**
   * How many users were skipped because rows of a table refer to them, or to rows that would go
   * with them. A user can count for several tables. The user table is among them when other users
   * would have to go, or refer to them.
   */
  skipped: ByTable<number>
  /**
   * Users whom the database or `onPurge` refused to let go, each with the message of the error in
   * one line; at most 100 are named.
   */
  failed: { userId: string; message: string }[]
  /** How many users failed, including those that are not named. */
  failures: number
  /** Whether `signal` ended the purge before it was done. */
  interrupted: boolean
  /** Whether this was a dry run, which changes nothing. */
  dryRun: boolean
  /** The moment before which users must have been seen last to be old enough. */
  before: Date
}
