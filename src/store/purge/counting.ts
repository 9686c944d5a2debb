import { sql } from "drizzle-orm"
import { withGone } from "../deletion/closure.js"
import { listGoneRows, listRows } from "../deletion/gone-rows.js"
import type { PurgeGraph } from "../deletion/graph.js"
import type { Database } from "../sql/database.js"
import { queryRows } from "../sql/query.js"
import { findFree } from "./blocked-users.js"
import { READ_COMMITTED } from "./deleting.js"
import { isOneOf, pickUsers } from "./find-users.js"
import { type Candidate, NOTHING_REMOVED, type PurgeJob, type PurgeStrategy, type Removal, type Search } from "./job.js"
import type { PurgeReport } from "./types.js"

/** Counts what would go, in transactions that only read: a dry run. */
export const counting: PurgeStrategy = {
  dryRun: true,
  // A transaction that only reads can't lock.
  lock: sql``,
  tablesToSee: ({ follows, holds }) => [...follows, ...holds].map(({ table }) => table),
  // Where no row can belong to users of two batches, each batch can be counted by itself.
  run: (job, inBatches) => (job.graph.shared.size > 0 ? countInOneTransaction(job, inBatches) : inBatches(job)),
  inTransaction: (db, work) => db.transaction(work, { ...READ_COMMITTED, accessMode: "read only" }),
  pick: pickUsers,
  async remove(tx, { search, graph }, { users }, room) {
    const { free, heldBack } = await findFree(tx, search, graph, users, room)
    if (free.length === 0) return { free, heldBack, removal: NOTHING_REMOVED }
    return { free, heldBack, removal: await countRemoval(tx, search, graph, free) }
  },
}

/** Counts all batches in one transaction; a savepoint for each would slow the whole server down. */
const countingInOneTransaction: PurgeStrategy = { ...counting, inTransaction: (tx, work) => work(tx) }

/** Takes the report out of a transaction that is rolled back. */
class Counted extends Error {
  constructor(readonly report: PurgeReport) {
    super("The dry run is done.")
  }
}

/**
 * Counts batch after batch in one transaction that sees the same rows throughout and remembers, in
 * a temporary table, which of them are gone. Rolls it back.
 * @throws LazySetupError when the server or the role can't make a temporary table
 */
async function countInOneTransaction(
  job: PurgeJob,
  inBatches: (job: PurgeJob) => Promise<PurgeReport>,
): Promise<PurgeReport> {
  try {
    return await job.db.transaction(
      async (tx) => {
        await listGoneRows(tx)
        const search = { ...job.search, goneBefore: job.graph.shared }
        throw new Counted(await inBatches({ ...job, db: tx, search, strategy: countingInOneTransaction }))
      },
      { isolationLevel: "repeatable read" },
    )
  } catch (error) {
    if (error instanceof Counted) return error.report
    throw error
  }
}

/** Counts what would go with users along the foreign keys; with `goneBefore`, lists it as gone. */
async function countRemoval(tx: Database, search: Search, graph: PurgeGraph, users: Candidate[]): Promise<Removal> {
  const { follows } = graph
  const listing = search.goneBefore ? listRows(search.goneBefore.keys()) : sql``
  const rows = await queryRows<{ of: number; rows: number }>(
    tx,
    sql`${withGone({ search, graph, users: isOneOf(users, search.tables), follows })}${listing}
      select purge_gone.of::float8 as of, count(*)::float8 as rows from purge_gone group by purge_gone.of`,
  )
  const others = rows.filter(({ of }) => of !== graph.users.oid)
  const labels = new Map(follows.map(({ table, label }) => [table, label]))
  const deleted = Object.fromEntries(others.map(({ of, rows }) => [labels.get(of) as string, rows]))
  return { purged: rows.find(({ of }) => of === graph.users.oid)?.rows ?? 0, deleted }
}
