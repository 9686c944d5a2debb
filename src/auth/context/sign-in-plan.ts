import type { UserRow } from "../../store/tables/user-row.js"
import type { SessionAndUser } from "../session/current.js"

/**
 * What is to be done, step by step, as Auth.js goes on. A credentials provider of ours leaves a plan when `authorize` returns the user as it
 * would be, since nothing is written before the app's own `signIn` callback has agreed; for every other identity the sign-in decision does.
 */
export interface SignInPlan {
  /**
   * `keep`: the browser stays in the session it has, so no callback or event of a sign-in runs.
   * `write`: the steps below are carried out, and a session is made.
   */
  readonly kind: "keep" | "write"
  /** Where to send a browser that keeps its session. Default: where it wanted to go. */
  readonly redirect?: string
  /**
   * After the app's `signIn` has agreed and before its `jwt` callback: writes what that callback may want to read. Returns the user as
   * it is in the database.
   */
  prepare?(): Promise<UserRow>
  /** Last, when nothing can fail any more but the cookie: commits. */
  commit?(): Promise<void>
  /** Takes back what `prepare` wrote, when something after it failed. */
  undo?(): Promise<void>
  /** Calls the events that belong to it, after everything. */
  announce?(): Promise<void>
  /** The token for the session cookie; undefined where none has been made (JWT sessions, and sign-ins that only need a session). */
  sessionToken?: string
  /** The database session that `prepare` has written, and its user. */
  made?(): SessionAndUser | undefined
}
