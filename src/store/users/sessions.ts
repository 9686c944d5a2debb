import { sql } from "drizzle-orm"
import type { PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../sql/database.js"
import { endRows } from "../sql/end-rows.js"
import { qualifiedName } from "../sql/identifiers.js"
import { queryRows } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"

/** A database session to write: an opaque token and the moment it stops being valid. */
export interface NewSession {
  sessionToken: string
  expires: Date
}

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
