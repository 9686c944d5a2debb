import { endProcess, forkScript, messageFrom } from "../processes.js"
import type { Bench } from "../section.js"
import { PIPELINE_SETTINGS, type PipelineSetting } from "./settings.js"

/**
 * Counts the answers to `select 1` in each second since the start, by the setting of the driver.
 */
export type PipeliningResults = { setting: PipelineSetting; perSecond: number[] }[]

/** Runs `postgres` 16-fold with each setting of `max_pipeline` in turn, each in its own process. */
export async function measurePipelining(
  { postgres: { url }, log }: Bench,
  seconds: number,
): Promise<PipeliningResults> {
  const results: PipeliningResults = []
  for (const setting of PIPELINE_SETTINGS) {
    const child = forkScript(new URL("driver-process.ts", import.meta.url), [url, setting, String(seconds)])
    const perSecond = (await messageFrom(child)) as number[]
    await endProcess(child)
    log(`max_pipeline ${setting}: ${perSecond[0]}/s in the first second, ${perSecond.at(-1)}/s in the last`)
    results.push({ setting, perSecond })
  }
  return results
}
