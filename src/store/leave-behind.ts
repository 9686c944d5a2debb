import { and, eq } from "drizzle-orm"
import type { Database } from "./lazy-store.js"
import { isLazyUser } from "./schema.js"
import type { Tables } from "./tables.js"

/** Implements `LazyStore.leaveBehind`. */
export async function leaveBehind(db: Database, { usersTable }: Tables, userId: string, until: Date): Promise<boolean> {
  const left = await db
    .update(usersTable)
    .set({ seenAt: until })
    .where(and(eq(usersTable.id, userId), isLazyUser(usersTable)))
    .returning({ id: usersTable.id })
  return left.length > 0
}
