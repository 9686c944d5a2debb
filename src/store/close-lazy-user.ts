import { and, eq } from "drizzle-orm"
import type { Database } from "./lazy-store.js"
import { isLazyUser } from "./schema.js"
import { endSessions } from "./sessions.js"
import type { Tables } from "./tables.js"
import type { UserRow } from "./user-row.js"

/**
 * See `LazyStore.closeLazyUser`. The mark is a `lazySince` before the moment that is in the id: no user is made like that, and a token holds
 * only as long as `lazySince` is the one that it was made with.
 */
export function closeLazyUser(db: Database, tables: Tables, userId: string): Promise<void> {
  const { usersTable } = tables
  return db.transaction(async (tx) => {
    const isThatOne = and(eq(usersTable.id, userId), isLazyUser(usersTable))
    const [user] = await tx.select().from(usersTable).where(isThatOne).for("no key update")
    if (!user) return
    const lazySince = new Date(Math.min(Number(user.lazySince), timeOf(user.id) ?? Number.POSITIVE_INFINITY) - 1000)
    await tx.update(usersTable).set({ lazySince }).where(isThatOne)
    await endSessions(tx, tables, userId)
  })
}

/** Whether a lazy user was signed out, and is not to be given to a browser again. */
export function isClosed({ id, lazySince }: Pick<UserRow, "id" | "lazySince">): boolean {
  const made = timeOf(id)
  return made !== undefined && lazySince !== null && lazySince.valueOf() < made
}

/** The moment in a UUIDv7, in milliseconds since 1970; undefined for any other id. */
function timeOf(id: string): number | undefined {
  const [, high, low] = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i.exec(id) ?? []
  return high === undefined ? undefined : Number.parseInt(`${high}${low}`, 16)
}
