import type { SessionRow, UserRow } from "../tables/user-row.js"
import type { NewSession } from "../users/sessions.js"
import type { GenerateEmail } from "./generated-email.js"

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

/** The ids under which to find or make a lazy user; see {@link StoreInternals.ensureUser}. */
export interface LazyUserCandidates {
  ids: readonly [string, ...string[]]
  successor?: (id: string) => string
}

/** See {@link LazyStore.createLazyUser} and {@link StoreInternals.ensureUser}. */
export interface CreateReport {
  user: UserRow
  /** The session that was written along with it; undefined where none was given. */
  session: SessionRow | undefined
  /** False when a lazy user that was already there was returned. */
  created: boolean
}
