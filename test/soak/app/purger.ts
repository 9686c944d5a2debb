import { LazyAdapter } from "../../../src/drizzle.js"
import { openDatabase } from "./auth.js"
import { obeyClock } from "./clock.js"

/** Milliseconds between two purges. */
const PAUSE = 500

obeyClock()
process.on("disconnect", () => process.exit())
const { lazy } = LazyAdapter(openDatabase(2).db)
process.send?.({ started: true })
for (;;) {
  try {
    const { purged, failures } = await lazy.purge({ batchSize: 20 })
    process.send?.({ purged, failures })
  } catch {
    process.send?.({ failed: true })
  }
  await new Promise((resolve) => setTimeout(resolve, PAUSE))
}
