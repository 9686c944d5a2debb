import { type SQL, sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { sqlState } from "../sql/sql-state.js"

// Of a schema of its own for each connection, so that no table of an app can be meant.
const list = sql.raw("pg_temp.purge_gone_before")

/**
 * Makes the list of the rows that have gone with earlier batches, for a dry run, in which they are still there. It goes with the transaction, which from
 * now on writes nothing but the list.
 * @throws LazySetupError where the server or the role can't
 */
export async function listGoneRows(tx: Database): Promise<void> {
  try {
    await tx.execute(sql`create temporary table ${list} (tab oid, tid tid, primary key (tab, tid)) on commit drop`)
  } catch (error) {
    throw whyNoList(error)
  }
  await tx.execute(sql`set transaction read only`)
}

/** A step of a statement `with purge_gone as (…)` that adds those of its rows to the list that are of some tables. */
export function listRows(tables: Iterable<number>): SQL {
  const oids = sql.raw([...tables].join(", "))
  return sql`, listed as (insert into ${list} select tab, tid from purge_gone where purge_gone.of in (${oids}))`
}

/**
 * The condition for a row not to be listed. Asked of each row by itself: the planner knows nothing about the list, and what it could join it with might
 * make it read the whole list for each batch.
 */
export function notGoneBefore(row: SQL): SQL {
  return sql`coalesce((select false from ${list} as listed where listed.tab = ${row}.tableoid and listed.tid = ${row}.ctid), true)`
}

const WHY: Record<string, string> = {
  "25006": "which a server or a role that only reads can't make. Run it on the primary",
  "42501": "which this role may not make. Grant it TEMPORARY on the database",
}

function whyNoList(error: unknown): unknown {
  const why = WHY[sqlState(error) ?? ""]
  if (why === undefined) return error
  const what =
    "purge: rows hang on several users here, so that a dry run has to remember in a temporary table which of them are gone,"
  return new LazySetupError(`${what} ${why}.`, { cause: error })
}
