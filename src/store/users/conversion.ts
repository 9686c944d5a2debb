import type { AdapterAccount, AdapterAuthenticator } from "@auth/core/adapters"
import type { ByTable } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import type { SessionRow, UserRow } from "../tables/user-row.js"
import type { NewSession } from "./sessions.js"

/**
 * The way in which a user became real: the id and type of the Auth.js provider.
 * @example const by: ConvertedBy = { provider: "github", type: "oauth" }
 */
export interface ConvertedBy {
  provider: string
  type: string
}

/** The arguments of `lazy.onConvert`, which runs inside the transaction that converts. */
export interface ConvertHookParams {
  /** The open transaction. PostgreSQL rolls back what is written through it if anything fails. */
  tx: Database
  /** The user as it is from now on. */
  user: UserRow
  /** The lazy user as it was; the same id. */
  from: UserRow
  by: ConvertedBy
}

/**
 * Runs inside the transaction that converts; throwing rolls the conversion back. Runs again, twice
 * at most, when PostgreSQL undoes the transaction in favour of another one.
 * @example
 * const onConvert: ConvertHook = async ({ tx, user }) => {
 *   await tx.insert(trials).values({ userId: user.id })
 * }
 */
export type ConvertHook = (params: ConvertHookParams) => void | Promise<void>

/** The arguments of {@link StoreInternals.convert}. */
export interface Conversion {
  userId: string
  /** Columns that the conversion writes; columns left out keep their value. */
  set: Partial<Pick<UserRow, "username" | "email" | "emailVerified" | "name" | "image">>
  /**
   * An argon2id hash as a PHC string.
   * @default none: the user gets no password
   */
  passwordHash?: string
  /**
   * An identity to link to the user, and for a passkey its authenticator.
   * @default none
   */
  link?: { account: AdapterAccount; authenticator?: AdapterAuthenticator }
  /**
   * The session that replaces every session of the lazy user.
   * @default none, as for JWT sessions
   */
  session?: NewSession
  by: ConvertedBy
  onConvert?: ConvertHook
}

/** The report of {@link StoreInternals.convert}. */
export interface ConvertReport {
  user: UserRow
  from: UserRow
  /** How many database sessions of the lazy user ended. */
  endedSessions: number
  /** The session that was written; undefined where none was given. */
  session?: SessionRow
  /**
   * How many rows were deleted in the tables that `LazyAdapter({ credentials })` names, by table.
   * Undefined when it names none.
   */
  credentials?: ByTable<number>
}

/** The arguments of {@link StoreInternals.createRealUser}. */
export interface NewRealUser {
  /**
   * The id of the user.
   * @default a fresh UUIDv7
   */
  id?: string
  username?: string
  email?: string
  name?: string
  passwordHash: string
  /**
   * A session to write in the same transaction.
   * @default none, as for JWT sessions
   */
  session?: NewSession
}
