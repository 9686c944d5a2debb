import { LazySetupError } from "../../errors.js"
import { type DeletedSoFar, readDeletedSoFar } from "../sql/catalogue/row-counts.js"
import type { Database } from "../sql/database.js"
import { pipelined } from "../sql/query.js"
import { connectionLost, runDeferred } from "../sql/transactions.js"

/** How many rows of a table were deleted; those of partitions count for the topmost table. */
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

/**
 * Runs work in a transaction and counts the rows that it deletes: by its own statements, by ON
 * DELETE CASCADE or by a trigger.
 * @param work is given the id of the transaction, and sends a single statement
 * @param before what was deleted before, if that is known
 * @param among see {@link deletedSoFar}
 * @throws LazySetupError when PostgreSQL doesn't count rows
 * @throws Error when the transaction is another one in the end; see {@link rememberTransaction}
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
  const [result, , end] = await pipelined(
    tx,
    () => work(start.transaction),
    // Some triggers wait for the end of the transaction.
    async () => among === undefined && runDeferred(tx),
    () => readDeletedSoFar(tx, among),
  )
  const changed = changedBetween(start, end)
  return {
    result,
    deleted: changed.filter(({ rows }) => rows > 0).map(({ oid, label, rows }) => ({ oid, label, rows })),
  }
}

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
      "Merging and purging count deleted rows by the statistics of PostgreSQL, but track_counts is off. Turn it on, the default: alter database … set track_counts = on;",
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
