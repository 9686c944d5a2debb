import type { AuthConfig } from "@auth/core"
import type { LazyAdapter } from "../store/lazy-adapter.js"
import type { UserRow } from "../store/user-row.js"
import type { LazyEvents, LazyOptions, RequestHead } from "./config.js"
import type { TakeCreation } from "./creation-limits.js"
import type { CurrentSession } from "./current-session.js"
import type { LinkingState } from "./linking-state.js"
import type { SignInPlan } from "./sign-in-plan.js"

/** What the providers and callbacks of one request share. Made by `withLazy` for each request; nothing in it outlives the request. */
export interface RequestContext {
  /** The configuration as Auth.js sees it. Environment defaults (`secret`) are filled in after it was built: read, don't copy. */
  readonly config: AuthConfig
  readonly adapter: LazyAdapter
  readonly options: Required<Pick<LazyOptions, "enabled" | "recheck">> & LazyOptions
  readonly events: LazyEvents
  readonly strategy: "jwt" | "database"
  /** How many seconds a session goes on before its use is recorded: `session.updateAge` of Auth.js. */
  readonly updateAge: number
  /** Unknown until a provider is called, where Auth.js asks for a configuration without giving the request (server actions). */
  head: RequestHead | undefined
  /** The same for the app, which expects a whole one. */
  wholeRequest(): Request
  /** What the client is counted under; undefined where its address is not known. */
  client(): string | undefined
  readonly takeCreation: TakeCreation
  /** What the provider that is signing somebody in wants done; set by `authorize`. */
  plan: SignInPlan | undefined
  /** Somebody signs in by a password, which may be removed before the session is written. */
  byPassword: boolean
  /** How a lazy session turns into a real one while Auth.js goes on with an identity that is not our providers'; set by the decision. */
  readonly linking: LinkingState
  /** The session that came with the request; read once. Throws when the database does. */
  currentSession(): Promise<CurrentSession | null>
  /** Makes the token and the end of a database session; undefined with JWT sessions, which need none. */
  newSession(): { sessionToken: string; expires: Date } | undefined
}

/** The user object that passes through Auth.js: a row of the user table. */
export type SignInUser = UserRow
