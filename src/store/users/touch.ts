import { and, eq, isNull, lte, or, sql } from "drizzle-orm"
import { alias } from "drizzle-orm/pg-core"
import type { Database } from "../sql/database.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import type { NewSession } from "./sessions.js"

/** What was used of a lazy user: a JWT session, or a database session that is to live on until `expires`. */
export type Use = { userId: string } | { session: NewSession }

/** See `StoreInternals.touch`. */
export async function touchLazyUser(
  db: Database,
  { usersTable, sessionsTable }: Tables,
  used: Use,
  updateAge: number,
): Promise<boolean> {
  const now = new Date()
  const isDue = or(isNull(usersTable.seenAt), lte(usersTable.seenAt, secondsBefore(now, updateAge)))
  const see = (db: Pick<Database, "update">, userId: string | ReturnType<typeof sql>) =>
    db
      .update(usersTable)
      .set({ seenAt: now })
      .where(and(eq(usersTable.id, userId), isLazyUser(usersTable), isDue))
      .returning({ id: usersTable.id })
  if ("userId" in used) return (await see(db, used.userId)).length > 0

  const { sessionToken, expires } = used.session
  const isThatSession = and(
    eq(sessionsTable.sessionToken, sessionToken),
    lte(sessionsTable.expires, secondsBefore(expires, updateAge)),
  )
  // PostgreSQL takes no schema behind FOR … OF: the lock names the user table by an alias, which no
  // table of an app is called.
  const lockedUser = alias(usersTable, "authjs_lazy_locked")
  // The user first, as whoever converts or merges does: in the other order each could wait for the other.
  const owner = db
    .$with("owner")
    .as(
      db
        .select({ id: lockedUser.id })
        .from(sessionsTable)
        .innerJoin(lockedUser, eq(lockedUser.id, sessionsTable.userId))
        .where(isThatSession)
        .for("no key update", { of: lockedUser }),
    )
  const refreshed = db.$with("refreshed").as(
    db
      .update(sessionsTable)
      .set({ expires })
      // Again: whoever waited for another request to refresh it finds that it is not due any more.
      .where(and(isThatSession, sql`${sessionsTable.userId} in (select ${owner.id} from ${owner})`))
      .returning({ userId: sessionsTable.userId }),
  )
  return (await see(db.with(owner, refreshed), sql`(select ${refreshed.userId} from ${refreshed})`)).length > 0
}

function secondsBefore(moment: Date, seconds: number): Date {
  return new Date(moment.valueOf() - seconds * 1000)
}
