import { mkdir, readFile, writeFile } from "node:fs/promises"
import type { Results } from "../results.js"
import { chartsOf } from "./charts.js"
import { tablesOf } from "./tables.js"

const document = new URL("../../../docs/performance.md", import.meta.url)
const chartFolder = new URL("../../../docs/performance/", import.meta.url)

/** Writes the tables to their places in the documentation, and draws the charts. */
export async function writeDocument(results: Results): Promise<void> {
  const charts = chartsOf(results)
  const contents: Record<string, string> = tablesOf(results)
  await mkdir(chartFolder, { recursive: true })
  for (const [name, { title, svg }] of Object.entries(charts)) {
    contents[`chart-${name}`] = `![${title}](performance/${name}.svg)`
    await writeFile(new URL(`${name}.svg`, chartFolder), `${svg}\n`)
  }
  const text = await readFile(document, "utf8")
  await writeFile(document, text.replace(/(<!-- bench:([\w-]+) -->\n)[\s\S]*?(<!-- \/bench -->)/g, fill(contents)))
}

/** A place that nothing was measured for stays as it is. */
function fill(contents: Record<string, string>) {
  return (place: string, start: string, name: string, end: string) =>
    contents[name] === undefined ? place : `${start}\n${contents[name]}\n\n${end}`
}
