import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { LazyAdapter } from "../../src/drizzle.js"

// A process that purges once, or repeatedly until told to stop. Prints each report as a line.

const options = JSON.parse(process.env.PURGE_OPTIONS ?? "{}")
const client = postgres(process.env.DATABASE_URL ?? "", { max: 1, prepare: false, fetch_types: false })
const { lazy } = LazyAdapter(drizzle(client))

let again = process.env.PURGE_AGAIN === "yes"
process.on("SIGTERM", () => {
  again = false
})

console.log("ready")
do {
  const report = await lazy.purge({
    ...options,
    onProgress: ({ purged }) => {
      if (process.env.PURGE_TELLS === "yes") console.log(JSON.stringify({ progress: purged }))
    },
  })
  console.log(JSON.stringify(report))
  if (again) await new Promise((resolve) => setTimeout(resolve, 5))
} while (again)
await client.end()
