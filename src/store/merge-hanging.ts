import { type SQL, sql } from "drizzle-orm"
import type { ByTable } from "./by-table.js"
import type { Database } from "./database.js"
import { findStoppers, readConflicts } from "./find-stoppers.js"
import type { UserReferences } from "./foreign-keys.js"
import { hangingKeys, hangingTables, type Replacement, referredColumns, replacementOf } from "./hanging-tables.js"
import { changingUsers, type Move } from "./lazy-rows.js"
import type { MergeConflict } from "./lazy-store.js"
import { explainConflicts, goneAstray } from "./merge-errors.js"
import type { LazyRowsMoved } from "./move-lazy-rows.js"
import { movedTogether, moveRows } from "./move-rows.js"
import { queryDocument } from "./raw-query.js"
import { type ChangingTable, toChange } from "./row-changes.js"

/** Rows that are deleted with the lazy user unless `onMerge` changes them. */
export interface StoppedRows {
  oid: number
  label: string
  target: string
  /** Returns the condition for them; `prefix` is an alias with its dot, or empty. */
  condition: (prefix: string) => SQL
}

/** The result of moving the rows that refer to stopped ones. */
export interface HangingMoved {
  moved: { label: string; rows: number }[]
  /** The stopped rows, including those of the lazy user itself; empty unless they are read. */
  conflicts: ByTable<MergeConflict[]>
  /** The referring rows that were stopped in turn. */
  stopped: StoppedRows[]
  /** Steps of a statement that the conditions refer to. */
  sources: SQL[]
}

/**
 * Moves the rows that refer to a stopped row to the row of the real user that stops it, if there is
 * exactly one. Treats rows that are stopped on the way alike, level by level. The number of
 * statements depends on tables and levels, not on rows.
 * @param isAsked whether to read the stopped rows
 * @throws MergeConflictError when rows can be neither moved nor left behind
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

  /** Finds the rows that stop those of a table and returns them as replacements. */
  const examine = async (table: ChangingTable): Promise<Replacement[]> => {
    const referred = referredColumns(hangingKeys(found, table.oid))
    if (referred.length === 0 && !isAsked) return []
    const stopped = await findStoppers(tx, table, result.sources, referred)
    if (isAsked && stopped.length > 0) {
      const conflicts = result.conflicts[table.label] ?? []
      result.conflicts[table.label] = [...conflicts, ...(await readConflicts(tx, table, stopped))]
    }
    return referred.flatMap((_, position) => {
      const name = `authjs_lazy_pair_${result.sources.length}`
      const replacement = replacementOf(table, stopped, referred, position, name)
      if (replacement) result.sources.push(replacement.source)
      return replacement ?? []
    })
  }

  let replacements: Replacement[] = []
  for (const { table, stopped } of moved)
    if (stopped > 0) replacements.push(...(await examine(changingUsers(table, move))))
  while (replacements.length > 0) {
    const tables = await withRows(tx, await hangingTables(tx, found, move, replacements, settled), result.sources)
    replacements = []
    for (const group of movedTogether(tables)) {
      for (const one of await explainConflicts(group, () => moveRows(tx, group, result.sources))) {
        const { table } = one
        if (one.astray > 0) throw goneAstray(table.label, one.astray)
        if (one.moved > 0) result.moved.push({ label: table.label, rows: one.moved })
        if (one.stopped === 0) continue
        replacements.push(...(await examine(table)))
        const condition = (prefix: string) => toChange(table, prefix)
        result.stopped.push({ oid: table.oid, label: table.label, target: table.target, condition })
        settled.set(table.oid, [...(settled.get(table.oid) ?? []), condition])
      }
    }
  }
  return result
}

/** Filters the tables that have rows to change. One query. */
async function withRows(tx: Database, tables: ChangingTable[], sources: SQL[]): Promise<ChangingTable[]> {
  if (tables.length === 0) return []
  const present = tables.map((table) => sql`exists (select from ${sql.raw(table.target)} where ${toChange(table)})`)
  const found = await queryDocument<boolean[]>(
    tx,
    sql`with ${sql.join(sources, sql`, `)} select json_build_array(${sql.join(present, sql`, `)})::text as document`,
  )
  return tables.filter((_, position) => found[position])
}
