import { inArray } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import { endRows } from "../sql/end-rows.js"
import type { Tables } from "../tables/resolve-tables.js"

/** A database session to write: an opaque token and the moment it expires. */
export interface NewSession {
  sessionToken: string
  expires: Date
}

/**
 * Ends every database session of a user. An app with JWT sessions needs no table for them.
 * @returns the number of sessions
 * @throws LazySetupError when one stays, or could stay unseen
 */
export async function endSessions(tx: Database, { sessionsTable }: Tables, userId: string): Promise<number> {
  return (await endRows(tx, sessionsTable, sessionsTable.userId, userId)).rows
}

/**
 * Implements `StoreInternals.endSessionsOf`. One statement, however many tokens a browser sends.
 */
export async function endSessionsOf(db: Database, { sessionsTable }: Tables, tokens: string[]): Promise<string[]> {
  const { sessionToken, userId } = sessionsTable
  const ended = await db.delete(sessionsTable).where(inArray(sessionToken, tokens)).returning({ userId })
  return ended.map((session) => session.userId)
}
