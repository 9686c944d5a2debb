import type { AdapterAccount } from "@auth/core/adapters"
import type { CreateReport, LazyUserCandidates, NewLazyUser } from "./create/types.js"
import type { Identifier } from "./identifiers/identified-by.js"
import type { MergeOptions, MergeReport } from "./merge/types.js"
import type { PurgeOptions, PurgeReport } from "./purge/types.js"
import type { Database } from "./sql/database.js"
import type { LazyAdapterOptions } from "./tables/resolve-tables.js"
import type { UserRow } from "./tables/user-row.js"
import type { Conversion, ConvertReport, NewRealUser } from "./users/conversion.js"
import type { VerifyHash } from "./users/passwords.js"
import type { NewSession } from "./users/sessions.js"
import type { StatsOptions, StatsReport } from "./users/stats-types.js"
import type { Use } from "./users/touch.js"

/**
 * Manages lazy users; reachable as `adapter.lazy`. Each method returns a plain report, and each one
 * that changes more than one row is one transaction or one statement.
 */
export interface LazyStore {
  /**
   * Inserts a lazy user, and its session if one is given, by one statement.
   * @throws NameExhaustedError when every generated name was taken
   * @throws LazySetupError when a rule, a column or a trigger of the user table refuses every lazy user; the message names it
   */
  createLazyUser(user?: NewLazyUser): Promise<CreateReport>

  /**
   * Merges a lazy user into a real one, in one transaction: every row that refers to the lazy user, by a foreign key that leads to the
   * user table or by a column declared as `references`, gets the real user's id; then the lazy user is deleted with its sessions and
   * everything else it could sign in with. Safe to repeat: the second time throws NotLazyError.
   *
   * What hangs on a row that a unique rule stops moves to the row of the real user that stops it. Rows that the role can't see, or that a trigger or a
   * rule treats otherwise, are found by counting, before the commit.
   * @throws NotLazyError when `fromId` is gone or not lazy
   * @throws NotRealError when `intoId` is gone, lazy, or the same user
   * @throws MergeConflictError when rows can be neither moved nor left behind, when rows or other users would go that nobody was told about, or
   * when a row is stopped and `onConflict` is `"error"`
   * @throws MergeUnsupportedError when a constraint of the database makes merging impossible for any user
   * @throws LazySetupError when a column of `references` or a table of `mergeTables` is not in the database
   * @throws whatever `onMerge` throws; after any of these errors nothing is changed
   */
  merge(fromId: string, intoId: string, options?: MergeOptions): Promise<MergeReport>

  /**
   * Deletes lazy users who can never come back: not seen for longer than a session can live, and without a live session. Goes in batches, each
   * of them one transaction, beginning with those who were seen longest ago; what was purged stays purged if a later batch fails. Any number of
   * purges may run at once: each passes over users whom somebody else has locked. What refers to the users goes as the foreign keys say (CASCADE,
   * SET NULL), or see `cascade`. A batch that fails is narrowed down to the users who do; they are reported, and the others go.
   * @throws LazySetupError when an option can't be or is unknown, or `olderThan` is shorter than a session can live, the server doesn't count
   * what it deletes (`track_counts`), the role can't see what the purge decides on, or a dry run needs a temporary table and can't make one
   * @throws whatever the database throws while it looks for users, and when the connection is lost or the server has no room left
   */
  purge(options?: PurgeOptions): Promise<PurgeReport>

  /** What became of the lazy users: how many were made, became real, were merged or purged, day by day. */
  stats(options?: StatsOptions): Promise<StatsReport>

  /**
   * Deletes a user if, and only if, it is lazy, with what hangs on it by ON DELETE CASCADE; for "delete my data now".
   * @param options.counts whether `stats` is to count it; default: true
   * @returns whether it was deleted; false also where a trigger keeps it, whose own changes stay
   * @throws OtherUsersError when other users would go along; nothing is deleted then
   * @throws what the database throws when other rows refer to the user; nothing is deleted then
   */
  deleteLazyUser(userId: string, options?: { counts?: boolean }): Promise<boolean>

  /** Whether this user has a password. */
  hasPassword(userId: string): Promise<boolean>

  /**
   * Gives a real user a password, or another one; for apps that let people set or change it. Nothing is checked: use `checkPassword` and
   * `hashPassword` of `authjs-lazy/password` first, and end the user's other sessions as you see fit.
   * @returns false, with nothing written, when there is no such user or it is lazy
   */
  setPassword(userId: string, hash: string): Promise<boolean>
}

/** What `LazyAdapter` was called with, and what `withLazy` said of sessions; for the command line. */
export interface StoreSetup {
  db: Database
  tables: LazyAdapterOptions
  /** The longest life of a session, in seconds; undefined without `withLazy`. */
  sessionMaxAge: number | undefined
}

/** What `withLazy` and the providers need besides. No app calls it, and it changes in any version. */
export interface StoreInternals extends LazyStore {
  /** Whether there is a `password` table to use. */
  readonly hasPasswords: boolean
  /** Whether the `email` column is NOT NULL, so that lazy users need a `generateEmail`. */
  readonly needsEmail: boolean

  /**
   * Returns what `LazyAdapter` was called with. A function, so that no log of a store shows the
   * connection of the app.
   */
  setup(): StoreSetup

  /**
   * The same, but returns the lazy user that has one of `ids` already, if there is one: the first id is the one to give, the others
   * are ids under which the same browser may have been given a user a moment ago. A user who has become real, or was closed, is never
   * returned: `successor` gives the id to go on with then; default: a fresh UUIDv7.
   * @throws NameExhaustedError when every generated name was taken
   */
  ensureUser(user: Omit<NewLazyUser, "id"> & LazyUserCandidates): Promise<CreateReport>

  /**
   * Ends every session of a lazy user, in one transaction, and marks it, so that {@link ensureUser} gives it to nobody any more and every JWT
   * session ends when it is checked again. Does nothing to a real user.
   */
  closeLazyUser(userId: string): Promise<void>

  /**
   * Makes a lazy user real under the same id, in one transaction: writes the columns, the password and the session that
   * replaces all earlier ones, deletes the app's own credentials, then calls `onConvert`.
   * @throws NotLazyError when the user is gone or not lazy
   * @throws IdentifierTakenError when another user has the username or the address
   * @throws IdentifierInvalidError when its column refuses the username or the address
   * @throws LazySetupError when no unique rule guards the username or the address; the message has the statement that adds one
   * @throws whatever `onConvert` throws; nothing is changed then
   */
  convert(conversion: Conversion): Promise<ConvertReport>

  /**
   * Inserts someone who signs up without having been a lazy user, with password and session, in one transaction.
   * @throws IdentifierTakenError when another user has the username or the address
   * @throws IdentifierInvalidError when its column refuses the username or the address
   * @throws LazySetupError when no unique rule guards the username or the address; the message has the statement that adds one
   */
  createRealUser(user: NewRealUser): Promise<UserRow>

  /**
   * The real user with this identifier whose password `verify` accepts, or null. `verify` is called exactly once, also when there
   * is no such user; and once for each of up to four users, where the unique rules of the app let several have one name. A hash that it returns replaces the stored one. The hash itself never leaves the store any other way.
   */
  checkPassword(identifier: Identifier, verify: VerifyHash): Promise<UserRow | null>

  /**
   * Records that the address of this user was proven. At the first proof, an account with a password, or with no identity of an OAuth
   * provider, loses password, sessions, linked identities and passkeys: somebody else may have registered the address.
   * @returns the user as it is afterwards, and whether a password was removed; null when there is no such user, or its address is a
   * placeholder under `.invalid`
   */
  proveEmail(userId: string): Promise<{ user: UserRow; passwordRemoved: boolean } | null>

  /** Tells whether the account belongs to a user that `LazyAdapter({ activeUsers })` excludes. */
  isOfInactiveUser?(account: { provider: string; providerAccountId: string }): Promise<boolean>

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
   * Records that a lazy user was seen just now, unless it was within the last `updateAge` seconds; and with a session, in the same statement,
   * that it lives on, unless it was refreshed within that time. Of several requests at once, one writes.
   * @returns whether the user was there, lazy, and not seen for that long
   */
  touch(used: Use, updateAge: number): Promise<boolean>
}

/** Returns the store of an adapter with its internals, which the public type leaves out. */
export const internals = (store: LazyStore) => store as StoreInternals
