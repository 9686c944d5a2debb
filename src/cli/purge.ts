import type { CAC } from "cac"
import { LazySetupError } from "../errors.js"
import type { PurgeReport } from "../store/purge/types.js"
import { readReferringTable, tableExists } from "../store/sql/catalogue/tables.js"
import type { Database } from "../store/sql/database.js"
import { qualifiedName } from "../store/sql/identifiers.js"
import { schema } from "../store/tables/schema.js"
import type { AppConfig } from "./app/app-config.js"
import { DONE, LEFT } from "./exit-codes.js"
import { besideOption, type GivenOptions, readFlag, targetOptions } from "./options.js"
import { joinPurgeOptions, ownCascade, readPurgeOptions } from "./purge-options.js"
import { type Progress, showProgress } from "./report/progress.js"
import { purgeSummary } from "./report/purge-summary.js"
import { stopSignal } from "./stop-signal.js"
import { type Surroundings, tell } from "./surroundings.js"
import { withTarget } from "./target.js"

/** Adds the command `purge`. */
export function addPurge(cli: CAC, surroundings: Surroundings): void {
  const command = cli
    .command("purge", "Delete lazy users who can never return")
    .option(
      "--older-than <duration>",
      "Delete users not seen for longer than this, such as 60d (default: the longest session of --config, else 30d)",
    )
    .option("--force", "Allow an --older-than below the age of a session")
    .option("--batch-size <count>", "Users to delete in one transaction (default: 1000)")
    .option("--limit <count>", "The most users to delete (default: all)")
    .option("--dry-run", "Report what would be deleted, and change nothing")
    .option("--cascade", "Also delete rows that refer to the users without ON DELETE, whichever user created them")
  targetOptions(besideOption(command))
    .example("  $ authjs-lazy purge --dry-run --config auth.ts")
    .example("  $ authjs-lazy purge --database-url postgres://localhost/app --older-than 90d")
    .action((options: GivenOptions) => runPurge(options, surroundings))
}

async function runPurge(options: GivenOptions, surroundings: Surroundings): Promise<number> {
  const given = readPurgeOptions(options)
  const json = readFlag("--json", options.json)
  const beside = readFlag("--beside", options.beside)
  let progress: Progress | undefined
  const stop = stopSignal(() => {
    progress?.end()
    tell(surroundings, "Stopping after this batch. A second signal stops at once.")
  })
  try {
    const { report, app, tables } = await withTarget(options, surroundings, {
      command: "purge",
      beside,
      async run({ app, db, store }) {
        if (app) await refuseMissingSessions(db, app)
        const { lazy, tables } = await store()
        const shown = showProgress(given.dryRun ? "Counting" : "Purging", surroundings.stderr)
        progress = shown
        const purgeOptions = joinPurgeOptions(given, app, {
          signal: stop.signal,
          onProgress: ({ purged, left, total }) => shown.update(purged + left, total),
        })
        const report = await lazy.purge(beside ? { ...purgeOptions, beside } : purgeOptions)
        return { report, app, tables }
      },
      failure: "The purge failed",
    })
    progress?.end()
    // Without a configuration, the tables of a purge that deleted users are the default ones.
    const named = app !== undefined || report.purged === 0
    const assumed = !app && given.olderThan === undefined
    const cascade = given.cascade || (app !== undefined && ownCascade(app))
    surroundings.print(
      json
        ? JSON.stringify({ ...report, ...(named && { tables }) })
        : purgeSummary(report, { assumed, tables, named, cascade, file: app?.file }),
    )
    return isComplete(report) ? DONE : LEFT
  } finally {
    progress?.end()
    stop.release()
  }
}

/**
 * Keeps users with a live session from being purged because the configuration is not the one that
 * the app runs with, and its sessions are in another table.
 */
async function refuseMissingSessions(db: Database, { auth, file, tables }: AppConfig): Promise<void> {
  const { sessionsTable = schema.sessionsTable } = tables
  if (auth().session?.strategy === "jwt" || (await tableExists(db, sessionsTable))) return
  const other = await readReferringTable(db, qualifiedName(tables.usersTable ?? schema.usersTable), "sessiontoken")
  if (other === undefined) return
  throw new LazySetupError(
    `--config: ${file} keeps sessions in the database, but there is no table ${qualifiedName(sessionsTable)}, and ${other} looks like a table of sessions. ` +
      'Pass it, as your app does: LazyAdapter(db, { sessionsTable }). If your app keeps no sessions in the database, write session: { strategy: "jwt" }.',
  )
}

const isComplete = ({ skipped, failures, interrupted }: PurgeReport) =>
  Object.keys(skipped).length === 0 && failures === 0 && !interrupted
