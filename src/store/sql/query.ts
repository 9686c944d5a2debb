import { entityKind, type SQL, sql } from "drizzle-orm"
import type { Database } from "./database.js"

/**
 * Runs a statement written in SQL and returns its rows, which postgres.js returns as an array, and
 * node-postgres and PGlite under `rows`.
 */
export async function queryRows<Row = Record<string, unknown>>(db: Database, statement: SQL): Promise<Row[]> {
  return rowsOf(await db.execute(statement))
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
  return parsed(await queryRows(db, statement))
}

/**
 * Runs a statement as {@link queryRows} does, and lets the driver keep it prepared, for statements
 * that run again and again. postgres.js then sends its parameters with it, instead of asking
 * PostgreSQL for their types first, which takes a second round trip.
 */
export async function queryRepeated<Row = Record<string, unknown>>(db: Database, statement: SQL): Promise<Row[]> {
  const raw = db.execute(statement)
  const query = raw.getQuery()
  // A wrapper around a database may not have its session.
  const session = mayKeep(query.sql) ? (db._ as Partial<Database["_"]> | undefined)?.session : undefined
  if (!session) return rowsOf(await raw.execute())
  return rowsOf(await session.prepareQuery(query, undefined, STATEMENT_NAME, false).execute())
}

/** Runs a statement as {@link queryDocument} does, and as {@link queryRepeated}. */
export async function queryRepeatedDocument<Value>(db: Database, statement: SQL): Promise<Value> {
  return parsed(await queryRepeated(db, statement))
}

function rowsOf<Row>(result: unknown): Row[] {
  return Array.isArray(result) ? [...result] : (result as { rows: Row[] }).rows
}

function parsed<Value>([row]: { document: string }[]): Value {
  if (!row) throw new Error("A query that must return one row returned none.")
  return JSON.parse(row.document)
}

/**
 * Sends statements one after the other; through postgres.js without waiting for the first to send
 * the next, in one round trip. Once one has failed, PostgreSQL refuses the rest, and the error is
 * that of the first.
 * @param statements each sends its statement before it first waits: by {@link queryRepeated}, or by
 * `execute()` of Drizzle, not by `await`, which starts a query of Drizzle only a moment later
 */
export async function pipelined<Results extends readonly unknown[]>(
  db: Database,
  ...statements: { [Position in keyof Results]: () => Promise<Results[Position]> }
): Promise<Results> {
  if (!pipelines(db)) {
    const results: unknown[] = []
    for (const send of statements) results.push(await send())
    return results as unknown as Results
  }
  const outcomes = await Promise.allSettled(statements.map((send) => send()))
  const results = outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason
    return outcome.value
  })
  return results as unknown as Results
}

/** Tells whether the driver pipelines. node-postgres warns of it, and version 9 will refuse it. */
function pipelines(db: Database): boolean {
  const session = (db._ as Partial<Database["_"]> | undefined)?.session
  return (session?.constructor as { [entityKind]?: string } | undefined)?.[entityKind] === "PostgresJsSession"
}

/**
 * How many statements are kept at most. Each takes up to half a megabyte of the server's memory for
 * each connection, and an app can have a set of tables for each of many tenants.
 */
const MOST_KEPT = 100

const kept = new Set<string>()

function mayKeep(statement: string): boolean {
  if (kept.size < MOST_KEPT) kept.add(statement)
  return kept.has(statement)
}

/**
 * The name under which statements are prepared: none, so that they are only built once. postgres.js
 * names them itself, unless the app sets `prepare: false`. node-postgres would take a name of ours
 * literally: it refuses another statement of that name on a connection, and fails behind a pooler.
 */
export const STATEMENT_NAME = ""
