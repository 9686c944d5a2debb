import type { AcceptUser, SessionRow, UserRow } from "../tables/user-row.js"
import type { NewSession } from "../users/sessions.js"
import type { GenerateEmail } from "./generated-email.js"

/**
 * The values of a new lazy user; see {@link LazyStore.createLazyUser}.
 * @example
 * await adapter.lazy.createLazyUser({ generateName: () => `visitor-${crypto.randomUUID()}` })
 */
export interface NewLazyUser {
  /**
   * The id of the user.
   * @default a fresh UUIDv7
   */
  id?: string
  /**
   * Makes a username; called again when the name is taken.
   * @default `guest-` and ten random characters
   */
  generateName?: () => string | Promise<string>
  /**
   * Makes an address, for apps whose `email` column is NOT NULL.
   * @default none: the column stays null
   */
  generateEmail?: GenerateEmail
  /**
   * A session to write with the user, in the same statement.
   * @default none, as for JWT sessions
   */
  session?: NewSession
}

/** The ids under which to find or make a lazy user; see {@link StoreInternals.ensureUser}. */
export interface LazyUserCandidates {
  ids: readonly [string, ...string[]]
  successor?: (id: string) => string
  /** Whether an existing lazy user may have another session. */
  accepts?: AcceptUser
}

/** The report of {@link LazyStore.createLazyUser}. */
export interface CreateReport {
  /** The lazy user. */
  user: UserRow
  /** The session that was written with it; undefined when none was given. */
  session: SessionRow | undefined
  /** False when the lazy user existed before. */
  created: boolean
}
