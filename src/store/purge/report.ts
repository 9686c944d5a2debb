import { addRows } from "../sql/by-table.js"
import { messageOf } from "../sql/error-message.js"
import { tableInTheWay } from "./errors.js"
import type { Candidate } from "./find-users.js"
import type { BatchReport, PurgeJob } from "./run-batch.js"
import type { PurgeReport } from "./types.js"

/** How many failed users a report names. */
const NAMED = 100

/** A report in the making, and how many users were skipped or failed so far. */
export interface Tally {
  report: PurgeReport
  left: number
  /** Whether users of a batch that failed were left when the signal came. */
  unreached: boolean
}

/** For a purge that has just begun. */
export function newTally({ before, dryRun }: { before: Date; dryRun: boolean }): Tally {
  const report = { purged: 0, deleted: {}, skipped: {}, failed: [], failures: 0, interrupted: false, dryRun, before }
  return { report, left: 0, unreached: false }
}

/** How many users may still go. */
export function roomFor({ search }: PurgeJob, { report }: Tally): number {
  return search.settings.limit - report.purged
}

/** Counts what became of the users of a batch. */
export function addBatch(tally: Tally, { purged, deleted, heldBack }: BatchReport): void {
  const { report } = tally
  report.purged += purged
  for (const [table, rows] of Object.entries(deleted)) addRows(report.deleted, table, rows)
  for (const tables of heldBack.values()) addSkipped(tally, tables)
}

function addSkipped(tally: Tally, tables: Iterable<string>): void {
  for (const table of tables) addRows(tally.report.skipped, table, 1)
  tally.left++
}

/** Counts a user who failed: as skipped, where rows of a table are what keeps the user from going. */
export function addFailure(tally: Tally, { graph }: PurgeJob, user: Candidate, error: unknown): void {
  const table = tableInTheWay(error, graph)
  if (table === undefined) addFailed(tally, user, error)
  else addSkipped(tally, [table])
}

function addFailed(tally: Tally, { id: userId }: Candidate, error: unknown): void {
  const { report } = tally
  report.failures++
  if (report.failed.length < NAMED) report.failed.push({ userId, message: messageOf(error) })
  tally.left++
}
