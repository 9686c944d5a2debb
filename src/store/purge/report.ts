import { addRows } from "../sql/by-table.js"
import { messageOf } from "../sql/error-message.js"
import { tableInTheWay } from "./errors.js"
import type { Candidate, PurgeJob } from "./job.js"
import type { BatchReport } from "./run-batch.js"
import type { PurgeReport } from "./types.js"

/** How many failed users a report names. */
const NAMED = 100

/** The report of a purge that is still running. */
export interface RunningReport {
  report: PurgeReport
  /** How many users were skipped or failed so far. */
  left: number
  /** Whether users of a batch that failed were left when the signal came. */
  unreached: boolean
}

/** Makes the report of a purge that has just begun. */
export function startReport({ search, strategy: { dryRun } }: PurgeJob): RunningReport {
  const { before } = search.settings
  const report = { purged: 0, deleted: {}, skipped: {}, failed: [], failures: 0, interrupted: false, dryRun, before }
  return { report, left: 0, unreached: false }
}

/** Tells how many users may still go. */
export function roomFor({ search }: PurgeJob, { report }: RunningReport): number {
  return search.settings.limit - report.purged
}

/** Adds what became of the users of a batch. */
export function addBatch(running: RunningReport, { purged, deleted, heldBack }: BatchReport): void {
  const { report } = running
  report.purged += purged
  for (const [table, rows] of Object.entries(deleted)) addRows(report.deleted, table, rows)
  for (const tables of heldBack.values()) addSkipped(running, tables)
}

function addSkipped(running: RunningReport, tables: Iterable<string>): void {
  for (const table of tables) addRows(running.report.skipped, table, 1)
  running.left++
}

/** Adds a user who failed; as skipped, where rows of a table keep the user from going. */
export function addFailure(running: RunningReport, { graph }: PurgeJob, user: Candidate, error: unknown): void {
  const table = tableInTheWay(error, graph)
  if (table === undefined) addFailed(running, user, error)
  else addSkipped(running, [table])
}

function addFailed(running: RunningReport, { id: userId }: Candidate, error: unknown): void {
  const { report } = running
  report.failures++
  if (report.failed.length < NAMED) report.failed.push({ userId, message: messageOf(error) })
  running.left++
}
