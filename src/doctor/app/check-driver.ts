import type { Database } from "../../store/sql/database.js"
import type { Finding } from "../finding.js"

/** Reports settings of postgres.js that slow down many concurrent queries. */
export function checkPipelining(db: Database): Finding[] {
  const options = postgresJsOptions(db)
  // On a single connection, queries run concurrently only by pipelining.
  if (!options || options.max_pipeline <= 1 || options.max <= 1) return []
  return [
    {
      code: "driver_pipelining",
      severity: "warning",
      message: `postgres.js sends up to ${options.max_pipeline} queries over one connection before the first is answered, which lowers its throughput under many concurrent queries.`,
      // The driver's types lack the option, and other programs refuse it in a database URL.
      fix: "PGMAX_PIPELINE=1",
      where: "max_pipeline",
    },
  ]
}

interface PoolOptions {
  max: number
  max_pipeline: number
}

/**
 * Returns the options of the postgres.js client behind a Drizzle database; undefined for any other
 * driver, and inside a transaction.
 */
function postgresJsOptions(db: Database & { $client?: unknown }): PoolOptions | undefined {
  const { options } = (db.$client ?? {}) as { options?: Partial<PoolOptions> }
  return typeof options?.max_pipeline === "number" && typeof options.max === "number"
    ? (options as PoolOptions)
    : undefined
}
