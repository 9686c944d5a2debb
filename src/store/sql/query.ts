import type { SQL } from "drizzle-orm"
import type { Database } from "./database.js"

/** The rows of a statement written in SQL, as the driver returns them: postgres.js as an array, node-postgres and PGlite under `rows`. */
export async function queryRows<Row = Record<string, unknown>>(db: Database, statement: SQL): Promise<Row[]> {
  const result: unknown = await db.execute(statement)
  return Array.isArray(result) ? [...result] : (result as { rows: Row[] }).rows
}

/** The value of a statement that returns one row with one column `document` holding JSON as text. */
export async function queryDocument<Value>(db: Database, statement: SQL): Promise<Value> {
  const [row] = await queryRows<{ document: string }>(db, statement)
  if (!row) throw new Error("A query for one row returned none.")
  return JSON.parse(row.document)
}
