import { setTimeout as wait } from "node:timers/promises"
import postgres from "postgres"
import { endWithParent } from "../end-with-parent.js"
import { CALLERS } from "./settings.js"

process.setSourceMapsEnabled(false)
endWithParent()

const [url = "", setting, seconds] = process.argv.slice(2)

// The pool is left at its default, too: what is measured is what everybody has who sets nothing.
const sql = postgres(url, setting === "default" ? {} : maxPipeline(Number(setting)))

const perSecond: number[] = []
let done = 0
let stopped = false

async function ask(): Promise<void> {
  while (!stopped) {
    await sql`select 1`
    done++
  }
}

const callers = Array.from({ length: CALLERS }, ask)
for (let second = 0; second < Number(seconds); second++) {
  await wait(1000)
  perSecond.push(done)
  done = 0
}
stopped = true
await Promise.all(callers)
await sql.end()
process.send?.(perSecond)

/** The types of the driver don't know the setting. */
function maxPipeline(statements: number): object {
  return { max_pipeline: statements }
}
