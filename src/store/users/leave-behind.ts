import { and, eq } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"

/** Implements `StoreInternals.leaveBehind`. */
export async function leaveBehind(db: Database, { usersTable }: Tables, userId: string, until: Date): Promise<boolean> {
  const left = await db
    .update(usersTable)
    .set({ seenAt: until })
    .where(and(eq(usersTable.id, userId), isLazyUser(usersTable)))
    .returning({ id: usersTable.id })
  return left.length > 0
}
