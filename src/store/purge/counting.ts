import { type SQL, sql } from "drizzle-orm"
import { listGoneRows, notGoneBefore } from "../deletion/gone-rows.js"
import { readTable } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { qualifiedName } from "../sql/identifiers.js"
import { primaryKey, rowPlace } from "../sql/row-place.js"
import { READ_COMMITTED, retryTransaction } from "../sql/transactions.js"
import { findFree } from "./blocked-users.js"
import { countGoing } from "./count-going.js"
import { isOneOf, pickUsers } from "./find-users.js"
import { NOTHING_REMOVED, type PurgeJob, type PurgeStrategy } from "./job.js"
import type { PurgeReport } from "./types.js"

/** Counts what would go, in transactions that only read: a dry run. */
export const counting: PurgeStrategy = {
  dryRun: true,
  // A transaction that only reads can't lock.
  lock: sql``,
  tablesToSee: ({ follows, holds }) => [...follows, ...holds].map(({ table }) => table),
  // Where no row can belong to users of two batches, each batch can be counted by itself.
  run: (job, inBatches) => (job.graph.shared.size > 0 ? countInOneTransaction(job, inBatches) : inBatches(job)),
  inTransaction: (db, work) => retryTransaction(db, work, { ...READ_COMMITTED, accessMode: "read only" }),
  pick: pickUsers,
  async remove(tx, { search, graph }, { users }, room) {
    const { free, heldBack } = await findFree(tx, search, graph, users, room)
    if (free.length === 0) return { free, heldBack, removal: NOTHING_REMOVED }
    return { free, heldBack, removal: await countGoing(tx, search, graph, isOneOf(free, search.tables)) }
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
    return await retryTransaction(
      job.db,
      async (tx) => {
        await listGoneRows(tx)
        const sessionIsThere = await sessionNotGone(tx, job)
        const search = { ...job.search, goneBefore: job.graph.shared, sessionIsThere }
        throw new Counted(await inBatches({ ...job, db: tx, search, strategy: countingInOneTransaction }))
      },
      { isolationLevel: "repeatable read" },
    )
  } catch (error) {
    if (error instanceof Counted) return error.report
    throw error
  }
}

/** Builds `Search.sessionIsThere`. One query, or none where no row of two users can go. */
async function sessionNotGone(tx: Database, { search, graph }: PurgeJob): Promise<SQL | undefined> {
  const { sessionsTable } = search.tables
  const sessions = search.hasSessions ? await readTable(tx, sessionsTable) : undefined
  if (!sessions || !graph.shared.has(sessions.oid)) return undefined
  return notGoneBefore(
    sessions.oid,
    rowPlace(primaryKey(graph.rowKeys, sessions.oid), `${qualifiedName(sessionsTable)}.`),
  )
}
