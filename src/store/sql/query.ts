import { type SQL, sql } from "drizzle-orm"
import type { Database } from "./database.js"

/**
 * Runs a statement written in SQL and returns its rows, which postgres.js returns as an array, and
 * node-postgres and PGlite under `rows`.
 */
export async function queryRows<Row = Record<string, unknown>>(db: Database, statement: SQL): Promise<Row[]> {
  const result: unknown = await db.execute(statement)
  return Array.isArray(result) ? [...result] : (result as { rows: Row[] }).rows
}

/** Reads the clock of the database. */
export async function readClock(db: Database): Promise<Date> {
  const [row] = await queryRows<{ clock: number }>(
    db,
    sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as clock`,
  )
  return new Date(Number(row?.clock))
}

/** Runs a statement that returns one row with JSON text in the column `document`, and parses it. */
export async function queryDocument<Value>(db: Database, statement: SQL): Promise<Value> {
  const [row] = await queryRows<{ document: string }>(db, statement)
  if (!row) throw new Error("A query that must return one row returned none.")
  return JSON.parse(row.document)
}

/**
 * The name under which statements are prepared: none, so that they are only built once. postgres.js
 * names them itself, unless the app sets `prepare: false`. node-postgres would take a name of ours
 * literally: it refuses another statement of that name on a connection, and fails behind a pooler.
 */
export const STATEMENT_NAME = ""
