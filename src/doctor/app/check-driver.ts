import type { Database } from "../../store/sql/database.js"
import type { Finding } from "../finding.js"

/** Whether the driver is set up for many visitors at once. */
export function checkPipelining(db: Database): Finding[] {
  const options = postgresJsOptions(db)
  // With a single connection, pipelining is all the concurrency there is.
  if (!options || options.max_pipeline <= 1 || options.max <= 1) return []
  return [
    {
      code: "driver_pipelining",
      severity: "warning",
      message: `postgres.js sends up to ${options.max_pipeline} queries down one connection before the first is answered; its throughput falls under many concurrent queries.`,
      // The types of the driver don't know the option, and other programs refuse it in a database URL.
      fix: "PGMAX_PIPELINE=1",
      where: "max_pipeline",
    },
  ]
}

interface PoolOptions {
  max: number
  max_pipeline: number
}

/** The options of the client behind a Drizzle database on postgres.js; undefined for any other driver, and inside a transaction. */
function postgresJsOptions(db: Database & { $client?: unknown }): PoolOptions | undefined {
  const { options } = (db.$client ?? {}) as { options?: Partial<PoolOptions> }
  return typeof options?.max_pipeline === "number" && typeof options.max === "number"
    ? (options as PoolOptions)
    : undefined
}
