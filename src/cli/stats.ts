import type { CAC } from "cac"
import { LazyAdapter } from "../store/lazy-adapter.js"
import { namedTables } from "../store/tables/named-tables.js"
import { withDatabase } from "./database/open-database.js"
import {
  databaseAddress,
  databaseOptions,
  type GivenOptions,
  inSchemaOf,
  readFlag,
  showNote,
  tableNames,
  tableOptions,
} from "./database-options.js"
import { readDuration } from "./duration.js"
import { DONE } from "./exit-codes.js"
import { statsSummary } from "./stats-summary.js"
import { UsageError } from "./usage-error.js"

/** Adds `authjs-lazy stats`. */
export function addStats(cli: CAC): void {
  const command = cli
    .command("stats", "Tell how many lazy users were made, became real, were merged or purged")
    .option("--since <date>", "The first day (2026-01-31, in UTC), or how long ago it was, such as 90d (default: 30d)")
  tableOptions(databaseOptions(command))
    .example("  $ authjs-lazy stats --since 90d --database-url postgres://localhost/app")
    .example("  $ authjs-lazy stats --since 2026-01-31 --json")
    .action(runStats)
}

async function runStats(options: GivenOptions): Promise<number> {
  const address = databaseAddress(options)
  const names = tableNames(options)
  const json = readFlag("--json", options.json)
  const since = options.since === undefined ? undefined : readSince(options.since)
  const report = await withDatabase(address, {
    run: async (db, place) => LazyAdapter(db, await namedTables(db, inSchemaOf(names, place))).lazy.stats({ since }),
    failure: "The statistics failed",
    onNote: showNote,
  })
  console.log(json ? JSON.stringify(report) : statsSummary(report, process.stdout))
  return DONE
}

function readSince(given: unknown): Date {
  const text = String(given)
  const date = new Date(`${text}T00:00:00Z`)
  // Of the 31st of February, JavaScript makes a day in March.
  if (!Number.isNaN(date.valueOf()) && date.toISOString().startsWith(`${text}T`)) return date
  if (/^\d+[smhdw]$/.test(text)) return new Date(Date.now() - readDuration("--since", given) * 1000)
  throw new UsageError("--since takes a day, such as 2026-01-31, or how long ago it was, such as 90d.")
}
