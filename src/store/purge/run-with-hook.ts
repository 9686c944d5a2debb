import type { PurgeGraph } from "../deletion/graph.js"
import type { Database } from "../sql/database.js"
import { findHeldBack, type HeldBack } from "./blocked-users.js"
import { type Candidate, checkCandidates, type Search } from "./find-users.js"
import { callPurgeHook } from "./hook.js"
import { type Removal, removeUsers } from "./remove-users.js"
import type { PurgeHook } from "./types.js"

/** Not all of those go with whom the hook was called. */
class CalledInVain extends Error {
  constructor(readonly heldBack: HeldBack) {
    super("Not all of these users go.")
  }
}

/**
 * The hook may clear away what holds users back, so they are looked for after it. What it did for users who are held back all the same is undone
 * with everything else it did, and it is called again without them.
 * @param room how many users may go
 */
export async function purgeWithHook(
  tx: Database,
  search: Search,
  graph: PurgeGraph,
  users: Candidate[],
  room: number,
  onPurge: PurgeHook,
): Promise<{ free: Candidate[]; heldBack: HeldBack; removal: Removal }> {
  const heldBack: HeldBack = new Map()
  // What another transaction did before a user was locked is seen by the next statement only.
  let rest = await checkCandidates(tx, search, users)
  for (let size = room; rest.length > 0; ) {
    const called = rest.slice(0, size)
    try {
      const removal = await tx.transaction(async (attempt) => {
        await callPurgeHook(attempt, onPurge, called)
        const found = await findHeldBack(attempt, search, graph, called)
        if (found.size > 0 || called.length > room) throw new CalledInVain(found)
        return removeUsers(attempt, search, graph, { users: called })
      })
      return { free: called, heldBack, removal }
    } catch (error) {
      if (!(error instanceof CalledInVain)) throw error
      for (const [id, tables] of error.heldBack) heldBack.set(id, tables)
      rest = rest.filter(({ id }) => !heldBack.has(id))
      // Where a limit leaves room for a few, and many are held back in front of them, these are found by a few calls.
      size = error.heldBack.size > 0 ? size * 2 : room
    }
  }
  return { free: [], heldBack, removal: { purged: 0, deleted: {} } }
}
