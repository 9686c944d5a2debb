import type { Database } from "../database.js"
import { type Engine, isSpread } from "./engine.js"

/** What this library does with lazy users that not every engine can do. */
export type EngineWork = "adopt" | "delete" | "merge" | "migrate" | "purge"

const NO_KEYS = "it has no foreign keys, by which the rows of a user are found"
const ONE_SHARD = "its tables are spread over machines, where FOR UPDATE and recursive queries go to one shard only"

/** What each engine lacks for each work, according to its documentation: docs/engines.md. */
const LACKS: Partial<Record<Engine["name"], Partial<Record<EngineWork, string>>>> = {
  CockroachDB: { migrate: "it commits each statement that changes tables by itself" },
  "Aurora DSQL": {
    merge: NO_KEYS,
    purge: NO_KEYS,
    delete: NO_KEYS,
    adopt: "it has no SKIP LOCKED, by which users of the app never wait",
    migrate: "it takes one statement that changes tables in each transaction, and no foreign key",
  },
}

/** What Citus lacks where the users, or tables that refer to them, are spread over machines. */
const SPREAD: Partial<Record<EngineWork, string>> = { merge: ONE_SHARD, purge: ONE_SHARD, adopt: ONE_SHARD }

/** Returns the works that an engine is known to lack something for, each with what it lacks. */
export const knownLacks = ({ name }: Engine): Partial<Record<EngineWork, string>> =>
  (name === "Citus" ? SPREAD : LACKS[name]) ?? {}

/**
 * Returns what an engine lacks for a work; undefined where nothing is known. One query on Citus,
 * and none elsewhere.
 * @param users the quoted name of the user table
 */
export async function lackFor(
  db: Database,
  engine: Engine,
  work: EngineWork,
  users: string,
): Promise<string | undefined> {
  const lack = knownLacks(engine)[work]
  if (lack === undefined || (engine.name === "Citus" && !(await isSpread(db, engine, users)))) return undefined
  return lack
}
