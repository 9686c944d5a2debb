import { and, eq } from "drizzle-orm"
import { LazySetupError, OtherUsersError } from "../../errors.js"
import { takesOtherUsers } from "../deletion/closure.js"
import { countDeleted, type DeletedRows } from "../deletion/count-deleted.js"
import { readPurgeGraph } from "../deletion/graph.js"
import { requireCountable } from "../deletion/require-countable.js"
import { type DeletedSoFar, readDeletedNow } from "../sql/catalogue/row-counts.js"
import { isTable, noTable, readTable } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { type Engine, readEngine, requireSameEngine } from "../sql/engine/engine.js"
import { qualifiedName } from "../sql/identifiers.js"
import { retryTransaction } from "../sql/transactions.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import { recordOutcomes } from "./outcomes.js"

/** Implements `LazyStore.deleteLazyUser`. */
export async function deleteLazyUser(
  db: Database,
  tables: Tables,
  userId: string,
  { counts = true }: { counts?: boolean } = {},
): Promise<boolean> {
  const { usersTable } = tables
  const isThatOne = and(eq(usersTable.id, userId), isLazyUser(usersTable))
  const engine = await readEngine(db)
  return retryTransaction(db, async (tx) => {
    const before = await deletedBefore(tx, engine)
    if (!before) await foreseeOtherUsers(tx, tables, userId)
    const remove = () => tx.delete(usersTable).where(isThatOne).returning({ since: usersTable.lazySince }).execute()
    const { result, deleted } = before
      ? await countDeleted(tx, remove, before)
      : { result: await remove(), deleted: [] }
    await refuseOtherUsers(tx, tables, deleted, result.length)
    const [user] = result
    if (!user) return false
    if (counts) await recordOutcomes(tx, tables, [{ outcome: "deleted", since: user.since as Date, users: 1 }])
    return true
  })
}

/**
 * Reads what the transaction had deleted before; undefined where the server doesn't count what goes.
 * At most one query.
 */
async function deletedBefore(tx: Database, engine: Engine): Promise<DeletedSoFar | undefined> {
  if (!engine.countsRows) return undefined
  const { soFar, server } = await readDeletedNow(tx)
  return requireSameEngine(engine, server).countsRows ? soFar : undefined
}

/**
 * Refuses a deletion that would take other users along by a foreign key, on a server that doesn't
 * count what goes.
 * @throws LazySetupError where a trigger or a hidden row may take others along
 */
async function foreseeOtherUsers(tx: Database, tables: Tables, userId: string): Promise<void> {
  const { usersTable } = tables
  const graph = await readPurgeGraph(tx, tables, false)
  await requireCountable(tx, graph)
  const isUser = eq(usersTable.id, userId)
  await tx.select({ id: usersTable.id }).from(usersTable).where(isUser).for("update")
  if (await takesOtherUsers(tx, tables, graph, isUser)) throw new OtherUsersError(graph.users.label)
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
