import type { AdapterAccount, AdapterAuthenticator } from "@auth/core/adapters"
import type { ByTable } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import type { SessionRow, UserRow } from "../tables/user-row.js"
import type { NewSession } from "./sessions.js"

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

/** See {@link StoreInternals.convert}. */
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

/** See {@link StoreInternals.convert}. */
export interface ConvertReport {
  user: UserRow
  from: UserRow
  /** How many database sessions of the lazy user ended. */
  endedSessions: number
  /** The session that was written; undefined where none was given. */
  session?: SessionRow
  /**
   * How many rows of the tables that `LazyAdapter({ credentials })` names were deleted; tables without any are left out. Undefined where it
   * names none.
   */
  credentials?: ByTable<number>
}

/** See {@link StoreInternals.createRealUser}. */
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
