import type { AdapterAccount, AdapterAuthenticator } from "@auth/core/adapters"
import type { ByTable } from "./by-table.js"
import type { Database } from "./database.js"
import type { PurgeOptions, PurgeReport } from "./purge-types.js"
import type { StatsOptions, StatsReport } from "./stats-types.js"
import type { SessionRow, UserRow } from "./user-row.js"

export type { ByTable } from "./by-table.js"
export type { Database } from "./database.js"
export type * from "./purge-types.js"
export type * from "./stats-types.js"

/** A database session to write: an opaque token and the moment it stops being valid. */
export interface NewSession {
  sessionToken: string
  expires: Date
}

/** Makes an address for a user who has none, for apps whose `email` column is NOT NULL. */
export type GenerateEmail = (user: { id: string; username: string }) => string | Promise<string>

/** What a lazy user is made of; see {@link LazyStore.createLazyUser}. */
export interface NewLazyUser {
  /** The id to give; default: a fresh UUIDv7. */
  id?: string
  /** Makes a username; called again when the name it made is taken. Default: `guest-` and ten random characters. */
  generateName?: () => string | Promise<string>
  /** Makes an address for apps whose `email` column is NOT NULL, checked like any other; default: none, the column stays null. */
  generateEmail?: GenerateEmail
  /** A session to write along with the user, in the same statement; default: none (JWT sessions). */
  session?: NewSession
}

/** The ids under which to find or make a lazy user; see {@link LazyStore.ensureUser}. */
export interface LazyUserCandidates {
  ids: readonly [string, ...string[]]
  successor?: (id: string) => string
}

/** See {@link LazyStore.createLazyUser} and {@link LazyStore.ensureUser}. */
export interface CreateReport {
  user: UserRow
  /** The session that was written along with it; undefined where none was given. */
  session: SessionRow | undefined
  /** False when a lazy user that was already there was returned. */
  created: boolean
}

/** How a user became real: the id and type of the Auth.js provider. */
export interface ConvertedBy {
  provider: string
  type: string
}

/** What `lazy.onConvert` is given, inside the transaction that converts. */
export interface ConvertHookParams {
  /** The open transaction. What is written through it is undone if anything fails. */
  tx: Database
  /** The user as it is from now on. */
  user: UserRow
  /** The lazy user as it was; the same id. */
  from: UserRow
  by: ConvertedBy
}

/** Runs inside the transaction that converts; throwing undoes the conversion. */
export type ConvertHook = (params: ConvertHookParams) => void | Promise<void>

/** See {@link LazyStore.convert}. */
export interface Conversion {
  userId: string
  /** Columns that the conversion writes; columns left out keep their value. */
  set: Partial<Pick<UserRow, "username" | "email" | "emailVerified" | "name" | "image">>
  /** Argon2id PHC string; default: the user gets no password. */
  passwordHash?: string
  /** An identity that is linked to the user along with it, and for a passkey its authenticator; default: none. */
  link?: { account: AdapterAccount; authenticator?: AdapterAuthenticator }
  /** The session that takes the place of every session the lazy user had; default: none (JWT sessions). */
  session?: NewSession
  by: ConvertedBy
  onConvert?: ConvertHook
}

/** See {@link LazyStore.convert}. */
export interface ConvertReport {
  user: UserRow
  from: UserRow
  /** How many database sessions of the lazy user ended. */
  endedSessions: number
  /**
   * How many rows of the tables that `LazyAdapter({ credentials })` names were deleted; tables without any are left out. Undefined where it
   * names none.
   */
  credentials?: ByTable<number>
}

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
   * Whoever merges has just proven to own the real user's address: does what {@link LazyStore.proveEmail} does, in the same transaction,
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

/** See {@link LazyStore.createRealUser}. */
export interface NewRealUser {
  /** The id to give; default: a fresh UUIDv7. */
  id?: string
  username?: string
  email?: string
  name?: string
  passwordHash: string
  /** A session to write along with the user, in the same transaction; default: none (JWT sessions). */
  session?: NewSession
}

/** The name or address under which a user with a password signs in. */
export type Identifier = { username: string } | { email: string }

/** Compares a typed password with a stored hash (null: nobody by that name has one) and may return a hash to store instead. */
export type VerifyHash = (hash: string | null) => Promise<{ ok: boolean; rehashed?: string }>

/** What was used of a lazy user: a JWT session, or a database session that is to live on until `expires`. */
export type Use = { userId: string } | { session: NewSession }

/**
 * Everything this library does to the database, reachable as `adapter.lazy`. Each method returns a plain report;
 * each one that changes more than one row is one transaction or one statement.
 */
export interface LazyStore {
  /** Whether there is a `password` table to use. */
  readonly hasPasswords: boolean
  /** Whether the `email` column is NOT NULL, so that lazy users need a `generateEmail`. */
  readonly needsEmail: boolean

  /**
   * Inserts a lazy user, and its session if one is given, by one statement.
   * @throws NameExhaustedError when every generated name was taken
   * @throws LazySetupError when a rule, a column or a trigger of the user table refuses every lazy user; the message names it
   */
  createLazyUser(user?: NewLazyUser): Promise<CreateReport>

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

  /** Whether this user has a password. */
  hasPassword(userId: string): Promise<boolean>

  /**
   * Gives a real user a password, or another one; for apps that let people set or change it. Nothing is checked: use `checkPassword` and
   * `hashPassword` of `authjs-lazy/password` first, and end the user's other sessions as you see fit.
   * @returns false, with nothing written, when there is no such user or it is lazy
   */
  setPassword(userId: string, hash: string): Promise<boolean>

  /**
   * Records that a lazy user was seen just now, unless it was within the last `updateAge` seconds; and with a session, in the same statement,
   * that it lives on, unless it was refreshed within that time. Of several requests at once, one writes.
   * @returns whether the user was there, lazy, and not seen for that long
   */
  touch(used: Use, updateAge: number): Promise<boolean>

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
}
