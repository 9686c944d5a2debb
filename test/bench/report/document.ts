import { mkdir, readFile, writeFile } from "node:fs/promises"
import { type Results, readResults } from "../results.js"
import { fillCapacity } from "./capacity.js"
import { costChart, costSentence } from "./cost.js"
import { pageTablesOf } from "./page-tables.js"
import { tablesOf } from "./tables.js"

const root = new URL("../../../", import.meta.url)

/** The pages with figures, by their paths in the repository. */
export const PAGES = ["docs/performance.md", "docs/capacity.md", "test/bench/GOALS.md"] as const
export const CHART = "docs/performance/requests.svg"

/** Writes the figures of the last full run into the pages, and draws the chart. */
export async function writeDocuments(): Promise<void> {
  const latest = await readResults("latest")
  if (!latest.machine) throw new Error("test/bench/results/latest.json has no full run: run `npm run bench` first.")
  const { scale } = await readResults("scale")
  const results: Results = { ...latest, machine: latest.machine, ...(scale && { scale }) }
  for (const page of PAGES) {
    const text = await readFile(new URL(page, root), "utf8")
    await writeFile(new URL(page, root), fillPage(page, text, results))
  }
  const chart = results.http && costChart(results.http)
  if (!chart) return
  await mkdir(new URL("./", new URL(CHART, root)), { recursive: true })
  await writeFile(new URL(CHART, root), `${chart.svg}\n`)
}

/** Returns a page with the figures of these results in their places. What was not measured stays. */
export function fillPage(page: (typeof PAGES)[number], text: string, results: Results): string {
  return page === "docs/capacity.md" ? fillCapacity(text, results) : fillPlaces(text, contentsOf(page, results))
}

function contentsOf(page: (typeof PAGES)[number], results: Results): Record<string, string | undefined> {
  const tables = tablesOf(results)
  if (page === "test/bench/GOALS.md") return tables
  const chart = results.http && costChart(results.http)
  return {
    ...pageTablesOf(results),
    machine: tables.machine,
    pipelining: tables.pipelining,
    chart: chart && `![${chart.text}](performance/requests.svg)`,
    cost: results.http && costSentence(results.http),
  }
}

function fillPlaces(text: string, contents: Record<string, string | undefined>): string {
  return text.replace(
    /(<!-- bench:([\w-]+) -->\n)[\s\S]*?(<!-- \/bench -->)/g,
    (place: string, start: string, name: string, end: string) =>
      contents[name] === undefined ? place : `${start}\n${contents[name]}\n\n${end}`,
  )
}
