import { entityKind } from "drizzle-orm"
import { LazySetupError } from "../errors.js"
import type { Database } from "./lazy-store.js"

/** The drivers of Drizzle that send each statement by itself, by the kind of their database, and what to use in their place. */
const WITHOUT_TRANSACTIONS: Record<string, { driver: string; instead: string }> = {
  NeonHttpDatabase: { driver: "drizzle-orm/neon-http", instead: "drizzle-orm/neon-serverless" },
  XataHttpDatabase: { driver: "drizzle-orm/xata-http", instead: "drizzle-orm/node-postgres" },
  PgRemoteDatabase: { driver: "drizzle-orm/pg-proxy", instead: "drizzle-orm/node-postgres" },
}

/**
 * Refuses a database that lazy users could be made in, but that fails them on the day they want to keep what they made.
 * @throws LazySetupError naming the driver and one that works
 */
export function checkDriver(db: Database): void {
  const kind = (db.constructor as { [entityKind]?: string })[entityKind]
  const without = WITHOUT_TRANSACTIONS[kind ?? ""]
  if (without)
    throw new LazySetupError(
      `LazyAdapter: ${without.driver} has no transactions, which converting and merging need. Use ${without.instead}.`,
    )
}
