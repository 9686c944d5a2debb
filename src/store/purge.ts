import type { Database, PurgeOptions, PurgeReport } from "./lazy-store.js"
import { type BatchReport, type PurgeJob, purgeBatch } from "./purge-batch.js"
import {
  type Candidate,
  countCandidates,
  lockCandidates,
  nextCandidates,
  PASSES,
  type Place,
} from "./purge-candidates.js"
import { endsPurge, isTransient } from "./purge-failures.js"
import { readPurgeGraph } from "./purge-graph.js"
import { resolvePurgeOptions } from "./purge-options.js"
import { addBatch, addFailure, newTally, type Tally } from "./purge-tally.js"
import { tableExists } from "./sessions.js"
import type { Tables } from "./tables.js"

/** See `LazyStore.purge`. */
export async function purgeLazyUsers(db: Database, tables: Tables, options: PurgeOptions = {}): Promise<PurgeReport> {
  const settings = resolvePurgeOptions(options, tables)
  const { batchSize, limit, signal, onProgress } = settings
  const tally = newTally(settings)
  const { report } = tally
  const search = { tables, settings, hasSessions: await tableExists(db, tables.sessionsTable) }
  const job = { db, search, graph: await readPurgeGraph(db, tables, settings.cascade) }
  const total = onProgress ? await countCandidates(db, search) : 0

  for (const pass of PASSES) {
    let after: Candidate | undefined
    for (;;) {
      const size = Math.min(batchSize, limit - report.purged)
      if (size === 0) return report
      if (signal?.aborted) return { ...report, interrupted: true }
      const users = await purgeNext(job, tally, { pass, after, size })
      if (users.length > 0) onProgress?.({ purged: report.purged, left: tally.left, total })
      if (tally.unreached) return { ...report, interrupted: true }
      // Those whom another purge has locked are passed over, and are its own.
      if (users.length < size) break
      after = users.at(-1)
    }
  }
  return report
}

/** Purges the next users there are; returns those it found, whatever became of them. */
async function purgeNext(job: PurgeJob, tally: Tally, place: Place): Promise<Candidate[]> {
  let users: Candidate[] = []
  try {
    const batch = await purgeBatch(job, async (tx) => {
      users = await nextCandidates(tx, job.search, place)
      return users
    })
    addBatch(tally, batch)
  } catch (error) {
    if (users.length === 0) throw error
    await narrowDown(job, tally, users, error)
  }
  return users
}

/** Purges users whose batch failed in ever smaller ones, until only those are left who fail by themselves. */
async function narrowDown(job: PurgeJob, tally: Tally, users: Candidate[], error: unknown): Promise<void> {
  if (endsPurge(error)) throw error
  const [user] = users
  if (users.length === 1 && user) return retryOne(job, tally, user, error)
  const middle = users.length >> 1
  for (const half of [users.slice(0, middle), users.slice(middle)]) {
    if (job.search.settings.signal?.aborted) {
      tally.unreached = true
      return
    }
    try {
      addBatch(tally, await purgeAgain(job, half))
    } catch (error) {
      await narrowDown(job, tally, half, error)
    }
  }
}

async function retryOne(job: PurgeJob, tally: Tally, user: Candidate, error: unknown): Promise<void> {
  if (!isTransient(error)) return addFailure(tally, job, user, error)
  await pause()
  try {
    addBatch(tally, await purgeAgain(job, [user]))
  } catch (error) {
    if (endsPurge(error)) throw error
    addFailure(tally, job, user, error)
  }
}

function purgeAgain(job: PurgeJob, users: Candidate[]): Promise<BatchReport> {
  return purgeBatch(job, (tx) => lockCandidates(tx, job.search, users))
}

/** For a time that differs from that of another purge which ran into the same rows. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 150))
}
