import type { AdapterSession, AdapterUser } from "@auth/core/adapters"
import type { UserRow } from "../../store/tables/user-row.js"

/** What an adapter returns for a session token. */
export interface SessionAndUser {
  session: AdapterSession
  user: AdapterUser
}

/** A session that is alive: the content of its cookie and the user as the database has it now. */
export interface CurrentSession {
  sessionToken: string
  user: UserRow
}

/** A session that is no longer live. `userId` is known for JWTs only. */
export interface EndedSession {
  userId?: string
}

/** Tells whether a session has not expired. */
export function isAlive({ session }: SessionAndUser): boolean {
  return session.expires.valueOf() >= Date.now()
}
