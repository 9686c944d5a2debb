import type { SQL } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import type { DuplicateAddresses } from "../identifiers/duplicate-addresses.js"
import type { PurgeColumns } from "../purge/types.js"
import type { ByTable } from "../sql/by-table.js"

/**
 * Options of {@link LazyStore.adopt}. All times are in seconds, as in Auth.js.
 * @example
 * await adapter.lazy.adopt({ where: sql`email like 'guest-%'`, dryRun: true })
 */
export interface AdoptOptions {
  /**
   * The condition by which the app tells its own guests from other users, or a function that builds
   * it from the columns of the user table. A user for whom it is null is left alone.
   * @example where: (user) => sql`${user.email} like 'guest-%'`
   */
  where: SQL | ((user: PurgeColumns) => SQL)
  /**
   * Whether to report what would be done instead of doing it. Writes and locks nothing.
   * @default false
   */
  dryRun?: boolean
  /**
   * Whether the condition may match every user of the table.
   * @default false: such a condition is refused, unless no user has a username or a real address
   */
  everyone?: boolean
  /**
   * The column, or an expression, that says when the app made a user. It becomes `lazySince`.
   * @default the moment of the adoption
   * @example createdAt: sql`created_at`
   */
  createdAt?: AnyPgColumn | SQL
  /**
   * A column of the user table with hashes of passwords, to be emptied. Columns called `password`
   * or the like, and columns in which the users have known kinds of hashes, are found without it.
   * @default the column that the app's configuration names, if it names one
   */
  legacyHash?: AnyPgColumn
  /**
   * When the last process of the app without this library will have stopped. It may extend JWT
   * sessions until then, unseen by the database.
   * @default the moment of the adoption
   */
  oldAppUntil?: Date
  /**
   * How long a session of the app lived before it had this library, in seconds, if longer than now.
   * @default `sessionMaxAge`
   */
  oldSessionMaxAge?: number
  /**
   * How long a session of the app can live, in seconds: `session.maxAge` of Auth.js.
   * @default that of the configuration that uses this adapter in this process, or else 30 days
   */
  sessionMaxAge?: number
  /**
   * Makes a username for each user without one; called again when a name is taken.
   * @default that of `LazyProvider` in the app's configuration, or else `guest-` and ten random
   * characters
   */
  generateName?: () => string | Promise<string>
  /**
   * Makes an address for each user, where the `email` column is NOT NULL.
   * @default that of `LazyProvider` in the app's configuration, or else `<id>@lazy.invalid`
   */
  generateEmail?: (user: { id: string; username: string }) => string | Promise<string>
  /**
   * How many users are adopted in one transaction: 1 to 10,000.
   * @default 500
   */
  batchSize?: number
  /**
   * How many users are adopted at most.
   * @default all there are
   */
  limit?: number
  /**
   * Ends the adoption after the current batch.
   * @default none
   * @example AbortSignal.timeout(60_000)
   */
  signal?: AbortSignal
  /**
   * Receives the progress after each batch.
   * @default none
   */
  onProgress?: (progress: AdoptProgress) => void
}

/** The progress that {@link AdoptOptions.onProgress} receives. */
export interface AdoptProgress {
  /** How many users were adopted so far. */
  adopted: number
  /** How many failed so far. */
  failed: number
  /** How many users there were to adopt when it began, at most `limit`. */
  total: number
}

/**
 * Why {@link LazyStore.adopt} leaves a user alone whom the condition matches:
 *
 * - `lazy`, `converted`: this library knows the user already
 * - `inactive`: `LazyAdapter({ activeUsers })` excludes the user
 * - `proven`: the address is proven
 * - `account`, `passkey`: the user signs in with an identity of a provider or a passkey
 * - `password`: the user has a password of this library, which is set or used by its owner
 */
export type NotAdopted = "lazy" | "converted" | "inactive" | "proven" | "account" | "passkey" | "password"

/** The report of {@link LazyStore.adopt}. */
export interface AdoptReport {
  /** How many users were adopted; in a dry run, how many would be. */
  adopted: number
  /** How many users were left alone although the condition matches them, by the reason. */
  skipped: Partial<Record<NotAdopted, number>>
  /**
   * How many hashes were removed, by table, or by `table.column` for a column of the user table; in
   * a dry run, how many would be.
   */
  hashes: ByTable<number>
  /**
   * How many users there are to adopt still: made meanwhile, locked by another transaction, beyond
   * `limit`, or failed. Always 0 in a dry run.
   */
  left: number
  /**
   * Users whom the database refused to change, each with the message of the error in one line; at
   * most 100 are named.
   */
  failed: { userId: string; message: string }[]
  /** How many users failed, including those that are not named. */
  failures: number
  /** Whether `signal` ended the adoption before it was done. */
  interrupted: boolean
  /** Whether this was a dry run, which changes nothing. */
  dryRun: boolean
  /** The `seenAt` of the adopted users, from which the purge counts their age. */
  seenAt: Date
  /** Examples and counts of a dry run; undefined otherwise. */
  preview?: AdoptPreview
}

/** The preview of a dry run of {@link LazyStore.adopt}. Addresses are masked. */
export interface AdoptPreview {
  /** Ten of the users who would be adopted, or fewer. */
  users: AdoptedUser[]
  /**
   * How many of them have an address at each domain: the ten most frequent ones, then `others`. ""
   * counts those without a domain.
   */
  domains: { domain: string; users: number }[]
  /** Whether the condition matches every user, so that adopting would need `everyone`. */
  needsEveryone: boolean
  /** Addresses of the other users that a unique rule on addresses in lower case would refuse. */
  duplicates: DuplicateAddresses
}

/** A user who would be adopted. */
export interface AdoptedUser {
  /** The id of the user. */
  id: string
  /** The address, with all but two characters before the `@` masked; null without one. */
  email: string | null
  /** When the user was made, as an ISO date; null without `createdAt`. */
  createdAt: string | null
}
