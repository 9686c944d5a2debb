import { LazySetupError } from "../../../errors.js"
import type { Database } from "../database.js"
import { sqlState } from "../sql-state.js"
import { type Engine, EngineChangedError, mayChange, readEngine, readEngineAnew } from "./engine.js"
import { type EngineOperation, LACKS, lackFor } from "./engine-lacks.js"

/** feature_not_supported, undefined_function, undefined_column and undefined_object. */
const STATES_OF_LACK = ["0A000", "42883", "42703", "42704"]

/** Tells whether an error says that an engine other than PostgreSQL lacks something. */
export const isLack = (error: unknown, { name }: Engine): boolean =>
  name !== "PostgreSQL" && STATES_OF_LACK.includes(sqlState(error) ?? "")

/** Makes the error that names the engine; `cause` is the error of the database. */
type Refusal = (onEngine: string, options?: ErrorOptions) => Error

/**
 * The operations of a request, each of which is one transaction. They go by what the client was told
 * of its server, and run again where reading the catalogue shows that this has changed.
 */
const OF_REQUESTS: readonly EngineOperation[] = ["merge", "delete"]

/**
 * Runs an operation, or refuses it on an engine whose documentation rules it out. Refuses before the
 * first statement, and replaces the error of the database where an engine lacks something else.
 * @param users the quoted name of the user table
 */
export async function runOnEngine<Result>(
  db: Database,
  operation: EngineOperation,
  users: string,
  run: () => Promise<Result>,
  refusal: Refusal,
): Promise<Result> {
  await refuseLack(db, await engineFor(db, operation), operation, users, refusal)
  try {
    return await refuseOnEngine(db, run, refusal)
  } catch (error) {
    if (!(error instanceof EngineChangedError) || !OF_REQUESTS.includes(operation)) throw error
    await refuseLack(db, await readEngineAnew(db), operation, users, refusal)
    return refuseOnEngine(db, run, refusal)
  }
}

/** Reads the engine. Asks the server anew where an old answer could refuse the operation, or do harm. */
async function engineFor(db: Database, operation: EngineOperation): Promise<Engine> {
  if (!OF_REQUESTS.includes(operation)) return readEngineAnew(db)
  const told = await readEngine(db)
  return mayChange(told) || LACKS[told.name]?.[operation] !== undefined ? readEngineAnew(db) : told
}

async function refuseLack(
  db: Database,
  engine: Engine,
  operation: EngineOperation,
  users: string,
  refusal: Refusal,
): Promise<void> {
  const lack = await lackFor(db, engine, operation, users)
  if (lack !== undefined) throw refusal(`on ${engine.name}: ${lack}. Nothing was changed. ${READ_ON}`)
}

/**
 * Runs statements, and replaces the error of an engine that lacks what they need of PostgreSQL. No
 * statement goes to the database unless one fails.
 */
export async function refuseOnEngine<Result>(
  db: Database,
  run: () => Promise<Result>,
  refusal: Refusal,
): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    // A mistake in a condition or a name of the app has the same states, and was explained already.
    if (error instanceof LazySetupError || !STATES_OF_LACK.includes(sqlState(error) ?? "")) throw error
    const engine = await readEngine(db)
    if (!isLack(error, engine)) throw error
    throw refusal(`on ${engine.name}, which lacks something of PostgreSQL that this needs. ${ROLLED_BACK} ${READ_ON}`, {
      cause: error,
    })
  }
}

const ROLLED_BACK = "The transaction was rolled back."
const READ_ON = "docs/engines.md lists what works there."
