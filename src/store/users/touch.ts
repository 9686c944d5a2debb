import { and, eq, isNull, lte, or, sql } from "drizzle-orm"
import { alias } from "drizzle-orm/pg-core"
import { commonTable } from "../sql/common-table.js"
import type { Database } from "../sql/database.js"
import { locksJoins, readEngine } from "../sql/engine/engine.js"
import { retry } from "../sql/transactions.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import type { NewSession } from "./sessions.js"

/**
 * The session in which a lazy user was seen: a JWT session, or a database session to extend until
 * `expires`.
 */
export type Use = { userId: string } | { session: NewSession }

/** Implements `StoreInternals.touch`. */
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
  if ("userId" in used) return (await retry(() => see(db, used.userId))).length > 0

  const { sessionToken, expires } = used.session
  const engine = await readEngine(db)
  const isThatSession = and(
    eq(sessionsTable.sessionToken, sessionToken),
    lte(sessionsTable.expires, secondsBefore(expires, updateAge)),
  )
  // FOR … OF takes no schema in PostgreSQL, so the lock names the user table by an alias that no
  // table of an app has.
  const lockedUser = alias(usersTable, "authjs_lazy_locked")
  // Lock the user first, as conversions and merges do, to avoid deadlocks.
  const ofSession = db
    .select({ id: lockedUser.id })
    .from(sessionsTable)
    .innerJoin(lockedUser, eq(lockedUser.id, sessionsTable.userId))
    .where(isThatSession)
  const owner = db
    .$with("owner")
    .as(locksJoins(engine) ? ofSession.for("no key update", { of: lockedUser }) : ofSession)
  const refreshed = commonTable(
    db,
    "refreshed",
    { userId: sessionsTable.userId },
    db
      .update(sessionsTable)
      .set({ expires })
      // Check again: after waiting for another request that refreshed it, it is not due any more.
      .where(and(isThatSession, sql`${sessionsTable.userId} in (select ${owner.id} from ${owner})`))
      .returning({ userId: sessionsTable.userId }),
  )
  const seen = await retry(() => see(db.with(owner, refreshed), sql`(select ${refreshed.userId} from ${refreshed})`))
  return seen.length > 0
}

function secondsBefore(moment: Date, seconds: number): Date {
  return new Date(moment.valueOf() - seconds * 1000)
}

/** Implements `StoreInternals.leaveBehind`. */
export async function leaveBehind(db: Database, { usersTable }: Tables, userId: string, until: Date): Promise<boolean> {
  const left = await retry(() =>
    db
      .update(usersTable)
      .set({ seenAt: until })
      .where(and(eq(usersTable.id, userId), isLazyUser(usersTable)))
      .returning({ id: usersTable.id }),
  )
  return left.length > 0
}
