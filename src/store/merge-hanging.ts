import { type SQL, sql } from "drizzle-orm"
import { MergeConflictError } from "../errors.js"
import { type ByTable, ofTable, setOfTable } from "./by-table.js"
import type { Database } from "./database.js"
import { changedBetween, readDeletedSoFar } from "./deleted-rows.js"
import { findStoppers, readConflicts } from "./find-stoppers.js"
import type { UserReferences } from "./foreign-keys.js"
import {
  butNot,
  hangingKeys,
  hangingTables,
  keptRows,
  type Replacement,
  referredColumns,
  replacementOf,
} from "./hanging-tables.js"
import { changingUsers, type Move } from "./lazy-rows.js"
import type { MergeConflict } from "./lazy-store.js"
import { explainConflicts, goneAstray, leaveIt, unseen } from "./merge-errors.js"
import type { LazyRowsMoved } from "./move-lazy-rows.js"
import { movedTogether, moveRows } from "./move-rows.js"
import { queryDocument } from "./raw-query.js"
import { type ChangingTable, holdsOld, toChange } from "./row-changes.js"

/** Rows of a table that go with the lazy user unless `onMerge` does something about them. */
export interface StoppedRows {
  oid: number
  label: string
  target: string
  /** The condition for them; `prefix` is an alias with its dot, or empty. */
  condition: (prefix: string) => SQL
}

/** How many levels of rows that hang on each other a merge follows: each costs statements, and people can nest rows as deep as they like. */
const LEVELS = 100

const tooDeep = (label = "") =>
  new MergeConflictError(
    `Rows of ${label} hang on each other through more than ${LEVELS} levels of rows that stop each other. ${leaveIt(label)}`,
    label,
  )

/** What became of the rows that hang on stopped ones. */
export interface HangingMoved {
  moved: { label: string; rows: number }[]
  /** The rows that are stopped, those of the lazy user itself included; empty where nobody asks. */
  conflicts: ByTable<MergeConflict[]>
  /** The rows that were stopped while they were to move from one row to another. */
  stopped: StoppedRows[]
  /** Steps of a statement that the conditions refer to. */
  sources: SQL[]
}

/**
 * Moves what hangs on a stopped row to the row of the real user that stops it, if that is a single one; what is stopped on the way is treated in the same
 * manner, level by level. Statements depend on the number of tables and levels, not on that of rows.
 * @param isAsked whether the stopped rows are to be read
 * @throws MergeConflictError
 */
export async function mergeHanging(
  tx: Database,
  found: UserReferences,
  move: Move,
  moved: LazyRowsMoved[],
  isAsked: boolean,
): Promise<HangingMoved> {
  const result: HangingMoved = { moved: [], conflicts: {}, stopped: [], sources: [] }
  const settled = new Map<number, ((prefix: string) => SQL)[]>()

  /** Looks for what stops the rows of a table; returns what takes their place. */
  const examine = async (table: ChangingTable): Promise<Replacement[]> => {
    const referred = referredColumns(hangingKeys(found, table.oid))
    if (referred.length === 0 && !isAsked) return []
    const stopped = await findStoppers(tx, table, result.sources, referred)
    if (isAsked && stopped.length > 0) {
      const conflicts = ofTable(result.conflicts, table.label) ?? []
      setOfTable(result.conflicts, table.label, [...conflicts, ...(await readConflicts(tx, table, stopped))])
    }
    return referred.flatMap((_, position) => {
      const name = `authjs_lazy_pair_${result.sources.length}`
      const replacement = replacementOf(table, stopped, referred, position, name)
      if (replacement) result.sources.push(replacement.source)
      return replacement ?? []
    })
  }

  /** How many rows may count as deleted because they moved to another partition. */
  const relocated = new Map<number, number>()
  // Without triggers and rules, no row goes because others change.
  const before = found.within ? undefined : await readDeletedSoFar(tx)
  let replacements: Replacement[] = []
  for (const { table, stopped } of moved)
    if (stopped > 0) replacements.push(...(await examine(changingUsers(table, move))))
  for (let level = 1; replacements.length > 0; level++) {
    if (level > LEVELS) throw tooDeep(found.keys.find(({ parent }) => parent === replacements[0]?.table)?.parentLabel)
    const tables = await withRows(tx, await hangingTables(tx, found, move, replacements, settled), result.sources)
    replacements = []
    for (const group of movedTogether(tables)) {
      for (const one of await explainConflicts(group, () => moveRows(tx, group, result.sources))) {
        const { table } = one
        if (one.astray > 0) throw goneAstray(table.label, one.astray)
        if (one.moved > 0) result.moved.push({ label: table.label, rows: one.moved })
        if (table.isPartitioned) relocated.set(table.oid, (relocated.get(table.oid) ?? 0) + one.moved)
        if (one.stopped === 0) continue
        replacements.push(...(await examine(table)))
        const { oid, label, target } = table
        // Without the rows that were handed over before: conditions that name each other would double with every level.
        const condition = (prefix: string) => holdsOld(table, prefix)
        const kept = keptRows(found, move, oid)
        result.stopped.push({ oid, label, target, condition: (prefix) => butNot(condition(prefix), kept, prefix) })
        settled.set(oid, [...(settled.get(oid) ?? []), condition])
      }
    }
  }
  for (const { oid, label, rows } of before ? changedBetween(before, await readDeletedSoFar(tx)) : [])
    if (rows > (relocated.get(oid) ?? 0) && !found.leftAlone.includes(oid)) throw unseen(label, `${rows} rows went`)
  return result
}

/** Those of the tables that have rows to change. One query. */
async function withRows(tx: Database, tables: ChangingTable[], sources: SQL[]): Promise<ChangingTable[]> {
  if (tables.length === 0) return []
  const present = tables.map((table) => sql`exists (select from ${sql.raw(table.target)} where ${toChange(table)})`)
  const found = await queryDocument<boolean[]>(
    tx,
    sql`with ${sql.join(sources, sql`, `)} select json_build_array(${sql.join(present, sql`, `)})::text as document`,
  )
  return tables.filter((_, position) => found[position])
}
