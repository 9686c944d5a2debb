import { createHash } from "node:crypto"
import { renderToString } from "preact-render-to-string"
import { type Charts, drawCharts } from "./charts.js"
import { loadDrawing } from "./drawing.js"
import { type DetailedReport, reservationOf } from "./figures.js"
import { Funnel, HeldBackSection, Retention, Times, Totals, WaysByWeek } from "./sections.js"
import { statsStyle } from "./style.js"

/** How many weeks the page offers to look back. */
export const PERIODS = [4, 12, 52] as const

/** Allows the style sheet of the page by its hash, and nothing else. */
const STYLE_POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(statsStyle).digest("base64")}'; base-uri 'none'; form-action 'none'`

/** The Content-Security-Policy of an answer with the page. Only a header can forbid frames. */
export const CONTENT_SECURITY_POLICY = `${STYLE_POLICY}; frame-ancestors 'none'`

/** What the page says beside the report. */
interface PageParts {
  /** The moment of the report. */
  at: Date
  /** How many weeks the report looks back, where the page links to other periods. */
  weeks?: number
}

/**
 * Renders a report as a page that needs no script, no image and no other file.
 * @throws LazySetupError when a package that draws the charts is not installed
 */
export async function renderStats(report: DetailedReport, parts: PageParts): Promise<string> {
  const charts = drawCharts(await loadDrawing(), report)
  return `<!doctype html>\n${renderToString(<StatsDocument report={report} charts={charts} {...parts} />)}\n`
}

/** Returns the Monday with which a report of so many weeks begins, this one included. */
export function firstMonday(weeks: number, now = new Date()): Date {
  const daysSinceMonday = (now.getUTCDay() + 6) % 7
  return new Date(
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - daysSinceMonday - 7 * (weeks - 1)),
  )
}

function StatsDocument({ report, charts, at, weeks }: PageParts & { report: DetailedReport; charts: Charts }) {
  const reservation = reservationOf(report)
  const shown = { report, charts }
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta http-equiv="Content-Security-Policy" content={STYLE_POLICY} />
        <title>Lazy users</title>
        <style dangerouslySetInnerHTML={{ __html: statsStyle }} />
      </head>
      <body>
        <main>
          <h1>Lazy users</h1>
          <p class="quiet">
            Since {report.since.toISOString().slice(0, 10)}, as of {at.toISOString().slice(0, 16).replace("T", " ")} UTC
          </p>
          {weeks !== undefined && (
            <nav aria-label="Period">
              {PERIODS.map((period) => (
                <a key={period} href={`?weeks=${period}`} aria-current={period === weeks ? "page" : undefined}>
                  {period} weeks
                </a>
              ))}
            </nav>
          )}
          {reservation && <p class="note">{reservation}</p>}
          <Totals report={report} />
          <Funnel {...shown} />
          <WaysByWeek {...shown} />
          <Times {...shown} />
          <Retention {...shown} />
          <HeldBackSection {...shown} />
        </main>
      </body>
    </html>
  )
}
