import type { CAC } from "cac"
import type { AdoptReport } from "../store/adopt/types.js"
import { readAdoptOptions } from "./adopt-options.js"
import { DONE, LEFT, UsageError } from "./exit-codes.js"
import { type GivenOptions, readFlag, targetOptions } from "./options.js"
import { adoptSummary } from "./report/adopt-summary.js"
import { type Progress, showProgress } from "./report/progress.js"
import { stopSignal } from "./stop-signal.js"
import { type Surroundings, tell } from "./surroundings.js"
import { withTarget } from "./target.js"

/** Adds the command `adopt`. */
export function addAdopt(cli: CAC, surroundings: Surroundings): void {
  const command = cli
    .command("adopt", "Make lazy users of the guests that your app has made by hand")
    .option("--where <condition>", "The SQL condition on the user table that only your guests fulfil")
    .option("--dry-run", "Show ten of them, count the rest, and change nothing")
    .option("--everyone", "Allow a condition that matches every user")
    .option("--created-at <column>", "The column that says when your app made a user (default: lazy since now)")
    .option(
      "--old-app-until <date>",
      "When the last process of your app without this library will have stopped (default: now)",
    )
    .option("--old-session-max-age <duration>", "How long sessions lived before, such as 90d, if longer than now")
    .option("--batch-size <count>", "Users to adopt in one transaction (default: 500)")
    .option("--limit <count>", "The most users to adopt (default: all)")
  targetOptions(command)
    .example(`  $ authjs-lazy adopt --config auth.ts --where "email like 'guest-%'" --dry-run`)
    .example(`  $ authjs-lazy adopt --config auth.ts --where "email like 'guest-%'" --created-at created_at`)
    .action((options: GivenOptions) => runAdopt(options, surroundings))
}

const NO_CONDITION =
  "--where is missing: the condition that only your guests fulfil. Write: --where \"email like 'guest-%'\""

async function runAdopt(options: GivenOptions, surroundings: Surroundings): Promise<number> {
  const given = readAdoptOptions(options)
  const json = readFlag("--json", options.json)
  let progress: Progress | undefined
  const stop = stopSignal(() => {
    progress?.end()
    tell(surroundings, "Stopping after this batch. A second signal stops at once.")
  })
  try {
    const report = await withTarget(options, surroundings, {
      command: "adopt",
      async run({ app, store }) {
        const { lazy } = await store()
        const { where, ...rest } = given
        if (!where) throw new UsageError(NO_CONDITION)
        const shown = showProgress("Adopting", surroundings.stderr)
        progress = shown
        return lazy.adopt({
          ...app?.generators,
          ...(app && { sessionMaxAge: app.sessionMaxAge }),
          ...rest,
          where,
          signal: stop.signal,
          onProgress: ({ adopted, failed, total }) => shown.update(adopted + failed, Math.max(total, adopted + failed)),
        })
      },
      failure: "The adoption failed",
      beside: readFlag("--beside", options.beside),
    })
    progress?.end()
    surroundings.print(json ? JSON.stringify(report) : adoptSummary(report))
    return isComplete(report) ? DONE : LEFT
  } finally {
    progress?.end()
    stop.release()
  }
}

/** Tells whether nothing is left to do. Users whom this library knows already need nothing. */
function isComplete({ skipped, failures, left, interrupted, preview }: AdoptReport): boolean {
  const { lazy: _, converted: __, ...real } = skipped
  return Object.keys(real).length === 0 && failures === 0 && left === 0 && !interrupted && !preview?.needsEveryone
}
