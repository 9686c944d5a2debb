import type { PurgeReport } from "../../store/purge/types.js"
import type { ByTable } from "../../store/sql/by-table.js"
import { count, counted, printable } from "./format.js"

/**
 * Writes the report of a purge for people.
 * @param options.assumed whether nobody said how long sessions live
 */
export function purgeSummary(report: PurgeReport, { assumed }: { assumed: boolean }): string {
  const { purged, before, dryRun, deleted, skipped, failures, interrupted } = report
  return [
    `${dryRun ? "Would purge" : "Purged"} ${counted(purged, "lazy user")} last seen before ${before.toISOString()}.`,
    ...byTable(`Rows that ${dryRun ? "would go" : "have gone"} with them:`, deleted),
    ...byTable("Users skipped because rows of a table refer to them:", skipped),
    ...(failures > 0 ? [`Users whom the database would not let go: ${count(failures)}`, ...failed(report)] : []),
    ...(interrupted ? ["Stopped before the end. The next run takes up the rest."] : []),
    ...(assumed && purged > 0 && !hadSessions(report) ? [ASSUMED] : []),
  ].join("\n")
}

const ASSUMED =
  "None of them had a row of a session, so sessions are probably JWTs. They were taken to live for 30 days, the default " +
  "of Auth.js: if yours live longer, use --config, or a longer --older-than."

const hadSessions = ({ deleted }: PurgeReport) => Object.keys(deleted).some((table) => /(^|\.)"?session"?$/.test(table))

function byTable(title: string, counts: ByTable<number>): string[] {
  const rows = Object.entries(counts).map(([table, number]) => [printable(table), count(number)] as const)
  const [tables, numbers] = [0, 1].map((cell) => Math.max(...rows.map((row) => (row[cell] as string).length)))
  const lines = rows.map(
    ([table, number]) => `  ${table.padEnd(tables as number)}  ${number.padStart(numbers as number)}`,
  )
  return lines.length > 0 ? [title, ...lines] : []
}

function failed({ failed, failures }: PurgeReport): string[] {
  const lines = failed.map(({ userId, message }) => `  ${printable(userId)}: ${printable(message)}`)
  return failures > failed.length ? [...lines, `  and ${count(failures - failed.length)} more`] : lines
}
