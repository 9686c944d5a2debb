import { type SQL, sql } from "drizzle-orm"
import { collate, quoted } from "../sql/identifiers.js"
import { isRowAt } from "../sql/row-place.js"
import { type ChangingTable, changingColumns, type ParentOfChange, replaced, toChange } from "./row-changes.js"
import { all, collide, list, numbered, PLACE, rowKeys, sameKey, valueColumn } from "./row-keys.js"

/** The counts that a {@link moveStatement} returns for each table. */
export interface MoveRow {
  /** How many rows there were to change. */
  found: number
  /** How many of them no rule stops. */
  chosen: number
  /** How many of those hold the new values now. */
  moved: number
}

/**
 * Builds a statement that changes every row that can change now. It returns a {@link MoveRow} for
 * each table, in their order.
 *
 * Decides rows that stop each other, or make room for each other, one round at a time: rows that
 * are left over may move in the next.
 * @param sources steps that the changes refer to
 */
export function moveStatement(tables: ChangingTable[], sources: SQL[]): SQL {
  const chosen = new Map<number, string>()
  const steps = [...sources]
  for (const [n, table] of tables.entries()) {
    steps.push(sql`${numbered("row_keys", n)} as (${rowKeys(table)})`)
    steps.push(sql`${numbered("free", n)} as (${free(table, n)})`)
  }
  for (const [n, table] of tables.entries()) {
    const present = table.parents.map((parent) => parentPresent(parent, tables, chosen))
    steps.push(
      sql`${numbered("settled", n)} as (select * from ${numbered("free", n)} as row_keys where ${all(present)})`,
    )
    steps.push(sql`${numbered("chosen", n)} as (${first(table, n)})`)
    chosen.set(table.oid, `chosen_${n}`)
  }
  for (const [n, table] of tables.entries()) {
    steps.push(sql`${numbered("moved", n)} as (
      update ${sql.raw(table.target)} as target set ${replacements(table, "target.")}
      from ${numbered("chosen", n)} as chosen
      where ${isRowAt(table.key, "target.", sql`chosen.${PLACE}`)} and ${toChange(table, "target.")}
      returning ${isAsChosen(table)} as right_now
    )`)
  }
  const counts = tables.map(
    (_, n) => sql`
      select ${sql.raw(String(n))} as position,
        (select count(*)::int from ${numbered("row_keys", n)} where moving) as found,
        (select count(*)::int from ${numbered("chosen", n)}) as chosen,
        (select count(*)::int from ${numbered("moved", n)} where right_now) as moved`,
  )
  return sql`with ${sql.join(steps, sql`, `)} ${sql.join(counts, sql` union all `)} order by position`
}

/** Builds the assignments that change a row. */
export function replacements(table: ChangingTable, prefix = ""): SQL {
  return list(changingColumns(table).map((column) => sql`${sql.raw(column.sql)} = ${replaced(table, column, prefix)}`))
}

/** Tells in SQL whether a changed row holds the new values: a trigger may have replaced them. */
function isAsChosen({ changes }: ChangingTable): SQL {
  const same = changes.flatMap(({ columns }, n) =>
    columns.map((column, c) => sql`target.${sql.raw(column.sql)} is not distinct from chosen.${valueColumn(n, c)}`),
  )
  return sql`(${all(same)})`
}

/** Selects the moving rows that no check forbids and whose key no other row has. */
function free({ rules }: ChangingTable, n: number): SQL {
  if (rules.length === 0) return sql`select * from ${numbered("row_keys", n)} where allowed`
  const equal = rules.flatMap((rule, position) => (rule.operators === null ? [{ rule, position }] : []))
  const holders = equal.map(
    ({ position }) => sql`
      max(${PLACE}) filter (where not moving) over ${numbered("same", position)} as ${numbered("holder", position)}`,
  )
  const windows = equal.map(({ rule, position }) => sql`${numbered("same", position)} as (${sameKey(rule, position)})`)
  const unheld = equal.map(
    ({ position }) =>
      sql`(not ${numbered("in", position)} or ${numbered("holder", position)} is null
        or ${numbered("holder", position)} = ${PLACE})`,
  )
  const unexcluded = rules.flatMap((rule, position) =>
    rule.operators === null
      ? []
      : [
          sql`not exists (
            select from ${numbered("row_keys", n)} as other
            where not other.moving and ${collide(rule, position, "held", "other")}
              and other.${PLACE} <> held.${PLACE}
          )`,
        ],
  )
  const window = windows.length === 0 ? sql`` : sql`window ${list(windows)}`
  return sql`
    select * from (select ${list([sql`*`, ...holders])} from ${numbered("row_keys", n)} ${window}) as held
    where moving and allowed and ${all([...unheld, ...unexcluded])}`
}

/** Selects one of the moving rows that would have the same key. */
function first({ rules }: ChangingTable, n: number): SQL {
  const contested = rules.flatMap((rule, position) => (rule.contested ? [{ rule, position }] : []))
  const equal = contested.filter(({ rule }) => rule.operators === null)
  // By hash: in the order of the rows, a long chain could move one row for each round.
  const places = equal.map(
    ({ rule, position }) =>
      sql`row_number() over (${sameKey(rule, position)} order by md5(${PLACE}), ${PLACE}) as ${numbered("place", position)}`,
  )
  const isFirst = equal.map(
    ({ position }) => sql`(not ${numbered("in", position)} or ${numbered("place", position)} = 1)`,
  )
  const isUnexcluded = contested.flatMap(({ rule, position }) =>
    rule.operators === null
      ? []
      : [
          sql`not exists (
            select from ${numbered("settled", n)} as other
            where ${collide(rule, position, "placed", "other")}
              and (md5(other.${PLACE}), other.${PLACE}) < (md5(placed.${PLACE}), placed.${PLACE})
          )`,
        ],
  )
  if (contested.length === 0) return sql`select * from ${numbered("settled", n)}`
  return sql`select * from (select ${list([sql`*`, ...places])} from ${numbered("settled", n)}) as placed
    where ${all([...isFirst, ...isUnexcluded])}`
}

/** Builds the condition for the table that a foreign key leads to, to have the new value. */
function parentPresent(
  { change, parent, target, columns, collations }: ParentOfChange,
  tables: ChangingTable[],
  chosen: Map<number, string>,
): SQL {
  const equals = (names: (n: number) => SQL) =>
    all(columns.map((_, c) => sql`${names(c)} = row_keys.${valueColumn(change, c)}${sql.raw(collate(collations[c]))}`))
  const sources = [
    sql`exists (select from ${sql.raw(target)} as parent where ${equals((c) => sql.raw(`parent.${quoted(columns[c] as string)}`))})`,
  ]
  const position = tables.findIndex(({ oid }) => oid === parent)
  const moves = tables[position]?.changes.findIndex(
    (other) => other.columns.map(({ name }) => name).join() === columns.join(),
  )
  if (moves !== undefined && moves >= 0) {
    // In a circle of foreign keys, the parent isn't decided yet.
    const candidates = sql.raw(chosen.get(parent) ?? `free_${position}`)
    sources.push(
      sql`exists (select from ${candidates} as parent where parent.${numbered("to", moves)} and ${equals((c) => sql`parent.${valueColumn(moves, c)}`)})`,
    )
  }
  return sql`(not row_keys.${numbered("to", change)} or ${sql.join(sources, sql` or `)})`
}
