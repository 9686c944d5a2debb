import { entityKind } from "drizzle-orm"
import { LazySetupError } from "../errors.js"
import type { Database } from "./sql/database.js"

/**
 * Drivers of Drizzle without transactions, by the entity kind of their database, with a driver to
 * use instead.
 */
const WITHOUT_TRANSACTIONS: Record<string, { driver: string; instead: string }> = {
  NeonHttpDatabase: { driver: "drizzle-orm/neon-http", instead: "drizzle-orm/neon-serverless" },
  XataHttpDatabase: { driver: "drizzle-orm/xata-http", instead: "drizzle-orm/node-postgres" },
  PgRemoteDatabase: { driver: "drizzle-orm/pg-proxy", instead: "drizzle-orm/node-postgres" },
  PrismaPgDatabase: { driver: "drizzle-orm/prisma/pg", instead: "drizzle-orm/node-postgres" },
}

/**
 * Drivers that take a pool or a single connection. On a single connection, PostgreSQL would run the
 * statements of concurrent transactions in one transaction.
 */
const WITH_POOLS = ["NodePgDatabase", "NeonServerlessDatabase"]

/**
 * Refuses a driver that can't run a transaction for each visitor: it could make lazy users, but not
 * convert or merge them. Only warns, on stderr, if the app has no database URL yet.
 * @throws LazySetupError naming the driver and one that works, or asking for a pool
 */
export function requireTransactions(db: Database): void {
  const kind = (db.constructor as { [entityKind]?: string })[entityKind]
  const without = WITHOUT_TRANSACTIONS[kind ?? ""]
  if (without)
    throw new LazySetupError(
      `LazyAdapter: ${without.driver} has no transactions, which converting and merging need. Use ${without.instead} instead.`,
    )
  const { $client } = db as { $client?: { totalCount?: number } }
  if (!WITH_POOLS.includes(kind ?? "")) return
  // A build often loads the app without its secrets, and must not fail then.
  if ($client === undefined) console.error(NO_CLIENT)
  else if ($client.totalCount === undefined)
    throw new LazySetupError(
      "LazyAdapter: on a single connection, all visitors would share one transaction. Give drizzle() a Pool, not a Client.",
    )
}

const NO_CLIENT =
  "LazyAdapter: drizzle() was given undefined instead of a database URL, so every statement will fail. Set the variable that " +
  "you pass, such as DATABASE_URL, where the app runs; a build does not need it."

/** The settings of the clients of postgres.js, node-postgres and Neon that name their server. */
interface ClientOptions {
  host?: string | string[]
  port?: number | number[]
  database?: string
  connectionString?: string
}

/** Returns a name for the database of a driver that stays the same when the app opens it again. */
export function placeOf(db: Database): string {
  const { $client } = db as { $client?: { options?: ClientOptions } }
  const { host, port, database, connectionString } = $client?.options ?? {}
  if (connectionString !== undefined && URL.canParse(connectionString)) {
    const url = new URL(connectionString)
    return `${url.host}${url.pathname}`
  }
  if (host !== undefined || database !== undefined) return `${[host].flat()}:${[port].flat()}/${database}`
  // PGlite runs in this process, so its object is the database. Unknown drivers get one name
  // together, since sharing limits is the safe choice.
  const kind = (db.constructor as { [entityKind]?: string })[entityKind]
  return kind === "PgliteDatabase" && $client ? `object ${numberOf($client)}` : ""
}

const numbers = new WeakMap<object, number>()
let last = 0

function numberOf(object: object): number {
  const number = numbers.get(object) ?? ++last
  numbers.set(object, number)
  return number
}
