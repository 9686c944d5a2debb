import { type SQL, sql } from "drizzle-orm"
import { MergeConflictError } from "../../errors.js"
import { changedBetween } from "../deletion/count-deleted.js"
import { type ByTable, ofTable, setOfTable } from "../sql/by-table.js"
import { readDeletedSoFar } from "../sql/catalogue/row-counts.js"
import type { Database } from "../sql/database.js"
import { queryDocument } from "../sql/query.js"
import { explainConflicts, goneAstray, leaveIt, unseen } from "./errors.js"
import { findStoppers, readConflicts } from "./find-stoppers.js"
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
import type { LazyRowsMoved } from "./move-lazy-rows.js"
import { movedTogether, moveRows } from "./move-rows.js"
import type { UserReferences } from "./references/references.js"
import { type ChangingTable, holdsOld, toChange } from "./row-changes.js"
import type { MergeConflict } from "./types.js"

/** Rows that are deleted with the lazy user unless `onMerge` changes them. */
export interface StoppedRows {
  oid: number
  label: string
  target: string
  /** Returns the condition for them; `prefix` is an alias with its dot, or empty. */
  condition: (prefix: string) => SQL
}

/**
 * How many levels of rows that refer to each other a merge follows. Each costs statements, and
 * visitors can nest rows to any depth.
 */
const LEVELS = 100

const tooDeep = (label = "") =>
  new MergeConflictError(
    `Rows of ${label} refer to each other through more than ${LEVELS} levels of rows that a unique rule stops. ${leaveIt(label)}`,
    label,
  )

/** What became of the rows that refer to stopped ones. */
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
 * @param readsStopped whether to read the stopped rows
 * @throws MergeConflictError when rows can be neither moved nor left behind
 */
export async function mergeHanging(
  tx: Database,
  found: UserReferences,
  move: Move,
  moved: LazyRowsMoved[],
  readsStopped: boolean,
): Promise<HangingMoved> {
  const result: HangingMoved = { moved: [], conflicts: {}, stopped: [], sources: [] }
  const settled = new Map<number, ((prefix: string) => SQL)[]>()

  /** Finds the rows that stop those of a table and returns them as replacements. */
  const examine = async (table: ChangingTable): Promise<Replacement[]> => {
    const referred = referredColumns(hangingKeys(found, table.oid))
    if (referred.length === 0 && !readsStopped) return []
    const stopped = await findStoppers(tx, table, result.sources, referred)
    if (readsStopped && stopped.length > 0) {
      const conflicts = ofTable(result.conflicts, table.label) ?? []
      const secret = table.oid === found.users.oid ? found.users.secret : undefined
      setOfTable(result.conflicts, table.label, [...conflicts, ...(await readConflicts(tx, table, stopped, secret))])
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
      for (const one of await explainConflicts(group, found.partitions, () => moveRows(tx, group, result.sources))) {
        const { table } = one
        if (one.astray > 0) throw goneAstray(table.label, one.astray)
        if (one.moved > 0) result.moved.push({ label: table.label, rows: one.moved })
        if (table.isPartitioned) relocated.set(table.oid, (relocated.get(table.oid) ?? 0) + one.moved)
        if (one.stopped === 0) continue
        replacements.push(...(await examine(table)))
        const { oid, label, target } = table
        // Leave out rows handed over before: nested conditions would double with each level.
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
