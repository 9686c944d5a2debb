import { endsPurge, isTransient } from "./errors.js"
import { type Candidate, lockCandidates } from "./find-users.js"
import { addBatch, addFailure, roomFor, type Tally } from "./report.js"
import { type BatchReport, type PurgeJob, purgeBatch } from "./run-batch.js"

/** Purges users whose batch failed in ever smaller ones, until only those are left who fail by themselves. */
export async function narrowDown(job: PurgeJob, tally: Tally, users: Candidate[], error: unknown): Promise<void> {
  // A transaction in which a statement has failed is of no use any more.
  if (endsPurge(error) || job.search.goneBefore) throw error
  const [user] = users
  if (users.length === 1 && user) return retryOne(job, tally, user, error)
  const middle = users.length >> 1
  await purgePart(job, tally, users.slice(0, middle))
  await purgePart(job, tally, users.slice(middle))
}

async function purgePart(job: PurgeJob, tally: Tally, users: Candidate[]): Promise<void> {
  for (let rest = users; rest.length > 0 && roomFor(job, tally) > 0; ) {
    if (job.search.settings.signal?.aborted) {
      tally.unreached = true
      return
    }
    try {
      const batch = await purgeAgain(job, tally, rest)
      addBatch(tally, batch)
      rest = batch.rest
    } catch (error) {
      return narrowDown(job, tally, rest, error)
    }
  }
}

async function retryOne(job: PurgeJob, tally: Tally, user: Candidate, error: unknown): Promise<void> {
  if (!isTransient(error)) return addFailure(tally, job, user, error)
  await pause()
  try {
    addBatch(tally, await purgeAgain(job, tally, [user]))
  } catch (error) {
    if (endsPurge(error)) throw error
    addFailure(tally, job, user, error)
  }
}

function purgeAgain(job: PurgeJob, tally: Tally, users: Candidate[]): Promise<BatchReport> {
  return purgeBatch(job, roomFor(job, tally), (tx) => lockCandidates(tx, job.search, users))
}

/** For a time that differs from that of another purge which ran into the same rows. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 150))
}
