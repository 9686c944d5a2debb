import type { SQL } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import type { ByTable } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import type { UserRow } from "../tables/user-row.js"

/** See `LazyStore.purge`. All times are in seconds, as in Auth.js. */
export interface PurgeOptions {
  /**
   * Only lazy users who have not been seen for longer than this go. Less than a session can live is refused, unless `force` is set.
   * Default: `sessionMaxAge`.
   */
  olderThan?: number
  /**
   * How long a session of the app can live: `session.maxAge` of Auth.js. Default: that of the configuration that `withLazy` was given with this
   * adapter in this process, or else 30 days.
   */
  sessionMaxAge?: number
  /** Lets `olderThan` be shorter than a session can live. Users with a live database session still stay. Default: false. */
  force?: boolean
  /** How many users go in one transaction; 1 to 10,000. Default: 1000. */
  batchSize?: number
  /** How many users go at most; default: all there are. Each batch looks at `batchSize` users all the same. */
  limit?: number
  /**
   * Counts what would go: nothing of the app's is written or locked, no trigger fires and `onPurge` is not called. Default: false. The counts are exact
   * along the foreign keys; what triggers or `onPurge` would do can't be known. Where a row can hang on several users, it is one transaction with
   * a temporary table, which a replica refuses.
   */
  dryRun?: boolean
  /**
   * What happens to users to whom rows refer by a foreign key without ON DELETE (NO ACTION, RESTRICT), directly or by way of rows that would go with
   * them. False: such users are skipped and reported. True: those rows are deleted first, and whatever refers to them, through as many tables as
   * there are, WHOEVER THEY BELONG TO: what a real user wrote below a lazy user's post goes with the post. No other user ever goes, not even by a
   * key with ON DELETE CASCADE: users to whom one refers who stays are always skipped. Default: false.
   */
  cascade?: boolean
  /**
   * A condition for users to keep, whatever their age, over the columns of the user table; default: none. It is called once and can't be async. Where
   * it is null for a user, the user isn't kept.
   */
  keep?: (user: PurgeColumns) => SQL | undefined
  /** Runs inside the transaction of each batch, before its users go. Not called in a dry run. */
  onPurge?: PurgeHook
  /** Ends the purge after the batch it is at; default: it runs until it is done. */
  signal?: AbortSignal
  /** Called after each batch. */
  onProgress?: (progress: PurgeProgress) => void
}

/** The columns of the user table, an app's own among them, by their names in Drizzle. */
export type PurgeColumns = Record<keyof UserRow, AnyPgColumn> & Record<string, AnyPgColumn>

/**
 * Lets an app keep or archive what hangs on users who are about to go; see {@link PurgeOptions.onPurge}.
 *
 * What it changes counts: users whom it makes real, or sees, stay, and rows that hold users back are looked for after it, so that it may delete them or
 * give them to somebody else. Where it throws, the batch is narrowed down to the users for whom it does; those stay and are reported as failed.
 *
 * It can be called several times for the same users, in smaller batches, without those who are held back, or, where those leave less than `limit`, with
 * more who may go instead; but only what it wrote the last time, for exactly the users who go, is kept. So write through `tx` alone, and leave what
 * can't be undone (files, e-mails) for later.
 */
export type PurgeHook = (params: {
  /** The open transaction of the batch. What is written through it is undone if anything fails. */
  tx: Database
  /** The users of the batch, locked: whoever wants to do something with one of them waits until the hook is done. */
  userIds: string[]
}) => void | Promise<void>

/** See {@link PurgeOptions.onProgress}. */
export interface PurgeProgress {
  /** How many users have gone so far. */
  purged: number
  /** How many were skipped or failed so far. */
  left: number
  /** How many users could go by their age when the purge began, at most `limit`; with other purges at work, `purged` and `left` don't add up to it. */
  total: number
}

/** See `LazyStore.purge`. */
export interface PurgeReport {
  /** How many lazy users have gone; in a dry run, how many would go. */
  purged: number
  /**
   * How many rows of other tables have gone with them, or would go, what they signed in with among them: by `cascade`, by ON DELETE CASCADE or by a
   * trigger; tables without any are left out.
   */
  deleted: ByTable<number>
  /**
   * How many users were skipped because rows of a table refer to them, or to rows that would go with them. A user can be counted for several tables. The
   * user table is among them where other users would have to go, or refer to them.
   */
  skipped: ByTable<number>
  /** Users whom the database or `onPurge` would not let go, each with the message of the error in one line; at most 100 are named. */
  failed: { userId: string; message: string }[]
  /** How many users failed, those that are not named among them. */
  failures: number
  /** True when `signal` ended it before it was done. */
  interrupted: boolean
  dryRun: boolean
  /** Users who were last seen before this moment counted as old enough. */
  before: Date
}
