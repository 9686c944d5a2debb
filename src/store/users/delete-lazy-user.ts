import { and, eq } from "drizzle-orm"
import { LazySetupError, OtherUsersError } from "../../errors.js"
import { countDeleted, type DeletedRows } from "../deletion/count-deleted.js"
import { isTable, noTable, readTable } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { qualifiedName } from "../sql/identifiers.js"
import { retryTransaction } from "../sql/transactions.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import { recordOutcomes } from "./outcomes.js"

/** Implements `LazyStore.deleteLazyUser`. */
export function deleteLazyUser(
  db: Database,
  tables: Tables,
  userId: string,
  { counts = true }: { counts?: boolean } = {},
): Promise<boolean> {
  const { usersTable } = tables
  return retryTransaction(db, async (tx) => {
    const { result, deleted } = await countDeleted(tx, () =>
      tx
        .delete(usersTable)
        .where(and(eq(usersTable.id, userId), isLazyUser(usersTable)))
        .returning({ since: usersTable.lazySince }),
    )
    await refuseOtherUsers(tx, tables, deleted, result.length)
    const [user] = result
    if (!user) return false
    if (counts) await recordOutcomes(tx, tables, [{ outcome: "deleted", since: user.since as Date, users: 1 }])
    return true
  })
}

/**
 * Refuses a deletion that took other users along, or instead: by a foreign key of the user table to
 * itself, or by a trigger.
 */
async function refuseOtherUsers(
  tx: Database,
  { usersTable }: Tables,
  deleted: DeletedRows[],
  users: number,
): Promise<void> {
  if (deleted.length === 0) return
  const table = await readTable(tx, usersTable)
  if (table && !isTable(table.kind)) throw new LazySetupError(`deleteLazyUser: ${noTable(qualifiedName(usersTable))}`)
  const others = deleted.find(({ oid, rows }) => oid === table?.oid && rows > users)
  if (others) throw new OtherUsersError(others.label)
}
