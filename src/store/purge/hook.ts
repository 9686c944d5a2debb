import type { Database } from "../sql/database.js"
import { rememberTransaction } from "../sql/same-transaction.js"
import { sqlState } from "../sql/sql-state.js"
import type { Candidate } from "./find-users.js"
import type { PurgeHook } from "./types.js"

/** `onPurge` threw: that is no reason to end the purge, whatever it threw. */
export class PurgeHookError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/**
 * @throws PurgeHookError when the hook throws
 * @throws another error, without an SQLSTATE, when the connection was lost meanwhile
 */
export async function callPurgeHook(tx: Database, onPurge: PurgeHook, users: Candidate[]): Promise<void> {
  const stillOpen = await rememberTransaction(tx)
  try {
    await onPurge({ tx, userIds: users.map(({ id }) => id) })
  } catch (error) {
    await stillOpen().catch((failure) => {
      // The server answers in a failed transaction too, by another error.
      if (sqlState(failure) === undefined) throw failure
    })
    throw new PurgeHookError(error)
  }
  await stillOpen()
}
