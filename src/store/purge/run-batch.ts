import type { Database } from "../sql/database.js"
import { type BatchOutcome, type Candidate, NOTHING_REMOVED, type Picked, type PurgeJob, type Removal } from "./job.js"

/** The report of a batch. */
export interface BatchReport extends Removal, Pick<BatchOutcome, "heldBack"> {
  /** The users that it picked, but did not get to, because no more were to go. */
  rest: Candidate[]
}

/**
 * Purges users in one transaction.
 * @param room how many users may go
 * @param pick finds the users, in the order in which they go, and locks them
 */
export function purgeBatch(job: PurgeJob, room: number, pick: (tx: Database) => Promise<Picked>): Promise<BatchReport> {
  return job.strategy.inTransaction(job.db, async (tx) => {
    const picked = await pick(tx)
    if (picked.users.length === 0) return { ...NOTHING_REMOVED, heldBack: new Map(), rest: [] }
    const outcome = await job.strategy.remove(tx, job, picked, room)
    return { ...outcome.removal, ...reached(picked.users, room, outcome) }
  })
}

/**
 * Finds the users behind the last one who goes, when there is no room for more, and leaves out what
 * held them back.
 */
function reached(
  users: Candidate[],
  room: number,
  { free, heldBack }: BatchOutcome,
): Pick<BatchReport, "heldBack" | "rest"> {
  const last = free.length === room ? free.at(-1) : undefined
  if (!last) return { heldBack, rest: [] }
  const rest = users.slice(users.indexOf(last) + 1)
  const later = new Set(rest.map(({ id }) => id))
  return { heldBack: new Map([...heldBack].filter(([id]) => !later.has(id))), rest }
}
