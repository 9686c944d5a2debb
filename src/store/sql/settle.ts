import { sql } from "drizzle-orm"
import type { Database } from "./database.js"

/**
 * Runs the triggers and the checks that wait for the end of the transaction, so that what they delete is counted while it can still be undone
 * (https://www.postgresql.org/docs/current/sql-set-constraints.html).
 */
export async function settle(tx: Database): Promise<void> {
  await tx.execute(sql`set constraints all immediate`)
}
