import { sql } from "drizzle-orm"
import { LazySetupError } from "../errors.js"
import type { Database } from "./lazy-store.js"
import { queryDocument } from "./raw-query.js"
import { connectionLost } from "./same-transaction.js"

/** How many rows of a table were deleted; of a partitioned table, by the topmost one. */
export interface DeletedRows {
  oid: number
  /** As reports name it. */
  label: string
  rows: number
}

/** What a transaction has deleted up to a moment, as the server counts it. */
export interface DeletedSoFar {
  /** Whether the server counts at all. */
  counted: boolean
  /** The id of the transaction; null before it has locked or written a row. */
  transaction: string | null
  tables: {
    /** The topmost one of a partitioned table. */
    oid: number
    /** Its schema and its name. */
    name: [string, string]
    rows: number
  }[]
}

/**
 * An expression for {@link DeletedSoFar}, as JSON, to be asked for along with other things: how many rows this transaction has deleted from each
 * table, on top of a number that stays the same during the transaction. This is the server's own count
 * (https://www.postgresql.org/docs/current/monitoring-stats.html), so no way for a row to go is overlooked. By functions, and of the tables that aren't the
 * server's own: planning a join of catalogues would take as long as running it.
 */
export const deletedSoFar = sql.raw(`json_build_object(
  'counted', current_setting('track_counts')::boolean,
  'transaction', pg_current_xact_id_if_assigned()::text,
  'tables', (
    select coalesce(json_agg(json_build_object(
      'oid', coalesce(pg_partition_root(oid)::oid, oid)::int8,
      'name', (pg_identify_object_as_address('pg_class'::regclass, coalesce(pg_partition_root(oid)::oid, oid), 0)).object_names,
      'rows', pg_stat_get_xact_tuples_deleted(oid)
    )), '[]')
    from pg_class
    where relkind = 'r' and oid >= 16384 and pg_stat_get_xact_tuples_deleted(oid) > 0
  )
)`)

/**
 * Does some work in a transaction and counts the rows that it deletes, by whatever way they go: by its own statements, by ON DELETE CASCADE
 * or by a trigger.
 * @param work is given the id of the transaction
 * @param before what was deleted before, where that is known
 * @throws LazySetupError when the server doesn't count
 * @throws Error when the transaction is not the same in the end; see {@link rememberTransaction}
 */
export async function countDeleted<Result>(
  tx: Database,
  work: (transaction: string | null) => Promise<Result>,
  before?: DeletedSoFar,
): Promise<{ result: Result; deleted: DeletedRows[] }> {
  const start = before ?? (await readDeletedSoFar(tx))
  const earlier = rowsByTable(start)
  const result = await work(start.transaction)
  const end = await readDeletedSoFar(tx)
  if (start.transaction !== null && end.transaction !== start.transaction) throw connectionLost()
  const later = rowsByTable(end)
  const deleted = [...later.values()].flatMap(({ oid, label, rows }) => {
    const more = rows - (earlier.get(oid)?.rows ?? 0)
    return more > 0 ? [{ oid, label, rows: more }] : []
  })
  return { result, deleted }
}

const readDeletedSoFar = (tx: Database) =>
  queryDocument<DeletedSoFar>(tx, sql`select ${deletedSoFar}::text as document`)

function rowsByTable({ counted, tables }: DeletedSoFar): Map<number, DeletedRows> {
  if (!counted)
    throw new LazySetupError(
      "Merging and purging count the rows they delete by the server's statistics: set track_counts = on, which is the default.",
    )
  const sums = new Map<number, DeletedRows>()
  for (const { oid, name, rows } of tables)
    sums.set(oid, { oid, label: labelOf(name), rows: rows + (sums.get(oid)?.rows ?? 0) })
  return sums
}

function labelOf([schema, table]: [string, string]): string {
  return schema === "public" ? table : `${schema}.${table}`
}
