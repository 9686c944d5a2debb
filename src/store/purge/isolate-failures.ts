import { endsPurge, isTransient } from "./errors.js"
import { lockCandidates } from "./find-users.js"
import type { Candidate, PurgeJob } from "./job.js"
import { addBatch, addFailure, type RunningReport, roomFor } from "./report.js"
import { type BatchReport, purgeBatch } from "./run-batch.js"

/**
 * Purges users whose batch failed, in ever smaller batches, until only those are left who fail by
 * themselves.
 */
export async function narrowDown(
  job: PurgeJob,
  running: RunningReport,
  users: Candidate[],
  error: unknown,
): Promise<void> {
  // PostgreSQL runs nothing more in a transaction in which a statement has failed.
  if (endsPurge(error, job.graph.engine) || job.search.goneBefore) throw error
  const [user] = users
  if (users.length === 1 && user) return retryOne(job, running, user, error)
  const middle = users.length >> 1
  await purgePart(job, running, users.slice(0, middle))
  await purgePart(job, running, users.slice(middle))
}

async function purgePart(job: PurgeJob, running: RunningReport, users: Candidate[]): Promise<void> {
  for (let rest = users; rest.length > 0 && roomFor(job, running) > 0; ) {
    if (job.search.settings.signal?.aborted) {
      running.unreached = true
      return
    }
    try {
      const batch = await purgeAgain(job, running, rest)
      addBatch(running, batch)
      rest = batch.rest
    } catch (error) {
      return narrowDown(job, running, rest, error)
    }
  }
}

async function retryOne(job: PurgeJob, running: RunningReport, user: Candidate, error: unknown): Promise<void> {
  if (!isTransient(error)) return addFailure(running, job, user, error)
  await pause()
  try {
    addBatch(running, await purgeAgain(job, running, [user]))
  } catch (error) {
    if (endsPurge(error, job.graph.engine)) throw error
    addFailure(running, job, user, error)
  }
}

function purgeAgain(job: PurgeJob, running: RunningReport, users: Candidate[]): Promise<BatchReport> {
  return purgeBatch(job, roomFor(job, running), (tx) => lockCandidates(tx, job, users))
}

/** Waits for a time that differs from that of another purge which ran into the same rows. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 150))
}
