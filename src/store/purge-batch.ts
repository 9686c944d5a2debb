import type { Database, PurgeHook } from "./lazy-store.js"
import { type Candidate, checkCandidates, type Search } from "./purge-candidates.js"
import type { PurgeGraph } from "./purge-graph.js"
import { findHeldBack, type HeldBack } from "./purge-held-back.js"
import { callPurgeHook } from "./purge-hook.js"
import { countRemoval, type Removal, removeUsers } from "./purge-removal.js"

/** What a purge works on. */
export interface PurgeJob {
  db: Database
  search: Search
  graph: PurgeGraph
}

/** What became of the users of a batch; those who may not go any more are in neither. */
export interface BatchReport extends Removal {
  heldBack: HeldBack
}

/**
 * Purges users in one transaction.
 * @param pick finds the users and locks them
 */
export function purgeBatch(
  { db, search, graph }: PurgeJob,
  pick: (tx: Database) => Promise<Candidate[]>,
): Promise<BatchReport> {
  const { dryRun, onPurge } = search.settings
  return db.transaction(
    async (tx) => {
      const users = await pick(tx)
      if (users.length === 0) return { purged: 0, deleted: {}, heldBack: new Map() }
      if (onPurge && !dryRun) return purgeWithHook(tx, search, graph, users, onPurge)
      const heldBack = await findHeldBack(tx, search.tables, graph, users)
      const free = users.filter(({ id }) => !heldBack.has(id))
      if (free.length === 0) return { purged: 0, deleted: {}, heldBack }
      const removal = await (dryRun ? countRemoval : removeUsers)(tx, search, graph, free)
      return { ...removal, heldBack }
    },
    // A session that another transaction adds before its user is locked must be seen afterwards.
    { isolationLevel: "read committed", ...(dryRun && { accessMode: "read only" }) },
  )
}

/** Some users turned out to be held back after the hook was called with them. */
class HeldBackAfterHook extends Error {
  constructor(readonly heldBack: HeldBack) {
    super("Users are held back.")
  }
}

/**
 * The hook may clear away what holds users back, so they are looked for after it. What it did for users who are held back all the same is undone
 * with everything else it did, and it is called again without them.
 */
async function purgeWithHook(
  tx: Database,
  search: Search,
  graph: PurgeGraph,
  users: Candidate[],
  onPurge: PurgeHook,
): Promise<BatchReport> {
  const heldBack: HeldBack = new Map()
  // What another transaction did before a user was locked is seen by the next statement only.
  let free = await checkCandidates(tx, search, users)
  while (free.length > 0) {
    try {
      const removal = await tx.transaction(async (attempt) => {
        await callPurgeHook(attempt, onPurge, free)
        const found = await findHeldBack(attempt, search.tables, graph, free)
        if (found.size > 0) throw new HeldBackAfterHook(found)
        return removeUsers(attempt, search, graph, free)
      })
      return { ...removal, heldBack }
    } catch (error) {
      if (!(error instanceof HeldBackAfterHook)) throw error
      for (const [id, tables] of error.heldBack) heldBack.set(id, tables)
      free = free.filter(({ id }) => !heldBack.has(id))
    }
  }
  return { purged: 0, deleted: {}, heldBack }
}
