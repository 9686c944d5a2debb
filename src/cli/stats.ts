import type { CAC } from "cac"
import { DONE, UsageError } from "./exit-codes.js"
import { besideOption, type GivenOptions, readDuration, readFlag, targetOptions } from "./options.js"
import { statsSummary } from "./report/stats-summary.js"
import type { Surroundings } from "./surroundings.js"
import { withTarget } from "./target.js"

/** Adds the command `stats`. */
export function addStats(cli: CAC, surroundings: Surroundings): void {
  const command = cli
    .command("stats", "Count the lazy users that were created, converted, merged and purged")
    .option(
      "--since <date>",
      "The first day to count (2026-01-31, in UTC), or how long ago it was, such as 90d (default: 30d)",
    )
    .option("--exact", "Count every lazy user of a large table, instead of a sample")
  targetOptions(besideOption(command))
    .example("  $ authjs-lazy stats --since 90d --config auth.ts")
    .example("  $ authjs-lazy stats --since 2026-01-31 --database-url postgres://localhost/app --json")
    .action((options: GivenOptions) => runStats(options, surroundings))
}

async function runStats(options: GivenOptions, surroundings: Surroundings): Promise<number> {
  const json = readFlag("--json", options.json)
  const since = options.since === undefined ? undefined : readSince(options.since)
  const exact = readFlag("--exact", options.exact)
  const beside = readFlag("--beside", options.beside)
  const { report, tables } = await withTarget(options, surroundings, {
    command: "stats",
    beside,
    async run({ store }) {
      const { lazy, tables } = await store()
      return { report: await lazy.stats({ since, ...(beside && { beside }), ...(exact && { exact }) }), tables }
    },
    failure: "The statistics failed",
  })
  surroundings.print(json ? JSON.stringify({ ...report, tables }) : statsSummary(report, tables, surroundings.stdout))
  return DONE
}

function readSince(given: unknown): Date {
  const text = String(given)
  const date = new Date(`${text}T00:00:00Z`)
  // JavaScript parses February 31 as a day in March, so compare the day.
  if (!Number.isNaN(date.valueOf()) && date.toISOString().startsWith(`${text}T`)) return date
  if (/^\d+[smhdw]$/.test(text)) return new Date(Date.now() - (readDuration("--since", given) ?? 0) * 1000)
  throw new UsageError("--since takes a day, such as 2026-01-31, or how long ago it was, such as 90d.")
}
