import type { Session } from "@auth/core/types"
import type { AuthCookie } from "../auth/request/cookies.js"
import type { Problem } from "./problem.js"
import type { ConvertErrorCode } from "./strings.js"
import type { IdentifierField, Way } from "./ways.js"

/** The form, for a lazy user or nobody. */
export interface FormOutcome {
  kind: "form"
  /** A lazy user; null for somebody who is not signed in. */
  user: Session["user"] | null
  identifier: IdentifierField
  ways: Way[]
  csrfToken: string
  /** Where the forms of Auth.js send people afterwards; a path. */
  target: string
  /** The target if the visitor brought one. */
  requested: string | null
  /** Why the form is shown again. */
  problem: Problem | null
  /** The name or address that was typed. */
  typed: string | undefined
  cookies: AuthCookie[]
}

/** What came of a request, before it is said in HTML or JSON. */
export type PageOutcome =
  | FormOutcome
  /** A real user came; `done` when to see that the account is ready. */
  | { kind: "real"; user: Session["user"] | null; done: boolean; target: string; cookies: AuthCookie[] }
  /** Auth.js has accepted the form; `user` is who is signed in now, as the app shows it, `target` a path or an address that the app's callbacks chose. */
  | { kind: "accepted"; isReal: boolean; user: Session["user"] | null; target: string; cookies: AuthCookie[] }
  /** On to a provider on another site. */
  | { kind: "leaving"; site: string; url: string; cookies: AuthCookie[] }
  | { kind: "failed"; status: 400 | 405 | 413 | 415 | 500; code: ConvertErrorCode }
