import { mkdir, readFile, writeFile } from "node:fs/promises"
import type { GrowthResults } from "./growth/section.js"
import type { HttpResults } from "./http/section.js"
import type { Machine } from "./machine.js"
import type { PipeliningResults } from "./pipelining/section.js"
import type { ScaleResults } from "./scale/section.js"

/** What the benchmark has found, as it is kept. A section that was never run is missing. */
export interface Results {
  machine: Machine
  http?: HttpResults
  growth?: GrowthResults
  pipelining?: PipeliningResults
  scale?: ScaleResults
}

/** The full runs, those with `--quick`, and those of the section scale alone. */
type ResultsName = "latest" | "quick" | "scale"

const folder = new URL("results/", import.meta.url)
const fileOf = (name: ResultsName) => new URL(`${name}.json`, folder)

/** The figures of an earlier run; none of them where there was none. */
export async function readResults(name: ResultsName): Promise<Partial<Results>> {
  const text = await readFile(fileOf(name), "utf8").catch(() => "{}")
  return JSON.parse(text) as Partial<Results>
}

/** Writes them for the next run, and for the documentation to be drawn from. */
export async function writeResults(name: ResultsName, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(fileOf(name), `${JSON.stringify(results, rounded, 2)}\n`)
}

/** Four digits are more than such a figure is worth. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
}
