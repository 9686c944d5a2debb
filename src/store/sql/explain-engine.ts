import { type Engine, readEngine } from "./catalogue/engine.js"
import { type EngineWork, lackFor } from "./catalogue/engine-lacks.js"
import type { Database } from "./database.js"
import { sqlState } from "./sql-state.js"

/** feature_not_supported, undefined_function, undefined_column and undefined_object. */
const LACKS = ["0A000", "42883", "42703", "42704"]

/** Tells whether an error says that an engine other than PostgreSQL lacks something. */
export const isLack = (error: unknown, { name }: Engine): boolean =>
  name !== "PostgreSQL" && LACKS.includes(sqlState(error) ?? "")

/** Makes the error that names the engine; `cause` is the error of the database. */
type Refusal = (onEngine: string, options?: ErrorOptions) => Error

/**
 * Runs what not every engine can do. Refuses it before the first statement where the documentation
 * of the engine says what it lacks, and replaces the error of the database elsewhere.
 * @param users the quoted name of the user table
 */
export async function runOnEngine<Result>(
  db: Database,
  work: EngineWork,
  users: string,
  run: () => Promise<Result>,
  refusal: Refusal,
): Promise<Result> {
  const engine = await readEngine(db)
  const lack = await lackFor(db, engine, work, users)
  if (lack !== undefined) throw refusal(`on ${engine.name}: ${lack}. Nothing was changed. ${READ_ON}`)
  return explainEngine(db, run, refusal)
}

/**
 * Runs statements, and replaces the error of an engine that lacks what they need of PostgreSQL. No
 * statement goes to the database unless one fails.
 */
export async function explainEngine<Result>(
  db: Database,
  run: () => Promise<Result>,
  refusal: Refusal,
): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (!LACKS.includes(sqlState(error) ?? "")) throw error
    const engine = await readEngine(db)
    if (!isLack(error, engine)) throw error
    throw refusal(`on ${engine.name}, which lacks something of PostgreSQL that this needs. ${ROLLED_BACK} ${READ_ON}`, {
      cause: error,
    })
  }
}

const ROLLED_BACK = "The transaction was rolled back."
const READ_ON = "docs/engines.md lists what works there."
