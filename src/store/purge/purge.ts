import { readPurgeGraph } from "../deletion/graph.js"
import type { Database } from "../sql/database.js"
import type { Tables } from "../tables/resolve-tables.js"
import { tableExists } from "../users/sessions.js"
import { checkSight } from "./check-sight.js"
import { countInOneTransaction } from "./dry-run.js"
import { type Candidate, countCandidates, nextCandidates, PASSES, type Place } from "./find-users.js"
import { narrowDown } from "./isolate-failures.js"
import { resolvePurgeOptions } from "./options.js"
import { addBatch, newTally, roomFor, type Tally } from "./report.js"
import { type PurgeJob, purgeBatch } from "./run-batch.js"
import type { PurgeOptions, PurgeReport } from "./types.js"

/** See `LazyStore.purge`. */
export async function purgeLazyUsers(db: Database, tables: Tables, options: PurgeOptions = {}): Promise<PurgeReport> {
  const settings = resolvePurgeOptions(options, tables)
  const hasSessions = await tableExists(db, tables.sessionsTable)
  const graph = await readPurgeGraph(db, tables, settings.cascade)
  const job = { db, search: { tables, settings, hasSessions, within: graph.within }, graph }
  await checkSight(db, job.search, graph)
  // Where no row can hang on users of two batches, these can be counted each by itself, without writing anything.
  const isShared = job.graph.shared.size > 0
  return settings.dryRun && isShared ? countInOneTransaction(job, purgeInBatches) : purgeInBatches(job)
}

async function purgeInBatches(job: PurgeJob): Promise<PurgeReport> {
  const { settings } = job.search
  const { batchSize: size, signal, onProgress } = settings
  const tally = newTally(settings)
  const { report } = tally
  const total = onProgress ? await countCandidates(job.db, job.search) : 0

  for (const pass of PASSES) {
    let after: Candidate | undefined
    for (;;) {
      if (roomFor(job, tally) === 0) return report
      if (signal?.aborted) return { ...report, interrupted: true }
      const { users, rest } = await purgeNext(job, tally, { pass, after, size })
      if (users.length > 0) onProgress?.({ purged: report.purged, left: tally.left, total })
      if (tally.unreached) return { ...report, interrupted: true }
      // Those whom another purge has locked are passed over, and are its own.
      if (users.length < size && rest.length === 0) break
      after = users.at(-1 - rest.length)
    }
  }
  return report
}

/** Purges the next users there are; returns those it found, whatever became of them, and the last of them that it didn't get to. */
async function purgeNext(
  job: PurgeJob,
  tally: Tally,
  place: Place,
): Promise<{ users: Candidate[]; rest: Candidate[] }> {
  let users: Candidate[] = []
  try {
    const batch = await purgeBatch(job, roomFor(job, tally), async (tx) => {
      const picked = await nextCandidates(tx, job.search, place)
      users = picked.users
      return picked
    })
    addBatch(tally, batch)
    return { users, rest: batch.rest }
  } catch (error) {
    if (users.length === 0) throw error
    await narrowDown(job, tally, users, error)
    return { users, rest: [] }
  }
}
