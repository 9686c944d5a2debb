import { and, eq } from "drizzle-orm"
import type { Database } from "./lazy-store.js"
import { recordOutcomes } from "./outcomes.js"
import { isLazyUser } from "./schema.js"
import type { Tables } from "./tables.js"

/** See `LazyStore.deleteLazyUser`. */
export function deleteLazyUser(
  db: Database,
  tables: Tables,
  userId: string,
  { counts = true }: { counts?: boolean } = {},
): Promise<boolean> {
  const { usersTable } = tables
  return db.transaction(async (tx) => {
    const [deleted] = await tx
      .delete(usersTable)
      .where(and(eq(usersTable.id, userId), isLazyUser(usersTable)))
      .returning({ since: usersTable.lazySince })
    if (!deleted) return false
    if (counts) await recordOutcomes(tx, tables, [{ outcome: "deleted", since: deleted.since as Date, users: 1 }])
    return true
  })
}
