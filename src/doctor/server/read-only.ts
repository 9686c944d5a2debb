import { sql } from "drizzle-orm"
import type { Database } from "../../store/sql/database.js"

/** How long the server may work on one statement, and wait for a table that somebody has locked: nobody's database is to suffer. */
const STATEMENT_TIMEOUT = "10s"
const LOCK_TIMEOUT = "1s"

/** Reads in one transaction in which the server itself lets nothing be written, and no statement run for long. */
export function readOnly<Result>(db: Database, read: (tx: Database) => Promise<Result>): Promise<Result> {
  return db.transaction(
    async (tx) => {
      // For this transaction only: behind a pooler the connection is somebody else's afterwards.
      await tx.execute(
        sql`select set_config('statement_timeout', ${STATEMENT_TIMEOUT}, true), set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`,
      )
      return read(tx)
    },
    { accessMode: "read only" },
  )
}
