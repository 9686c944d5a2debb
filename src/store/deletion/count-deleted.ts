import { type SQL, sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { queryDocument } from "../sql/query.js"
import { connectionLost } from "../sql/same-transaction.js"
import { settle } from "../sql/settle.js"

/** How many rows of a table were deleted; of a partitioned table, by the topmost one. */
export interface DeletedRows {
  oid: number
  /** As reports name it. */
  label: string
  rows: number
}

/** How many rows of a table were deleted, and how many were changed. */
export interface ChangedRows extends DeletedRows {
  updated: number
}

/** The rows that a transaction has deleted and changed so far, as the server counts them. */
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
    updated: number
  }[]
}

/**
 * An expression for {@link DeletedSoFar}, as JSON, to be asked for along with other things: how many rows this transaction has deleted from each
 * table, on top of a number that stays the same during the transaction. This is the server's own count
 * (https://www.postgresql.org/docs/current/monitoring-stats.html), so no way for a row to go is overlooked. By functions, and of the tables that aren't the
 * server's own: planning a join of catalogues would take as long as running it.
 * @param among the oids of the tables to ask about; default: all, which takes its time where there are thousands
 */
export const deletedSoFar = (among?: readonly number[]): SQL => counts(among && `'{${among.join(",")}}'::oid[]`)

/** Asks for {@link deletedSoFar} of the tables, and of those that have come to refer to one of them. */
export const readDeletedAround = (tx: Database, among?: readonly number[]) =>
  queryDocument<DeletedSoFar>(
    tx,
    sql`select ${counts(
      among &&
        `array(
          select known from unnest('{${among.join(",")}}'::oid[]) as known
          union
          select referring.conrelid from unnest('{${among.join(",")}}'::oid[]) as known cross join lateral (
            select conrelid from pg_depend join pg_constraint on pg_constraint.oid = objid
            where refclassid = 'pg_class'::regclass and refobjid = known and classid = 'pg_constraint'::regclass
              and contype = 'f' and confrelid = known
            offset 0
          ) as referring
        )`,
    )}::text as document`,
  )

const counts = (among: string | undefined): SQL =>
  sql.raw(`json_build_object(
  'counted', current_setting('track_counts')::boolean,
  'transaction', pg_current_xact_id_if_assigned()::text,
  'tables', (
    select coalesce(json_agg(json_build_object(
      'oid', coalesce(pg_partition_root(oid)::oid, oid)::int8,
      'name', (pg_identify_object_as_address('pg_class'::regclass, coalesce(pg_partition_root(oid)::oid, oid), 0)).object_names,
      'rows', pg_stat_get_xact_tuples_deleted(oid),
      'updated', pg_stat_get_xact_tuples_updated(oid)
    )), '[]')
    from pg_class
    where relkind = 'r' and oid >= 16384 ${among ? `and oid = any (${among})` : ""}
      and pg_stat_get_xact_tuples_deleted(oid) + pg_stat_get_xact_tuples_updated(oid) > 0
  )
)`)

/**
 * Does some work in a transaction and counts the rows that it deletes, by whatever way they go: by its own statements, by ON DELETE CASCADE
 * or by a trigger.
 * @param work is given the id of the transaction
 * @param before what was deleted before, where that is known
 * @param among see {@link deletedSoFar}
 * @throws LazySetupError when the server doesn't count
 * @throws Error when the transaction is not the same in the end; see {@link rememberTransaction}
 */
export async function countDeleted<Result>(
  tx: Database,
  work: (transaction: string | null) => Promise<Result>,
  before?: DeletedSoFar,
  among?: readonly number[],
): Promise<{ result: Result; deleted: DeletedRows[] }> {
  const start = before ?? (await readDeletedSoFar(tx, among))
  // Fails before any change when the server does not count.
  rowsByTable(start)
  const result = await work(start.transaction)
  // Triggers can be anywhere, and some of them wait.
  if (among === undefined) await settle(tx)
  const changed = changedBetween(start, await readDeletedSoFar(tx, among))
  return {
    result,
    deleted: changed.filter(({ rows }) => rows > 0).map(({ oid, label, rows }) => ({ oid, label, rows })),
  }
}

/** Asks for {@link deletedSoFar}. */
export const readDeletedSoFar = (tx: Database, among?: readonly number[]) =>
  queryDocument<DeletedSoFar>(tx, sql`select ${deletedSoFar(among)}::text as document`)

/**
 * Returns what a transaction deleted and changed between two readings; tables without any are left
 * out.
 * @throws LazySetupError when the server doesn't count
 * @throws Error when they are not of the same transaction; see {@link rememberTransaction}
 */
export function changedBetween(start: DeletedSoFar, end: DeletedSoFar): ChangedRows[] {
  const earlier = rowsByTable(start)
  if (start.transaction !== null && end.transaction !== start.transaction) throw connectionLost()
  return [...rowsByTable(end).values()].flatMap(({ oid, label, rows, updated }) => {
    const before = earlier.get(oid)
    const more = { oid, label, rows: rows - (before?.rows ?? 0), updated: updated - (before?.updated ?? 0) }
    return more.rows > 0 || more.updated > 0 ? [more] : []
  })
}

function rowsByTable({ counted, tables }: DeletedSoFar): Map<number, ChangedRows> {
  if (!counted)
    throw new LazySetupError(
      "Merging and purging count the rows they delete by the server's statistics: set track_counts = on, which is the default.",
    )
  const sums = new Map<number, ChangedRows>()
  for (const { oid, name, rows, updated } of tables) {
    const sum = sums.get(oid)
    sums.set(oid, {
      oid,
      label: labelOf(name),
      rows: rows + (sum?.rows ?? 0),
      updated: updated + (sum?.updated ?? 0),
    })
  }
  return sums
}

function labelOf([schema, table]: [string, string]): string {
  return schema === "public" ? table : `${schema}.${table}`
}
