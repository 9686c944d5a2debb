import { type SQL, sql } from "drizzle-orm"
import { rowPlace } from "../sql/row-place.js"
import { type ChangingTable, changingColumns, holdsNew, replaced, toChange } from "./row-changes.js"
import type { UniqueRule } from "./unique-rules.js"

/** Names one of several steps or columns of a statement. */
export const numbered = (step: string, n: number) => sql.raw(`${step}_${n}`)
/** Names the column with the place of a row; no column of an app has this name. */
export const PLACE = sql.raw("authjs_lazy_place")
/** Names a column beside those of an app, of which none has this name. */
const changedBy = (change: number) => numbered("authjs_lazy_to", change)
/** Names the column with a key of a rule. */
const keyColumn = (rule: number, key: number) => sql.raw(`key_${rule}_${key}`)
/** Names the column with a value of a change. */
export const valueColumn = (change: number, column: number) => sql.raw(`value_${change}_${column}`)
export const list = (parts: SQL[]) => sql.join(parts, sql`, `)
export const all = (parts: SQL[]) => (parts.length === 0 ? sql`true` : sql.join(parts, sql` and `))

/**
 * Lists every key that a row to change would have afterwards (`moving`), and every key that a row
 * has now and that could be in its way, with one group of columns per rule. `allowed` says whether
 * the checks let the row change, `leaving` whether it is one of the rows to change, `to_0`, `to_1`,
 * … which changes it takes part in, and `value_0_0`, … what the columns of each change hold.
 */
export function rowKeys(table: ChangingTable): SQL {
  const { rules, checks, changes } = table
  const keys = rules.flatMap((rule, n) => [
    sql`${applies(rule)} as ${numbered("in", n)}`,
    ...rule.keys.map((key, k) => sql`${keyOf(rule, key)} as ${keyColumn(n, k)}`),
  ])
  const values = changes.flatMap(({ columns }, n) =>
    columns.map((column, c) => sql`${sql.raw(column.sql)} as ${valueColumn(n, c)}`),
  )
  const allowed = all(checks.map((check) => sql`(${sql.raw(check)}) is not false`))
  const ups = changes.map((_, n) => sql`${changedBy(n)} as ${numbered("to", n)}`)
  const moving = sql`
    select true as moving, ${PLACE}, ${list([sql`true as leaving`, sql`${allowed} as allowed`, ...ups, ...values, ...keys])}
    from ${changedRows(table)} as changed`
  if (rules.length === 0) return moving
  return sql`${moving}
    union all
    select false, ${rowPlace(table.key, "")}, ${list([sql`${toChange(table)} is true`, sql`true`, ...changes.map(() => sql`false`), ...values, ...keys])}
    from ${sql.raw(table.target)}
    where ${sql.join(
      rules.map((rule) => (rule.plain === null ? applies(rule) : holdsNew(table, rule.plain))),
      sql` or `,
    )}`
}

/** Partitions rows by their key of a rule. */
export function sameKey({ keys }: UniqueRule, rule: number): SQL {
  return sql`partition by ${list([numbered("in", rule), ...keys.map((_, key) => keyColumn(rule, key))])}`
}

/** Tells in SQL whether the rule applies to a row. */
function applies({ keys, predicate, nullsNotDistinct }: UniqueRule): SQL {
  const conditions = predicate === null ? [] : [sql`(${sql.raw(predicate)})`]
  if (!nullsNotDistinct) conditions.push(...keys.map((key) => sql`${sql.raw(key)} is not null`))
  return sql`(${all(conditions)}) is true`
}

/** Evaluates a key only for rows that satisfy the predicate: an expression may fail on others. */
function keyOf({ predicate }: UniqueRule, key: string): SQL {
  return sql.raw(predicate === null ? key : `case when ${predicate} then ${key} end`)
}

/** Selects the rows to change as they would be afterwards, under their own column names. */
function changedRows(table: ChangingTable): SQL {
  const { columns, changes } = table
  const changing = changingColumns(table)
  const given = columns
    .filter(({ generation }) => generation === null)
    .map((column) =>
      changing.includes(column) ? sql`${replaced(table, column)} as ${sql.raw(column.sql)}` : sql.raw(column.sql),
    )
  const ups = changes.map((change, n) => sql`(${change.isOld("")}) is true as ${changedBy(n)}`)
  const rows = sql`(select ${rowPlace(table.key, "")} as ${PLACE}, ${list([...ups, ...given])} from ${sql.raw(table.target)} where ${toChange(table)})`
  const generated = columns.filter(({ generation }) => generation !== null)
  if (generated.length === 0) return rows
  const computed = generated.map((column) => sql.raw(`(${column.generation}) as ${column.sql}`))
  return sql`(select *, ${list(computed)} from ${rows} as given)`
}

/** Returns the condition for two rows to have the same key, or to exclude each other. */
export function collide({ keys, operators, nullsNotDistinct }: UniqueRule, n: number, one: string, other: string): SQL {
  const [left, right] = [sql.raw(one), sql.raw(other)]
  const pairs = keys.map((_, k) => {
    const operator = operators?.[k] ?? (nullsNotDistinct ? "is not distinct from" : "=")
    return sql`${left}.${keyColumn(n, k)} ${sql.raw(operator)} ${right}.${keyColumn(n, k)}`
  })
  return all([sql`${left}.${numbered("in", n)}`, sql`${right}.${numbered("in", n)}`, ...pairs])
}
