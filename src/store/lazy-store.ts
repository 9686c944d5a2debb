import type { AdapterAccount } from "@auth/core/adapters"
import type { AdoptOptions, AdoptReport } from "./adopt/types.js"
import type { Generators } from "./create/known-generators.js"
import type { CreateReport, LazyUserCandidates, NewLazyUser } from "./create/types.js"
import type { ProvenUser, UserIdentifier } from "./identifiers/active-users.js"
import type { MergeOptions, MergeReport, SignInMerge } from "./merge/types.js"
import type { PurgeOptions, PurgeReport } from "./purge/types.js"
import type { Database } from "./sql/database.js"
import type { StatsOptions, StatsReport } from "./stats/types.js"
import type { LazyAdapterOptions } from "./tables/resolve-tables.js"
import type { AcceptUser, UserRow } from "./tables/user-row.js"
import type { Conversion, ConvertReport, NewRealUser } from "./users/conversion.js"
import type { VerifyHash } from "./users/passwords.js"
import type { NewSession } from "./users/sessions.js"
import type { SignInStore } from "./users/sign-in-store.js"
import type { Use } from "./users/touch.js"

/**
 * Manages lazy users; reachable as `adapter.lazy`. Each method returns a plain report, and each one
 * that changes more than one row is one transaction or one statement.
 */
export interface LazyStore {
  /**
   * Inserts a lazy user, and its session if one is given, by one statement.
   * @throws NameExhaustedError when every generated name was taken
   * @throws LazySetupError naming the rule, column or trigger of the user table that refuses every
   * lazy user
   * @example
   * const { user } = await adapter.lazy.createLazyUser()
   */
  createLazyUser(user?: NewLazyUser): Promise<CreateReport>

  /**
   * Merges a lazy user into a real one, in one transaction. Every row that refers to the lazy user,
   * by a foreign key or by a column declared as `references`, gets the id of the real user; then
   * the lazy user is deleted with its sessions and everything else it could sign in with.
   *
   * Rows that refer to a row which a unique rule stops move to the row of the real user that stops
   * it. Rows that the role can't see, or that triggers or rules change, are found by counting
   * before the commit. Merging again throws NotLazyError.
   * @throws NotLazyError when `fromId` is gone or not lazy
   * @throws NotRealError when `intoId` is gone, lazy, or the same user
   * @throws MergeConflictError when rows can be neither moved nor left behind, when rows or other
   * users would go unreported, or when a row is stopped and `onConflict` is `"error"`
   * @throws MergeUnsupportedError when a constraint of the database makes merging impossible for
   * any user
   * @throws LazySetupError when a column of `references` or a table of `mergeTables` is not in the
   * database
   * @throws unknown what `onMerge` throws; after any of these errors nothing is changed
   * @example
   * const { moved, conflicts } = await adapter.lazy.merge(lazyUser.id, realUser.id)
   */
  merge(fromId: string, intoId: string, options?: MergeOptions): Promise<MergeReport>

  /**
   * Deletes lazy users who can never come back: not seen for longer than a session can live, and
   * without a live session. Works in batches, each of them one transaction, from the user seen
   * longest ago. What was purged stays purged if a later batch fails, and any number of purges may
   * run at once.
   *
   * The foreign keys decide what becomes of rows that refer to the users (CASCADE, SET NULL); see
   * also `cascade`. A batch that fails is split until only the users remain who fail by themselves;
   * the report names them.
   * @throws LazySetupError when an option is unknown or invalid, `olderThan` is shorter than a
   * session can live, the role can't see what the purge decides on, rows could go that nothing
   * would count (a trigger, without `track_counts`), a dry run can't make a temporary table that it
   * needs, or there never was a lazy user but another table has some
   * @throws Error of the database while it looks for users, or when the connection is lost or the
   * server has no room left
   * @example
   * const { purged, skipped } = await adapter.lazy.purge({ olderThan: 60 * 24 * 60 * 60 })
   */
  purge(options?: PurgeOptions): Promise<PurgeReport>

  /**
   * Makes lazy users of the guests that the app has made by hand, in batches, without signing them
   * out: removes useless hashes and made-up addresses, and gives usernames. Users who are known to
   * be real are left alone and counted. May be run again, and several times at once.
   * @throws LazySetupError when an option is invalid, the condition fails or matches every user, or
   * the role can't see all identities and passwords
   * @throws Error of the database or of a hook; what was adopted until then stays adopted
   * @example
   * await adapter.lazy.adopt({ where: sql`email like 'guest-%'`, dryRun: true })
   */
  adopt(options: AdoptOptions): Promise<AdoptReport>

  /**
   * Counts what became of lazy users, day by day: made, converted, merged, purged, deleted.
   * @throws LazySetupError when `since` is out of range, or there never was a lazy user but another
   * table has some
   * @example
   * const { lazyUsers, conversionRate } = await adapter.lazy.stats()
   */
  stats(options?: StatsOptions): Promise<StatsReport>

  /**
   * Deletes a user if it is lazy, with the rows that refer to it by ON DELETE CASCADE; for "delete
   * my data now".
   * @param options.counts whether `stats` counts it; true by default
   * @returns whether it was deleted; false also when a trigger keeps it, whose own changes stay
   * @throws OtherUsersError when other users would be deleted too; nothing is deleted then
   * @throws Error of the database when other rows refer to the user; nothing is deleted then
   * @example
   * if (isLazy(lazyUser)) await adapter.lazy.deleteLazyUser(lazyUser.id)
   */
  deleteLazyUser(userId: string, options?: { counts?: boolean }): Promise<boolean>

  /**
   * Tells whether a user has a password.
   * @example
   * const hasPassword = await adapter.lazy.hasPassword(realUser.id)
   */
  hasPassword(userId: string): Promise<boolean>

  /**
   * Sets the password of a real user, for apps that let people change it. Checks nothing: call
   * `checkPassword` and `hashPassword` of `authjs-lazy/password` first, and end other sessions of
   * the user where that is wanted.
   * @returns false, with nothing written, when there is no such user or it is lazy
   * @example
   * await adapter.lazy.setPassword(realUser.id, await hashPassword("a new password"))
   */
  setPassword(userId: string, hash: string): Promise<boolean>
}

/** The setup of a store, for the command: options of the adapter and of the app. */
export interface StoreSetup {
  db: Database
  tables: LazyAdapterOptions
  /** The longest life of a session, in seconds; undefined without `withLazy`. */
  sessionMaxAge: number | undefined
  /** How `LazyProvider` names lazy users; empty without `withLazy`. */
  generators: Generators
}

/** The methods that only `withLazy` and the providers call. They change in any version. */
export interface StoreInternals extends LazyStore {
  /** Merges as {@link LazyStore.merge} does, with what a sign-in writes besides. */
  merge(fromId: string, intoId: string, options?: SignInMerge): Promise<MergeReport>

  /** Whether the store has a `password` table. */
  readonly hasPasswords: boolean
  /** Whether the user table has a column for the proof of an address. */
  readonly recordsProofs: boolean
  /** Whether the `email` column is NOT NULL, so that lazy users need a `generateEmail`. */
  readonly needsEmail: boolean

  /**
   * Returns the arguments of `LazyAdapter`, and what the configuration of the app says. It is a
   * function, so that no log of a store shows the connection of the app.
   */
  setup(): StoreSetup

  /**
   * Finds the lazy user that has one of `ids`, or inserts one under the first of them. The other
   * ids are those that the same browser may have been given a moment ago. Never returns a user who
   * was converted or closed: `successor` gives the id to go on with, a fresh UUIDv7 by default.
   * @throws NameExhaustedError when every generated name was taken
   */
  ensureUser(user: Omit<NewLazyUser, "id"> & LazyUserCandidates): Promise<CreateReport>

  /**
   * Ends every session of a lazy user and marks it, in one transaction, so that {@link ensureUser}
   * never returns it and every JWT session ends at its next check. Does nothing to a real user.
   */
  closeLazyUser(userId: string): Promise<void>
  /** Ends the database sessions with these tokens, and returns the ids of their users. */
  endSessionsOf(tokens: string[]): Promise<string[]>

  /**
   * Converts a lazy user into a real one under the same id, in one transaction: writes the columns,
   * the password and the session that replaces all earlier ones, deletes the app's own credentials,
   * and calls `onConvert`.
   * @throws NotLazyError when the user is gone or not lazy
   * @throws IdentifierTakenError when another user has the username or the address
   * @throws IdentifierInvalidError when a column refuses the username or the address
   * @throws LazySetupError when no unique rule guards the username or the address, with the
   * statement that adds one
   * @throws unknown what `onConvert` throws; nothing is changed then
   */
  convert(conversion: Conversion): Promise<ConvertReport>

  /**
   * Inserts a user who signs up without having been lazy, with password and session, in one
   * transaction.
   * @throws IdentifierTakenError when another user has the username or the address
   * @throws IdentifierInvalidError when a column refuses the username or the address
   * @throws LazySetupError when no unique rule guards the username or the address, with the
   * statement that adds one
   */
  createRealUser(user: NewRealUser): Promise<UserRow>

  /**
   * Finds the real user with this identifier whose password `verify` accepts; null when there is
   * none. Calls `verify` exactly once, also without such a user, or for each of up to four users if
   * the unique rules allow several. Stores the hash that `verify` returns.
   * @param accepts refuses a user whose password is right
   */
  checkPassword(identifier: UserIdentifier, verify: VerifyHash, accepts?: AcceptUser): Promise<UserRow | null>

  /** Reads and replaces password hashes, for the providers. */
  readonly signIn: SignInStore

  /** The condition of `LazyAdapter({ isActive })`, which `withLazy` applies. */
  readonly isActive?: AcceptUser | undefined
  /** Whether a session can belong to a user who is not active any more. */
  readonly hasInactiveUsers: boolean

  /**
   * Records that the address of a user was proven. At the first proof, an account with a password,
   * or without an identity of an OAuth provider, loses password, sessions, linked identities and
   * passkeys, since an attacker may have registered the address.
   * @returns the updated user, and whether a password was removed; null when there is no such user,
   * or its address is a placeholder under `.invalid`
   */
  proveEmail(userId: string): Promise<{ user: UserRow; passwordRemoved: boolean } | null>

  /**
   * Tells whether a sign-in proves to be an inactive user: the owner of an account, the user with
   * an id, or the only one with an address that inactive users keep.
   */
  isOfInactiveUser(proven: ProvenUser): Promise<boolean>

  /**
   * Links an identity to the user whose address it proves, together with `proveEmail` and the
   * session, in one transaction.
   * @returns the updated user; null, with nothing written, when `proveEmail` returns null
   */
  linkByAddress(userId: string, account: AdapterAccount, session?: NewSession): Promise<UserRow | null>

  /** Tells whether the first proof of this address would end the sessions of the user. */
  endsAtProof(userId: string): Promise<boolean>

  /**
   * Spares a lazy user from the purge: its age counts from `until`, in the future, instead of its
   * last visit.
   * @returns false, with nothing written, when there is no such user or it is not lazy
   */
  leaveBehind(userId: string, until: Date): Promise<boolean>

  /**
   * Records that a lazy user was seen, unless that was within the last `updateAge` seconds. With a
   * session, refreshes it too, by the same statement. Of several requests at once, one writes.
   * @returns whether the user is lazy and had not been seen for that long
   */
  touch(used: Use, updateAge: number): Promise<boolean>
}

/** Returns the store of an adapter with its internals, which the public type leaves out. */
export const internals = (store: LazyStore) => store as StoreInternals
