import { type Engine, readEngine } from "./catalogue/engine.js"
import type { Database } from "./database.js"
import { sqlState } from "./sql-state.js"

/** feature_not_supported, undefined_function, undefined_column and undefined_object. */
const LACKS = ["0A000", "42883", "42703", "42704"]

/**
 * Runs a transaction, and replaces the error of an engine that lacks what the transaction needs of
 * PostgreSQL. No statement goes to the database unless it fails.
 * @param refusal makes the error; what it replaces is its cause
 */
export async function explainEngine<Result>(
  db: Database,
  work: () => Promise<Result>,
  refusal: (engine: Engine["name"], options: ErrorOptions) => Error,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!LACKS.includes(sqlState(error) ?? "")) throw error
    const { name } = await readEngine(db)
    throw name === "PostgreSQL" ? error : refusal(name, { cause: error })
  }
}

/** Explains the refusal, as the end of an error message. */
export const lacking = (engine: Engine["name"]) =>
  `on ${engine}, which lacks something of PostgreSQL that this needs. Nothing was changed. docs/engines.md lists what works there.`
