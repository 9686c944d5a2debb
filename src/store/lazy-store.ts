import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core"
import type { UserRow } from "./user-row.js"

/** A Drizzle database or transaction on PostgreSQL, of whatever driver and schema. */
// biome-ignore lint/suspicious/noExplicitAny: the app's own schema types do not matter here, and every one of them fits `any`
export type Database = PgDatabase<PgQueryResultHKT, any, any>

/** A database session to write: an opaque token and the moment it stops being valid. */
export interface NewSession {
  sessionToken: string
  expires: Date
}

/** What a lazy user is made of; see {@link LazyStore.createLazyUser}. */
export interface NewLazyUser {
  /** The id to give; default: a fresh UUIDv7. */
  id?: string
  /** Makes a username; called again when the name it made is taken. */
  generateName: () => string | Promise<string>
  /** Makes an address for apps whose `email` column is NOT NULL; default: none, the column stays null. */
  generateEmail?: (user: { id: string; username: string }) => string | Promise<string>
  /** A session to write along with the user, in the same statement; default: none (JWT sessions). */
  session?: NewSession
}

/** See {@link LazyStore.createLazyUser} and {@link LazyStore.ensureUser}. */
export interface CreateReport {
  user: UserRow
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
}

/** See {@link LazyStore.createRealUser}. */
export interface NewRealUser {
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

/**
 * Everything this library does to the database, reachable as `adapter.lazy`. Each method returns a plain report;
 * each one that changes more than one row is one transaction or one statement.
 */
export interface LazyStore {
  /** Whether there is a `password` table to use. */
  readonly hasPasswords: boolean

  /**
   * Inserts a lazy user, and its session if one is given, by one statement.
   * @throws NameExhaustedError when every generated name was taken
   */
  createLazyUser(user: NewLazyUser): Promise<CreateReport>

  /**
   * The same, but returns the lazy user that has one of `ids` already, if there is one: the first id is the one to give, the others
   * are ids under which the same browser may have been given a user a moment ago. A user who has become real is never returned.
   * @throws NameExhaustedError when every generated name was taken
   */
  ensureUser(user: Omit<NewLazyUser, "id"> & { ids: readonly [string, ...string[]] }): Promise<CreateReport>

  /**
   * Makes a lazy user real under the same id, in one transaction: writes the columns, the password and the session that
   * replaces all earlier ones, then calls `onConvert`.
   * @throws NotLazyError when the user is gone or not lazy
   * @throws IdentifierTakenError when another user has the username or the address
   * @throws whatever `onConvert` throws; nothing is changed then
   */
  convert(conversion: Conversion): Promise<ConvertReport>

  /**
   * Inserts someone who signs up without having been a lazy user, with password and session, in one transaction.
   * @throws IdentifierTakenError when another user has the username or the address
   */
  createRealUser(user: NewRealUser): Promise<UserRow>

  /**
   * The real user with this identifier whose password `verify` accepts, or null. `verify` is called exactly once, also when there
   * is no such user. A hash that it returns replaces the stored one. The hash itself never leaves the store any other way.
   */
  checkPassword(identifier: Identifier, verify: VerifyHash): Promise<UserRow | null>

  /**
   * Records that whoever is signing in owns the address of this user. If the address was unproven until now, the password and the
   * sessions of the account go first: someone else may have registered the address.
   * @returns the user as it is afterwards, and whether a password was removed; null when there is no such user
   */
  proveEmail(userId: string): Promise<{ user: UserRow; passwordRemoved: boolean } | null>

  /**
   * Deletes a user if, and only if, it is lazy.
   * @returns whether it was deleted
   */
  deleteLazyUser(userId: string): Promise<boolean>
}
