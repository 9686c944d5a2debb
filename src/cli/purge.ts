import type { CAC } from "cac"
import { LazyAdapter } from "../store/lazy-adapter.js"
import type { PurgeOptions, PurgeReport } from "../store/purge/types.js"
import { namedTables } from "../store/tables/named-tables.js"
import { withDatabase } from "./database/open-database.js"
import {
  databaseAddress,
  databaseOptions,
  type GivenOptions,
  inSchemaOf,
  readCount,
  readFlag,
  showNote,
  tableNames,
  tableOptions,
} from "./database-options.js"
import { readOptionalDuration } from "./duration.js"
import { DONE, LEFT } from "./exit-codes.js"
import { showProgress } from "./progress.js"
import { purgeSummary } from "./purge-summary.js"
import { stopSignal } from "./stop-signal.js"

/** Adds `authjs-lazy purge`. */
export function addPurge(cli: CAC): void {
  const command = cli
    .command("purge", "Delete lazy users who can never come back")
    .option("--older-than <duration>", "Not seen for longer than this, such as 60d or 12h (default: --session-max-age)")
    .option("--session-max-age <duration>", "How long a session of the app lives: its session.maxAge (default: 30d)")
    .option("--force", "Let --older-than be shorter than a session lives")
    .option("--batch-size <count>", "How many users go in one transaction (default: 1000)")
    .option("--limit <count>", "How many users go at most (default: all)")
    .option("--dry-run", "Say what would go, and change nothing")
    .option("--cascade", "Delete rows that refer to the users without ON DELETE as well, whoever made them")
  tableOptions(databaseOptions(command))
    .example("  $ authjs-lazy purge --dry-run --database-url postgres://localhost/app")
    .example("  $ authjs-lazy purge --older-than 60d --session-max-age 30d")
    .example("  $ authjs-lazy purge --schema app --users-table users --sessions-table sessions --json")
    .action(runPurge)
}

async function runPurge(options: GivenOptions): Promise<number> {
  const address = databaseAddress(options)
  const names = tableNames(options)
  const purgeOptions = readPurgeOptions(options)
  const json = readFlag("--json", options.json)
  const progress = showProgress(purgeOptions.dryRun ? "Counting" : "Purging", process.stderr)
  const stop = stopSignal(() => {
    progress.end()
    console.error("Stopping after this batch. Once more stops at once.")
  })
  try {
    const report = await withDatabase(address, {
      run: async (db, place) =>
        LazyAdapter(db, await namedTables(db, inSchemaOf(names, place))).lazy.purge({
          ...purgeOptions,
          signal: stop.signal,
          onProgress: ({ purged, left, total }) => progress.update(purged + left, total),
        }),
      failure: "The purge failed",
      onNote: showNote,
    })
    progress.end()
    console.log(json ? JSON.stringify(report) : purgeSummary(report))
    return isComplete(report) ? DONE : LEFT
  } finally {
    progress.end()
    stop.release()
  }
}

function readPurgeOptions(options: GivenOptions): PurgeOptions {
  return {
    olderThan: readOptionalDuration("--older-than", options.olderThan),
    sessionMaxAge: readOptionalDuration("--session-max-age", options.sessionMaxAge),
    force: readFlag("--force", options.force),
    batchSize: readCount("--batch-size", options.batchSize),
    limit: readCount("--limit", options.limit),
    dryRun: readFlag("--dry-run", options.dryRun),
    cascade: readFlag("--cascade", options.cascade),
  }
}

const isComplete = ({ skipped, failures, interrupted }: PurgeReport) =>
  Object.keys(skipped).length === 0 && failures === 0 && !interrupted
