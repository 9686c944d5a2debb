import type { Database } from "./database.js"
import { sqlState } from "./sql-state.js"

const ATTEMPTS = 3
/** serialization_failure and deadlock_detected: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html */
const TO_BE_RETRIED = ["40001", "40P01"]

/**
 * Runs a transaction; from its beginning again, up to three times in all, where the database has undone it for the sake of another one. What
 * it was waiting for has gone on by then.
 * @param isToBeRetried what else may work the next time
 */
export async function retryTransaction<Result>(
  db: Database,
  work: (tx: Database) => Promise<Result>,
  config?: Parameters<Database["transaction"]>[1],
  isToBeRetried = (_error: unknown): boolean => false,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction(work, config)
    } catch (error) {
      if (attempt === ATTEMPTS || !(isUndoneForAnother(error) || isToBeRetried(error))) throw error
    }
  }
}

function isUndoneForAnother(error: unknown): boolean {
  return TO_BE_RETRIED.includes(sqlState(error) ?? "")
}
