import { writeFile } from "node:fs/promises"
import { resolve } from "node:path"
import type { CAC } from "cac"
import type { StatsReport } from "../store/stats/types.js"
import { DONE, UsageError } from "./exit-codes.js"
import { besideOption, type GivenOptions, readDuration, readFlag, readText, targetOptions } from "./options.js"
import { ownHeldBack } from "./purge-options.js"
import { statsSummary } from "./report/stats-summary.js"
import { type Surroundings, tell } from "./surroundings.js"
import { withTarget } from "./target.js"

/** Adds the command `stats`. */
export function addStats(cli: CAC, surroundings: Surroundings): void {
  const command = cli
    .command("stats", "Count the lazy users that were created, converted, merged and purged")
    .option(
      "--since <date>",
      "The first day to count (2026-01-31, in UTC), or how long ago it was, such as 90d (default: 30d)",
    )
    .option("--html <file>", "Also write a page with charts (default for --since: 12 weeks)")
    .option("--exact", "Count every lazy user of a large table, instead of a sample")
  targetOptions(besideOption(command))
    .example("  $ authjs-lazy stats --since 90d --config auth.ts")
    .example("  $ authjs-lazy stats --since 2026-01-31 --database-url postgres://localhost/app --json")
    .example("  $ authjs-lazy stats --html report.html --config auth.ts")
    .action((options: GivenOptions) => runStats(options, surroundings))
}

async function runStats(options: GivenOptions, surroundings: Surroundings): Promise<number> {
  const json = readFlag("--json", options.json)
  const given = options.since === undefined ? undefined : readSince(options.since)
  const beside = readFlag("--beside", options.beside)
  const exact = readFlag("--exact", options.exact)
  const file = readText("--html", options.html, "file")
  // Find out that a package is missing before the database counts.
  const page = file === undefined ? undefined : await loadPage()
  const since = given ?? page?.firstMonday(WEEKS)
  const { report, tables } = await withTarget(options, surroundings, {
    command: "stats",
    beside,
    async run({ app, store }) {
      const { lazy, tables } = await store()
      const wanted = { since, ...(beside && { beside }), ...(exact && { exact }) }
      const details = page && { details: true, purge: app && ownHeldBack(app) }
      return { report: await lazy.stats({ ...wanted, ...details }), tables }
    },
    failure: "The statistics failed",
  })
  if (page && file !== undefined) {
    await write(resolve(surroundings.cwd, file), await page.render(report), file)
    tell(surroundings, `authjs-lazy: Wrote ${file}.`)
  }
  surroundings.print(json ? JSON.stringify({ ...report, tables }) : statsSummary(report, tables, surroundings.stdout))
  return DONE
}

/** How many weeks the page looks back without `--since`. */
const WEEKS = 12

/**
 * Loads the page, which only `--html` needs.
 * @throws LazySetupError when a package that draws the charts is not installed
 */
async function loadPage() {
  const [{ firstMonday, renderStats }, { loadDrawing }] = await Promise.all([
    import("../stats/document.js"),
    import("../stats/drawing.js"),
  ])
  await loadDrawing()
  const render = (report: StatsReport) => {
    const { details } = report
    if (!details) throw new Error("The store reported no details, which the page needs.")
    return renderStats({ ...report, details }, { at: new Date() })
  }
  return { firstMonday, render }
}

async function write(path: string, html: string, file: string): Promise<void> {
  try {
    await writeFile(path, html)
  } catch (error) {
    throw new UsageError(`--html: ${file} could not be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}

function readSince(given: unknown): Date {
  const text = String(given)
  const date = new Date(`${text}T00:00:00Z`)
  // JavaScript parses February 31 as a day in March, so compare the day.
  if (!Number.isNaN(date.valueOf()) && date.toISOString().startsWith(`${text}T`)) return date
  if (/^\d+[smhdw]$/.test(text)) return new Date(Date.now() - (readDuration("--since", given) ?? 0) * 1000)
  throw new UsageError("--since takes a day, such as 2026-01-31, or how long ago it was, such as 90d.")
}
