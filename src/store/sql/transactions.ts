import { sql } from "drizzle-orm"
import type { Database } from "./database.js"
import { queryRows } from "./query.js"
import { sqlState } from "./sql-state.js"

const ATTEMPTS = 3
/**
 * serialization_failure and deadlock_detected:
 * https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
 */
const ROLLED_BACK_FOR_ANOTHER = ["40001", "40P01"]

/**
 * Runs a transaction, and runs it again, up to three times in all, when PostgreSQL rolled it back
 * in favour of another one.
 * @param mayWorkAgain tells which other errors are worth another try
 */
export async function retryTransaction<Result>(
  db: Database,
  work: (tx: Database) => Promise<Result>,
  config?: Parameters<Database["transaction"]>[1],
  mayWorkAgain = (_error: unknown): boolean => false,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction(work, config)
    } catch (error) {
      if (attempt === ATTEMPTS || !(isRolledBackForAnother(error) || mayWorkAgain(error))) throw error
    }
  }
}

function isRolledBackForAnother(error: unknown): boolean {
  return ROLLED_BACK_FOR_ANOTHER.includes(sqlState(error) ?? "")
}

/**
 * Remembers the current transaction. Call the returned function after code of the app has run: when
 * a connection is lost, postgres.js runs the rest of its transaction on another connection, each
 * statement by itself (https://github.com/porsager/postgres/pull/1155).
 * @returns a function that throws when the current transaction is another one
 */
export async function rememberTransaction(tx: Database): Promise<() => Promise<void>> {
  const current = async () => {
    const [row] = await queryRows<{ id: string | null }>(tx, sql`select pg_current_xact_id_if_assigned()::text as id`)
    return row?.id
  }
  const id = await current()
  return async () => {
    if ((await current()) !== id) throw connectionLost()
  }
}

/** Makes the error for a transaction that is not the one it was. */
export const connectionLost = () => new Error("The connection was lost in the middle of the transaction.")

/**
 * Runs the triggers and checks that wait for the end of the transaction, so that what they delete
 * can be counted and still be rolled back:
 * https://www.postgresql.org/docs/current/sql-set-constraints.html.
 */
export async function runDeferred(tx: Database): Promise<void> {
  await tx.execute(sql`set constraints all immediate`)
}
