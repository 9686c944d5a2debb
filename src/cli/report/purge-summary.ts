import type { PurgeReport } from "../../store/purge/types.js"
import type { ByTable } from "../../store/sql/by-table.js"
import { count, counted, printable, tablesLookedAt } from "./format.js"

/** Describes how a purge was run, as far as the text on its report depends on it. */
interface Run {
  /** Whether the age of a session is the default of Auth.js. */
  assumed: boolean
  /** The tables that it looked at, that of the users first. */
  tables: string[]
  /** Whether to name these tables. */
  named: boolean
  cascade: boolean
  /** The module with the app's configuration. */
  file: string | undefined
}

/** Formats the report of a purge as text. */
export function purgeSummary(report: PurgeReport, run: Run): string {
  const { purged, before, dryRun, deleted, skipped, failures, interrupted } = report
  return [
    `${dryRun ? "Would purge" : "Purged"} ${counted(purged, "lazy user")} last seen before ${before.toISOString()}.`,
    ...byTable(dryRun ? "Rows that would be deleted with them:" : "Rows deleted with them:", deleted),
    ...(Object.keys(skipped).length > 0 ? [wayOut(report, run)] : []),
    ...byTable("Users skipped because rows in these tables refer to them:", skipped),
    ...(failures > 0 ? [`Users that could not be deleted: ${count(failures)}`, ...failed(report)] : []),
    ...(interrupted ? ["Interrupted. The next run continues with the rest."] : []),
    ...(run.named ? [tablesLookedAt(run.tables)] : []),
    ...(run.assumed && purged > 0 && !hadSessions(report) ? [ASSUMED] : []),
  ].join("\n")
}

/** Says how users go who are held back. Other users are never deleted, also not by `cascade`. */
function wayOut({ skipped }: PurgeReport, { cascade, file, tables: [users] }: Run): string {
  const doctor = `Held back by foreign keys. To change these: npx authjs-lazy doctor${file === undefined ? "" : ` --config ${file}`}`
  if (cascade || Object.keys(skipped).every((table) => table === users)) return doctor
  return `${doctor}\nTo delete the rows that refer to the users, whichever user created them: --cascade (try it with --dry-run first).`
}

const ASSUMED =
  "None of them had a session row, so your app probably uses JWT sessions. The purge assumed that these live for 30 days, " +
  "the default of Auth.js. If yours live longer, pass --config, or a longer --older-than."

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
