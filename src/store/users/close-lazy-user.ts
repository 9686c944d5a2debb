import { and, eq } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import { lockOf, readEngine } from "../sql/engine/engine.js"
import { retryTransaction } from "../sql/transactions.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import { timeOf } from "./closed-user.js"
import { markedBefore } from "./marked-moments.js"
import { endSessions } from "./sessions.js"

/** Enough to be told from rounding. */
const CLOSED_BY_MS = 2000

/**
 * Implements `StoreInternals.closeLazyUser`. Gives the user a marked `lazySince` earlier than the
 * time in its id, which no insert writes and which ends its tokens.
 */
export async function closeLazyUser(db: Database, tables: Tables, userId: string): Promise<void> {
  const { usersTable } = tables
  const lock = lockOf(await readEngine(db), "no key update")
  return retryTransaction(db, async (tx) => {
    const isThatOne = and(eq(usersTable.id, userId), isLazyUser(usersTable))
    const [user] = await tx.select().from(usersTable).where(isThatOne).for(lock)
    if (!user) return
    const made = Math.min(Number(user.lazySince), timeOf(user.id) ?? Number.POSITIVE_INFINITY)
    const lazySince = markedBefore(made - CLOSED_BY_MS)
    await tx.update(usersTable).set({ lazySince }).where(isThatOne)
    await endSessions(tx, tables, userId)
  })
}
