import type { PurgeGraph } from "../deletion/graph.js"
import type { Database } from "../sql/database.js"
import { findFree, type HeldBack } from "./blocked-users.js"
import type { Candidate, Picked, Search } from "./find-users.js"
import { countRemoval, type Removal, removeUsers } from "./remove-users.js"
import { purgeWithHook } from "./run-with-hook.js"

/** What a purge works on. */
export interface PurgeJob {
  /** In a dry run that lists what is gone, the transaction in which all of it happens. */
  db: Database
  search: Search
  graph: PurgeGraph
}

/** What became of the users of a batch; those who may not go any more are in neither. */
export interface BatchReport extends Removal {
  heldBack: HeldBack
  /** Those whom it found and didn't get to, because no more were to go. */
  rest: Candidate[]
}

/**
 * Purges users in one transaction.
 * @param room how many users may go
 * @param pick finds the users, in the order in which they go, and locks them
 */
export function purgeBatch(job: PurgeJob, room: number, pick: (tx: Database) => Promise<Picked>): Promise<BatchReport> {
  const { search, graph } = job
  const { dryRun, onPurge } = search.settings
  return inTransaction(job, async (tx) => {
    const { users, deletedBefore } = await pick(tx)
    if (users.length === 0) return { purged: 0, deleted: {}, heldBack: new Map(), rest: [] }
    if (onPurge && !dryRun) {
      const { free, heldBack, removal } = await purgeWithHook(tx, search, graph, users, room, onPurge)
      return { ...removal, ...reached(users, room, free, heldBack) }
    }
    const { free, heldBack } = await findFree(tx, search, graph, users, room)
    if (free.length === 0) return { purged: 0, deleted: {}, heldBack, rest: [] }
    const removal = dryRun
      ? await countRemoval(tx, search, graph, free)
      : await removeUsers(tx, search, graph, { users: free, deletedBefore })
    return { ...removal, ...reached(users, room, free, heldBack) }
  })
}

function inTransaction<Result>({ db, search }: PurgeJob, work: (tx: Database) => Promise<Result>): Promise<Result> {
  const { settings, goneBefore } = search
  // Not in a savepoint: thousands of them in one transaction slow the whole server down.
  if (goneBefore) return work(db)
  // A session that another transaction adds before its user is locked must be seen afterwards.
  return db.transaction(work, { isolationLevel: "read committed", ...(settings.dryRun && { accessMode: "read only" }) })
}

/** Where as many go as there is room for, those behind the last of them are not looked at. */
function reached(
  users: Candidate[],
  room: number,
  free: Candidate[],
  heldBack: HeldBack,
): Pick<BatchReport, "heldBack" | "rest"> {
  const last = free.length === room ? free.at(-1) : undefined
  if (!last) return { heldBack, rest: [] }
  const rest = users.slice(users.indexOf(last) + 1)
  const later = new Set(rest.map(({ id }) => id))
  return { heldBack: new Map([...heldBack].filter(([id]) => !later.has(id))), rest }
}
