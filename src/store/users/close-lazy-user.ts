import { and, eq } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import type { UserRow } from "../tables/user-row.js"
import { endSessions } from "./sessions.js"

/** How much earlier a column without fractions of a second can make a moment, by rounding. */
const ROUNDING_MS = 500

/** Enough to be told from rounding. */
const CLOSED_BY_MS = 2000

/**
 * Implements `StoreInternals.closeLazyUser`. Marks the user by a `lazySince` earlier than the time in
 * its id, which no insert writes and which ends its tokens.
 */
export function closeLazyUser(db: Database, tables: Tables, userId: string): Promise<void> {
  const { usersTable } = tables
  return db.transaction(async (tx) => {
    const isThatOne = and(eq(usersTable.id, userId), isLazyUser(usersTable))
    const [user] = await tx.select().from(usersTable).where(isThatOne).for("no key update")
    if (!user) return
    const made = Math.min(Number(user.lazySince), timeOf(user.id) ?? Number.POSITIVE_INFINITY)
    const lazySince = new Date(made - CLOSED_BY_MS)
    await tx.update(usersTable).set({ lazySince }).where(isThatOne)
    await endSessions(tx, tables, userId)
  })
}

/** Tells whether a lazy user was signed out and must not be given to a browser again. */
export function isClosed({ id, lazySince }: Pick<UserRow, "id" | "lazySince">): boolean {
  const made = timeOf(id)
  return made !== undefined && lazySince !== null && lazySince.valueOf() < made - ROUNDING_MS
}

/** Reads the time in a UUIDv7, in milliseconds since 1970; undefined for any other id. */
function timeOf(id: string): number | undefined {
  const [, high, low] = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i.exec(id) ?? []
  return high === undefined ? undefined : Number.parseInt(`${high}${low}`, 16)
}
