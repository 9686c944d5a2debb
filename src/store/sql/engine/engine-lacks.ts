import type { Database } from "../database.js"
import { type Engine, isSpread } from "./engine.js"

/** An operation that some engines can't do. */
export type EngineOperation = "adopt" | "delete" | "merge" | "migrate" | "purge"

/** The operations that an engine can't do, each with the feature it lacks. */
export type Lacks = Partial<Record<EngineOperation, string>>

const NO_KEYS = "it has no foreign keys, by which the rows of a user are found"
const ONE_SHARD = "its tables are spread over machines, where FOR UPDATE and recursive queries go to one shard only"

/**
 * The lacks of each engine, according to its documentation: docs/engines.md. Those of Citus count
 * where the users, or tables that refer to them, are spread over machines.
 */
export const LACKS: Partial<Record<Engine["name"], Lacks>> = {
  CockroachDB: { migrate: "it commits each statement that changes tables by itself" },
  "Aurora DSQL": {
    merge: NO_KEYS,
    purge: NO_KEYS,
    delete: NO_KEYS,
    adopt: "it has no SKIP LOCKED, by which users of the app never wait",
    migrate: "it takes one statement that changes tables in each transaction, and no foreign key",
  },
  Citus: { merge: ONE_SHARD, purge: ONE_SHARD, adopt: ONE_SHARD },
}

/**
 * Lists the operations that an engine can't do, each with the feature it lacks. One query on Citus,
 * and none elsewhere.
 * @param users the quoted name of the user table
 */
export async function lacksOf(db: Database, engine: Engine, users: string): Promise<Lacks> {
  if (engine.name === "Citus" && !(await isSpread(db, engine, users))) return {}
  return LACKS[engine.name] ?? {}
}

/**
 * Returns what an engine lacks for an operation; undefined where nothing is known. At most one
 * query, and that on Citus.
 * @param users the quoted name of the user table
 */
export async function lackFor(
  db: Database,
  engine: Engine,
  operation: EngineOperation,
  users: string,
): Promise<string | undefined> {
  if (LACKS[engine.name]?.[operation] === undefined) return undefined
  return (await lacksOf(db, engine, users))[operation]
}
