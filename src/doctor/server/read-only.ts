import { sql } from "drizzle-orm"
import type { Database } from "../../store/sql/database.js"

/**
 * How long PostgreSQL may work on one statement, and wait for a lock, so that the doctor never
 * slows down an app.
 */
const STATEMENT_TIMEOUT = "10s"
const LOCK_TIMEOUT = "1s"

/** Runs reads in a transaction in which PostgreSQL refuses every write and every long statement. */
export function readOnly<Result>(db: Database, read: (tx: Database) => Promise<Result>): Promise<Result> {
  return db.transaction(
    async (tx) => {
      // They end with the transaction: a pooler then gives the connection to another client.
      await tx.execute(
        sql`select pg_catalog.set_config('statement_timeout', ${STATEMENT_TIMEOUT}, true), pg_catalog.set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`,
      )
      return read(tx)
    },
    { accessMode: "read only" },
  )
}
