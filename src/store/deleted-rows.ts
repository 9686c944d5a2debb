import { sql } from "drizzle-orm"
import { LazySetupError } from "../errors.js"
import { label } from "./catalogue.js"
import type { Database } from "./lazy-store.js"
import { queryDocument } from "./raw-query.js"

/** How many rows of a table were deleted; of a partitioned table, by the topmost one. */
export interface DeletedRows {
  oid: number
  /** As reports name it. */
  label: string
  rows: number
}

/**
 * Does some work in a transaction and counts the rows that it deletes, by whatever way they go: by its own statements, by ON DELETE CASCADE
 * or by a trigger.
 * @param longestWait how long the transaction may wait for a lock from now on, as PostgreSQL writes it (`50ms`); set along with counting, to save a round trip
 * @throws LazySetupError when the server doesn't count
 */
export async function countDeleted<Result>(
  tx: Database,
  work: () => Promise<Result>,
  longestWait?: string,
): Promise<{ result: Result; deleted: DeletedRows[] }> {
  const before = await deletedSoFar(tx, longestWait)
  const result = await work()
  const after = await deletedSoFar(tx)
  const deleted = after.flatMap(({ oid, label, rows }) => {
    const earlier = before.find((table) => table.oid === oid)?.rows ?? 0
    return rows > earlier ? [{ oid, label, rows: rows - earlier }] : []
  })
  return { result, deleted }
}

/**
 * How many rows this transaction has deleted from each table, on top of a number that stays the same during the transaction. This is the
 * server's own count (https://www.postgresql.org/docs/current/monitoring-stats.html), so no way for a row to go is overlooked.
 */
async function deletedSoFar(tx: Database, longestWait?: string): Promise<DeletedRows[]> {
  const waiting =
    longestWait === undefined ? sql`` : sql.raw(`'waiting', set_config('lock_timeout', '${longestWait}', true),`)
  const { counted, tables } = await queryDocument<{ counted: boolean; tables: DeletedRows[] }>(
    tx,
    sql`
    select json_build_object(${waiting}
      'counted', current_setting('track_counts')::boolean,
      'tables', (
        select coalesce(json_agg(deleted), '[]') from (
          select root.oid::int8, ${label("root")} as label, sum(pg_stat_get_xact_tuples_deleted(class.oid)) as rows
          from pg_class class
          join pg_class root on root.oid = coalesce(pg_partition_root(class.oid), class.oid)
          where class.relkind = 'r' and pg_stat_get_xact_tuples_deleted(class.oid) > 0
          group by root.oid, root.relnamespace, root.relname
        ) as deleted
      )
    )::text as document`,
  )
  if (!counted)
    throw new LazySetupError(
      "Merging and purging count the rows they delete by the server's statistics: set track_counts = on, which is the default.",
    )
  return tables
}
