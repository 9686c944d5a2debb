import type { AuthCookie } from "../auth/request/cookies.js"
import type { GateSession } from "../auth/types.js"
import type { IdentifierField, Problem } from "../messages/problem.js"
import type { ConvertErrorCode } from "../messages/strings.js"
import type { Way } from "./ways.js"

/** Shows the form to a lazy user or to a visitor without a session. */
export interface FormOutcome {
  kind: "form"
  /** The lazy user; null for a visitor without a session. */
  user: GateSession["user"] | null
  identifier: IdentifierField
  ways: Way[]
  csrfToken: string
  /** Path to which Auth.js redirects after the sign-in. */
  target: string
  /** The target, if the request named it. */
  requested: string | null
  /** The reason for showing the form again. */
  problem: Problem | null
  /** The username or address that the person typed. */
  typed: string | undefined
  cookies: AuthCookie[]
}

/** Describes the result of a request, before it is written as HTML or JSON. */
export type PageOutcome =
  | FormOutcome
  /** A real user opened the page; `done` when the account has just been made. */
  | { kind: "real"; user: GateSession["user"] | null; done: boolean; target: string; cookies: AuthCookie[] }
  /**
   * Auth.js accepted the form. `user` comes from the app's `session` callback; `target` is a path,
   * or a URL that the app's callbacks chose.
   */
  | { kind: "accepted"; isReal: boolean; user: GateSession["user"] | null; target: string; cookies: AuthCookie[] }
  /** The sign-in goes on at a provider's site. */
  | { kind: "leaving"; site: string; url: string; cookies: AuthCookie[] }
  | { kind: "failed"; status: 400 | 405 | 413 | 415 | 500; code: ConvertErrorCode }
