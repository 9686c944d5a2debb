import { type SQL, sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { sqlState } from "../sql/sql-state.js"

// In a schema that each connection has to itself, so it can't be a table of the app.
const list = sql.raw("pg_temp.purge_gone_before")

/**
 * Makes the list of rows that have gone with earlier batches of a dry run, although they are still
 * there. The list ends with the transaction, which writes nothing else from here on.
 * @throws LazySetupError when the server or the role can't make it
 */
export async function listGoneRows(tx: Database): Promise<void> {
  try {
    await tx.execute(
      sql`create temporary table ${list} ("of" int8, place text, primary key ("of", place)) on commit drop`,
    )
  } catch (error) {
    throw whyNoList(error)
  }
  await tx.execute(sql`set transaction read only`)
}

/**
 * Builds a step that adds the rows of some tables to the list, for a statement `with purge_gone as
 * (…)`.
 */
export function listRows(tables: Iterable<number>): SQL {
  const oids = sql.raw([...tables].join(", "))
  return sql`, listed as (insert into ${list} select purge_gone.of, place from purge_gone where purge_gone.of in (${oids}))`
}

/**
 * Builds the condition for a row not to be listed. Asks for each row by itself: PostgreSQL has no
 * statistics of the list and may read all of it for each batch.
 */
export function notGoneBefore(table: number, place: SQL): SQL {
  return sql`coalesce((select false from ${list} as listed where listed.of = ${table}::int8 and listed.place = ${place}), true)`
}

const WHY: Record<string, string> = {
  "25006": "which a replica or a read-only role can't make. Run it on the primary.",
  "42501": "which this role may not make. Grant it TEMPORARY on the database: grant temporary on database … to …;",
}

function whyNoList(error: unknown): unknown {
  const why = WHY[sqlState(error) ?? ""]
  if (why === undefined) return error
  const what =
    "purge: rows here can belong to several users, so a dry run remembers in a temporary table which of them are gone,"
  return new LazySetupError(`${what} ${why}`, { cause: error })
}
