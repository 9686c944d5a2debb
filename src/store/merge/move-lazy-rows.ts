import { changedBetween } from "../deletion/count-deleted.js"
import type { DeletedSoFar } from "../sql/catalogue/row-counts.js"
import type { Database } from "../sql/database.js"
import { pipelined } from "../sql/query.js"
import { explainConflicts, goneAstray, unseen } from "./errors.js"
import { changingUsers, countLazyRows, type LazyRows, type Move } from "./lazy-rows.js"
import { type Moved, movedTogether, moveRows, takesOneStatement } from "./move-rows.js"
import type { ReferencingTable, RuledTable, UserReferences } from "./references/references.js"
import { withRules } from "./references/ruled-tables.js"
import type { ChangingTable } from "./row-changes.js"

/** What moving the rows of the lazy user came to. */
export interface MovedOfUser {
  /** The tables that had rows. */
  lazyRows: LazyRowsMoved[]
  /** What the transaction had deleted and changed afterwards. */
  soFar: DeletedSoFar
}

/** The result of moving the rows of one table. */
export interface LazyRowsMoved {
  table: RuledTable
  moved: number
  /** How many rows a rule stopped. They still hold the lazy user's id. */
  stopped: number
}

/** How often rows are moved. A trigger may add rows for the lazy user while others move. */
const ROUNDS = 3

/**
 * Moves the rows of the lazy user, in the tables that have any, and counts the result.
 * @throws MergeConflictError when rows hold another id than expected afterwards, or are gone
 */
export async function moveLazyRows(tx: Database, found: UserReferences, move: Move): Promise<MovedOfUser> {
  const tables = found.tables.filter(({ readable }) => readable)
  const totals = new Map<number, LazyRowsMoved>()
  const start = await countLazyRows(tx, tables, found, move)
  let now = start
  for (let round = 1; ; round++) {
    const isUnsettled = ({ oid }: ReferencingTable, n: number) => now.rows[n] !== (totals.get(oid)?.stopped ?? 0)
    const unsettled = tables.filter(isUnsettled)
    if (unsettled.length === 0) break
    const [first] = unsettled as [ReferencingTable]
    if (round > ROUNDS) throw goneAstray(first.label, now.rows[tables.indexOf(first)] ?? 0)
    const ruled = await withRules(tx, unsettled)
    const count = () => countLazyRows(tx, tables, found, move, start)
    const { results, after } = await moveGroups(
      tx,
      found,
      movedTogether(ruled.map((table) => changingUsers(table, move))),
      count,
    )
    for (const { table, moved, stopped, astray } of results) {
      if (astray > 0) throw goneAstray(table.label, astray)
      const before = totals.get(table.oid)?.moved ?? 0
      const own = ruled.find(({ oid }) => oid === table.oid) as RuledTable
      totals.set(table.oid, { table: own, moved: before + moved, stopped })
    }
    now = after
  }
  refuseLosses(found, tables, totals, start, now)
  const lazyRows = tables
    .flatMap(({ oid }) => totals.get(oid) ?? [])
    .filter(({ moved, stopped }) => moved + stopped > 0)
  return { lazyRows, soFar: now.soFar }
}

/**
 * Moves the rows of groups of tables, one group after the other, and counts what is left. Sends the
 * statements together where each group takes a single one.
 */
async function moveGroups(
  tx: Database,
  { partitions }: UserReferences,
  groups: ChangingTable[][],
  count: () => Promise<LazyRows>,
): Promise<{ results: Moved[]; after: LazyRows }> {
  const works = groups.map((group) => () => explainConflicts(group, partitions, () => moveRows(tx, group)))
  if (groups.every(takesOneStatement)) {
    const outcomes = await pipelined<(Moved[] | LazyRows)[]>(tx, ...works, count)
    return { results: (outcomes.slice(0, -1) as Moved[][]).flat(), after: outcomes.at(-1) as LazyRows }
  }
  const results: Moved[] = []
  for (const work of works) results.push(...(await work()))
  return { results, after: await count() }
}

/**
 * Refuses the merge when triggers gave rows to another user or deleted some, or when keys changed
 * hidden rows.
 */
function refuseLosses(
  { leftAlone, engine }: UserReferences,
  tables: ReferencingTable[],
  totals: ReadonlyMap<number, LazyRowsMoved>,
  start: LazyRows,
  now: LazyRows,
): void {
  for (const [position, { label }] of tables.entries()) {
    const [before, after] = [start.either[position], now.either[position]]
    if (before != null && after != null && after < before) throw goneAstray(label, before - after)
  }
  if (!engine.countsRows) return
  for (const { oid, label, rows, updated } of changedBetween(start.soFar, now.soFar)) {
    if (leftAlone.includes(oid)) continue
    const table = tables.find((table) => table.oid === oid)
    const moved = totals.get(oid)?.moved ?? 0
    // A row that moves to another partition counts as deleted.
    if (rows > (table?.isPartitioned ? moved : 0)) throw unseen(label, `${rows} rows went`)
    if (table?.hidesRows && updated > moved) throw unseen(label, `${updated - moved} rows changed`)
  }
}
