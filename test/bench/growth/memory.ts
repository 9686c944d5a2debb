import { createDatabase } from "../database/databases.js"
import { endProcess, forkScript, messageFrom } from "../processes.js"
import type { Bench } from "../section.js"
import type { Plan } from "../settings.js"

/** The megabytes of memory after a garbage collection, by the number of decisions of the gate. */
export type MemoryGrowth = { decisions: number; heapMB: number; rssMB: number }[]

/** Runs the gate repeatedly for a returning visitor with a JWT session, in its own process. */
export async function measureMemory(bench: Bench, marks: Plan["growth"]["memory"]): Promise<MemoryGrowth> {
  const database = await createDatabase(bench.postgres, "memory", "Auth.js")
  const script = new URL("memory-process.ts", import.meta.url)
  const child = forkScript(script, [database.url, ...marks.map(String)], ["--expose-gc"])
  try {
    const results: MemoryGrowth = []
    for (const _ of marks) {
      const result = (await messageFrom(child)) as MemoryGrowth[number]
      bench.log(`memory after ${result.decisions} decisions: ${result.heapMB.toFixed(1)} MB of heap`)
      results.push(result)
    }
    return results
  } finally {
    await endProcess(child)
    await database.close()
  }
}
