import { forReading, readPurgeGraph } from "../deletion/graph.js"
import { requireCountable } from "../deletion/require-countable.js"
import { tableExists } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { readClock } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"
import { refuseOtherUsers } from "../users/other-users.js"
import { checkSight } from "./check-sight.js"
import { counting } from "./counting.js"
import { deleting } from "./deleting.js"
import { deletingWithHook } from "./deleting-with-hook.js"
import { countCandidates, nextCandidates, PASSES, type Place } from "./find-users.js"
import { narrowDown } from "./isolate-failures.js"
import type { Candidate, PurgeJob, PurgeStrategy } from "./job.js"
import { noLaterThan, type PurgeSettings, resolvePurgeOptions } from "./options.js"
import { addBatch, type RunningReport, roomFor, startReport } from "./report.js"
import { purgeBatch } from "./run-batch.js"
import type { PurgeOptions, PurgeReport } from "./types.js"

/** Implements `LazyStore.purge`. */
export async function purgeLazyUsers(db: Database, tables: Tables, options: PurgeOptions = {}): Promise<PurgeReport> {
  const given = resolvePurgeOptions(options, tables)
  const settings = noLaterThan(await readClock(db), given)
  const strategy = strategyFor(settings)
  const [hasSessions, found] = await Promise.all([
    tableExists(db, tables.sessionsTable),
    readPurgeGraph(db, tables, settings.cascade),
  ])
  const graph = settings.dryRun ? forReading(found) : found
  const job: PurgeJob = { db, search: { tables, settings, hasSessions, within: graph.within }, graph, strategy }
  await checkSight(job)
  if (!settings.dryRun) await requireCountable(db, graph)
  const report = await strategy.run(job, purgeInBatches)
  if (!settings.beside && foundNobody(report, settings)) await refuseOtherUsers(db, tables, "purge")
  return report
}

/** Tells whether the purge looked for users and found none that could go. */
function foundNobody({ purged, skipped, failures, interrupted }: PurgeReport, { limit }: PurgeSettings): boolean {
  return purged + failures + Object.keys(skipped).length === 0 && !interrupted && limit > 0
}

function strategyFor({ dryRun, onPurge }: PurgeSettings): PurgeStrategy {
  if (dryRun) return counting
  return onPurge ? deletingWithHook(onPurge) : deleting
}

async function purgeInBatches(job: PurgeJob): Promise<PurgeReport> {
  const { settings } = job.search
  const { batchSize: size, signal, onProgress } = settings
  const running = startReport(job)
  const { report } = running
  const total = onProgress ? await countCandidates(job.db, job.search) : 0

  for (const pass of PASSES) {
    let after: Candidate | undefined
    for (;;) {
      if (roomFor(job, running) === 0) return report
      if (signal?.aborted) return { ...report, interrupted: true }
      const { users, rest } = await purgeNext(job, running, { pass, after, size })
      if (users.length > 0) onProgress?.({ purged: report.purged, left: running.left, total })
      if (running.unreached) return { ...report, interrupted: true }
      // Users that another purge has locked were passed over: that purge deletes them.
      if (users.length < size && rest.length === 0) break
      after = users.at(-1 - rest.length)
    }
  }
  return report
}

/**
 * Purges the next users there are.
 * @returns the users it found, with any outcome, and the last of them that it did not get to
 */
async function purgeNext(
  job: PurgeJob,
  running: RunningReport,
  place: Place,
): Promise<{ users: Candidate[]; rest: Candidate[] }> {
  let users: Candidate[] = []
  try {
    const batch = await purgeBatch(job, roomFor(job, running), async (tx) => {
      const picked = await nextCandidates(tx, job, place)
      users = picked.users
      return picked
    })
    addBatch(running, batch)
    return { users, rest: batch.rest }
  } catch (error) {
    if (users.length === 0) throw error
    await narrowDown(job, running, users, error)
    return { users, rest: [] }
  }
}
