import { changedBetween } from "../deletion/count-deleted.js"
import type { Database } from "../sql/database.js"
import { explainConflicts, goneAstray, unseen } from "./errors.js"
import { changingUsers, countLazyRows, type LazyRows, type Move } from "./lazy-rows.js"
import { movedTogether, moveRows } from "./move-rows.js"
import type { ReferencingTable, UserReferences } from "./references/references.js"

/** The result of moving the rows of one table. */
export interface LazyRowsMoved {
  table: ReferencingTable
  moved: number
  /** How many rows a rule stopped. They still hold the lazy user's id. */
  stopped: number
}

/** How often rows are moved. A trigger may add rows for the lazy user while others move. */
const ROUNDS = 3

/**
 * Moves the rows of the lazy user, in the tables that have any, and counts the result.
 * @returns the tables that had rows
 * @throws MergeConflictError when rows hold another id than expected afterwards, or are gone
 */
export async function moveLazyRows(tx: Database, found: UserReferences, move: Move): Promise<LazyRowsMoved[]> {
  const tables = found.tables.filter(({ readable }) => readable)
  const totals = tables.map((table): LazyRowsMoved => ({ table, moved: 0, stopped: 0 }))
  const start = await countLazyRows(tx, tables, found, move)
  let now = start
  for (let round = 1; ; round++) {
    const unsettled = totals.filter(({ stopped }, position) => now.rows[position] !== stopped)
    if (unsettled.length === 0) break
    const [first] = unsettled as [LazyRowsMoved]
    if (round > ROUNDS) throw goneAstray(first.table.label, now.rows[totals.indexOf(first)] ?? 0)
    for (const group of movedTogether(unsettled.map(({ table }) => changingUsers(table, move)))) {
      for (const { table, moved, stopped, astray } of await explainConflicts(group, () => moveRows(tx, group))) {
        if (astray > 0) throw goneAstray(table.label, astray)
        const total = totals.find((total) => total.table.oid === table.oid) as LazyRowsMoved
        total.moved += moved
        total.stopped = stopped
      }
    }
    now = await countLazyRows(tx, tables, found, move, start)
  }
  refuseLosses(found, totals, start, now)
  return totals.filter(({ moved, stopped }) => moved + stopped > 0)
}

/**
 * Refuses the merge when triggers gave rows to another user or deleted some, or when keys changed
 * hidden rows.
 */
function refuseLosses(
  { leftAlone, engine }: UserReferences,
  totals: LazyRowsMoved[],
  start: LazyRows,
  now: LazyRows,
): void {
  for (const [position, { table }] of totals.entries()) {
    const [before, after] = [start.either[position], now.either[position]]
    if (before != null && after != null && after < before) throw goneAstray(table.label, before - after)
  }
  if (!engine.countsRows) return
  for (const { oid, label, rows, updated } of changedBetween(start.soFar, now.soFar)) {
    if (leftAlone.includes(oid)) continue
    const total = totals.find(({ table }) => table.oid === oid)
    // A row that moves to another partition counts as deleted.
    if (rows > (total?.table.isPartitioned ? total.moved : 0)) throw unseen(label, `${rows} rows went`)
    if (total?.table.hidesRows && updated > total.moved) throw unseen(label, `${updated - total.moved} rows changed`)
  }
}
