import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import { queryRows } from "../sql/query.js"
import { rowOrder } from "../sql/row-place.js"
import { type MoveRow, moveStatement, replacements } from "./move-statement.js"
import { type ChangingTable, changingColumns, holdsNew, toChange } from "./row-changes.js"

/** The result for the rows of one table. */
export interface Moved {
  table: ChangingTable
  moved: number
  /** How many rows a unique rule or a check stopped. They still hold what they held. */
  stopped: number
  /**
   * How many rows the database left unchanged or changed otherwise, although no rule stops them.
   */
  astray: number
}

/**
 * Changes rows in tables that have to change together, as far as unique rules and checks let them.
 * @param tables one group of {@link movedTogether}
 * @param sources steps of a statement that the changes refer to
 */
export async function moveRows(tx: Database, tables: ChangingTable[], sources: SQL[] = []): Promise<Moved[]> {
  const [table] = tables as [ChangingTable]
  if (tables.length === 1 && neverStopped(table)) return [await moveAll(tx, table, sources)]

  let found = 0
  for (const table of tables) found += await lockRows(tx, table, sources)
  const totals = tables.map((table) => ({ table, moved: 0, stopped: 0, astray: 0 }))
  if (found === 0) return totals

  const contested = tables.some(({ rules }) => rules.some((rule) => rule.contested))
  for (;;) {
    const rows = await queryRows<MoveRow>(tx, moveStatement(tables, sources))
    for (const [position, { found, chosen, moved }] of rows.entries()) {
      const total = totals[position] as Moved
      total.moved += moved
      total.stopped = found - chosen
      total.astray += chosen - moved
    }
    const isAstray = totals.some(({ astray }) => astray > 0)
    const more = contested && rows.some(({ moved }) => moved > 0) && rows.some(({ found, chosen }) => found > chosen)
    if (isAstray || !more) return totals
  }
}

/**
 * Splits tables into groups. Tables of one group are connected by foreign keys that hold only when
 * both sides change in one statement.
 */
export function movedTogether(tables: ChangingTable[]): ChangingTable[][] {
  const groups: ChangingTable[][] = []
  for (const table of tables) {
    const linked = (other: ChangingTable) =>
      other.parents.some(({ parent }) => parent === table.oid) ||
      table.parents.some(({ parent }) => parent === other.oid)
    const joined = groups.filter((group) => group.some(linked))
    for (const group of joined) groups.splice(groups.indexOf(group), 1)
    groups.push([...joined.flat(), table])
  }
  // Within a group, parents come first, as in the input.
  return groups.map((group) => group.sort((a, b) => tables.indexOf(a) - tables.indexOf(b)))
}

/** Changes all rows of a table that has nothing to stop them. */
async function moveAll(tx: Database, table: ChangingTable, sources: SQL[]): Promise<Moved> {
  // Another merge could lock rows that change in several columns in another order.
  if (table.changes.length > 1 && (await lockRows(tx, table, sources)) === 0)
    return { table, moved: 0, stopped: 0, astray: 0 }
  const arrived = sql`(${holdsNew(table, changingColumns(table))}) is true and (${toChange(table)}) is not true`
  const steps = [
    ...sources,
    sql`moved as (
      update ${sql.raw(table.target)} set ${replacements(table)} where ${toChange(table)} returning ${arrived} as right_now
    )`,
  ]
  const [row] = await queryRows<{ moved: number; astray: number }>(
    tx,
    sql`with ${sql.join(steps, sql`, `)}
      select count(*) filter (where right_now)::int as moved, count(*) filter (where not right_now)::int as astray from moved`,
  )
  return { table, moved: row?.moved ?? 0, stopped: 0, astray: row?.astray ?? 0 }
}

function neverStopped({ rules, checks, parents }: ChangingTable): boolean {
  return rules.length + checks.length + parents.length === 0
}

/**
 * Locks the rows to move in a fixed order, so that merges which share rows wait for each other
 * without a deadlock, and no row changes between the decision to move it and the move.
 */
async function lockRows(tx: Database, table: ChangingTable, sources: SQL[]): Promise<number> {
  const steps = sources.length === 0 ? sql`` : sql`with ${sql.join(sources, sql`, `)}`
  const [row] = await queryRows<{ found: number }>(
    tx,
    sql`${steps} select count(*)::int as found from (
      select from ${sql.raw(table.target)} where ${toChange(table)} order by ${rowOrder(table.key, "")} for update
    ) as locked`,
  )
  return row?.found ?? 0
}
