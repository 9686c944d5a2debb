import type { PurgeGraph } from "../deletion/graph.js"
import type { Database } from "../sql/database.js"
import { sqlState } from "../sql/sql-state.js"
import { rememberTransaction } from "../sql/transactions.js"
import { findHeldBack } from "./blocked-users.js"
import { deleting, giveWay, removeUsers } from "./deleting.js"
import { PurgeHookError } from "./errors.js"
import { checkCandidates, pickUsers } from "./find-users.js"
import {
  type BatchOutcome,
  type Candidate,
  type HeldBack,
  NOTHING_REMOVED,
  type PurgeJob,
  type PurgeStrategy,
} from "./job.js"
import type { PurgeHook } from "./types.js"

/** Deletes the users who can go, after `onPurge` was called with them in the same transaction. */
export const deletingWithHook = (onPurge: PurgeHook): PurgeStrategy => ({
  ...deleting,
  // What the hook deletes is not counted, so the count starts after it.
  pick: pickUsers,
  remove: (tx, job, { users }, room) => callAndRemove(tx, job, users, room, onPurge),
})

/** Rolls back a call of the hook, because not all of the users it was called with go. */
class RollbackHook extends Error {
  constructor(readonly heldBack: HeldBack) {
    super("Not all of these users go.")
  }
}

/**
 * Calls the hook and then looks for users who are held back, since the hook may delete what holds
 * them. Rolls back a call that named users who stay, and calls the hook again without them.
 */
async function callAndRemove(
  tx: Database,
  { search, graph }: PurgeJob,
  users: Candidate[],
  room: number,
  onPurge: PurgeHook,
): Promise<BatchOutcome> {
  const heldBack: HeldBack = new Map()
  // Only a new statement sees what another transaction did before a user was locked.
  let rest = await checkCandidates(tx, search, users)
  for (let size = room; rest.length > 0; ) {
    const called = rest.slice(0, size)
    try {
      const removal = await tx.transaction(async (attempt) => {
        await callPurgeHook(attempt, graph, onPurge, called)
        const found = await findHeldBack(attempt, search, graph, called)
        if (found.size > 0 || called.length > room) throw new RollbackHook(found)
        await giveWay(attempt)
        return removeUsers(attempt, search, graph, { users: called })
      })
      return { free: called, heldBack, removal }
    } catch (error) {
      if (!(error instanceof RollbackHook)) throw error
      for (const [id, tables] of error.heldBack) heldBack.set(id, tables)
      rest = rest.filter(({ id }) => !heldBack.has(id))
      // With a small limit and many users held back, growing calls find the few who can go.
      size = error.heldBack.size > 0 ? size * 2 : room
    }
  }
  return { free: [], heldBack, removal: NOTHING_REMOVED }
}

/**
 * Calls the hook and checks that the transaction is still the same one.
 * @throws PurgeHookError when the hook throws
 * @throws Error without an SQLSTATE when the connection was lost meanwhile
 */
async function callPurgeHook(
  tx: Database,
  { engine }: PurgeGraph,
  onPurge: PurgeHook,
  users: Candidate[],
): Promise<void> {
  const checkTransaction = await rememberTransaction(tx, engine)
  try {
    await onPurge({ tx, userIds: users.map(({ id }) => id) })
  } catch (error) {
    await checkTransaction().catch((failure) => {
      // PostgreSQL answers in a failed transaction too, by an error with an SQLSTATE.
      if (sqlState(failure) === undefined) throw failure
    })
    throw new PurgeHookError(error)
  }
  await checkTransaction()
}
