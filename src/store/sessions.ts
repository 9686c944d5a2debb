import { sql } from "drizzle-orm"
import type { PgTable } from "drizzle-orm/pg-core"
import { endRows } from "./end-rows.js"
import type { Database } from "./lazy-store.js"
import { queryRows } from "./raw-query.js"
import { qualifiedName } from "./table-names.js"
import type { Tables } from "./tables.js"

/**
 * Ends every database session of a user. An app with JWT sessions need not have a table for them.
 * @returns how many there were
 * @throws LazySetupError where one stays, or could stay unseen
 */
export async function endSessions(tx: Database, { sessionsTable }: Tables, userId: string): Promise<number> {
  return (await endRows(tx, sessionsTable, sessionsTable.userId, userId)).rows
}

/** Whether a table is there at all: apps leave out those of Auth.js that they have no use for. */
export async function tableExists(tx: Database, table: PgTable): Promise<boolean> {
  const [found] = await queryRows<{ exists: boolean }>(
    tx,
    sql`select to_regclass(${qualifiedName(table)}) is not null as "exists"`,
  )
  return found?.exists === true
}
