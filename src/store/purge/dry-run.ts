import { listGoneRows } from "../deletion/gone-rows.js"
import type { PurgeJob } from "./run-batch.js"
import type { PurgeReport } from "./types.js"

/** Takes the report out of a transaction that is undone. */
class Counted extends Error {
  constructor(readonly report: PurgeReport) {
    super("The dry run is done.")
  }
}

/**
 * Counts batch after batch in one transaction, in which each row has its place for good, and each batch knows what went with those before it. It
 * ends by being undone.
 * @throws LazySetupError where no temporary table can be made
 */
export async function countInOneTransaction(
  job: PurgeJob,
  count: (job: PurgeJob) => Promise<PurgeReport>,
): Promise<PurgeReport> {
  try {
    return await job.db.transaction(
      async (tx) => {
        await listGoneRows(tx)
        const search = { ...job.search, goneBefore: job.graph.shared }
        throw new Counted(await count({ ...job, db: tx, search }))
      },
      { isolationLevel: "repeatable read" },
    )
  } catch (error) {
    if (error instanceof Counted) return error.report
    throw error
  }
}
