import { type SQL, sql } from "drizzle-orm"
import type { Column } from "./catalogue.js"
import type { ReferencingTable } from "./foreign-keys.js"
import type { Database } from "./lazy-store.js"
import { queryRows } from "./raw-query.js"
import type { UniqueRule } from "./unique-rules.js"

/** Whose rows go where. */
export interface Move {
  from: string
  into: string
  /** The user table and its key, so that the row of the lazy user itself is left alone. */
  users: { oid: number; id: string }
}

/** What became of the rows of one table. */
export interface Moved {
  table: ReferencingTable
  moved: number
  /** How many rows a unique rule or a check stopped. They still have the lazy user's id. */
  stopped: number
}

/**
 * Replaces one user id by another in tables that have to change together, as far as unique rules and checks let it. The tables are those
 * of {@link movedTogether}.
 */
export async function moveRows(tx: Database, tables: ReferencingTable[], move: Move): Promise<Moved[]> {
  const [table] = tables as [ReferencingTable]
  if (tables.length === 1 && neverStopped(table)) {
    // Rows with more than one user could be locked in another order by the merge of the other one.
    if (table.userColumns.length > 1 && (await lockRows(tx, table, move)) === 0) return []
    const [row] = await queryRows<{ moved: number }>(
      tx,
      sql`with moved as (
        update ${sql.raw(table.target)} set ${replacements(table, move)} where ${concerned(table, move)} returning 1
      )
      select count(*)::int as moved from moved`,
    )
    return [{ table, moved: row?.moved ?? 0, stopped: 0 }]
  }

  let found = 0
  for (const table of tables) found += await lockRows(tx, table, move)
  if (found === 0) return []

  const moved = tables.map(() => 0)
  const contested = tables.some(({ rules }) => rules.some((rule) => rule.contested))
  for (;;) {
    const rows = await queryRows<{ moved: number; found: number }>(tx, moveStatement(tables, move))
    for (const [position, row] of rows.entries()) moved[position] = (moved[position] as number) + row.moved
    const more = contested && rows.some((row) => row.moved > 0) && rows.some((row) => row.found > row.moved)
    if (more) continue
    return tables.map((table, position) => {
      const row = rows[position] as { moved: number; found: number }
      return { table, moved: moved[position] as number, stopped: row.found - row.moved }
    })
  }
}

/** Splits tables into groups: between two tables of one group runs a foreign key that holds only when both change in one statement. */
export function movedTogether(tables: ReferencingTable[]): ReferencingTable[][] {
  const groups: ReferencingTable[][] = []
  for (const table of tables) {
    const linked = (other: ReferencingTable) =>
      other.parents.some(({ parent }) => parent === table.oid) ||
      table.parents.some(({ parent }) => parent === other.oid)
    const joined = groups.filter((group) => group.some(linked))
    for (const group of joined) groups.splice(groups.indexOf(group), 1)
    groups.push([...joined.flat(), table])
  }
  // Within a group, parents come first, as in the input.
  return groups.map((group) => group.sort((a, b) => tables.indexOf(a) - tables.indexOf(b)))
}

/** The rows of a table that hold the lazy user's id, locked. */
export function stoppedRows(tx: Database, table: ReferencingTable, move: Move): Promise<Record<string, unknown>[]> {
  return queryRows(
    tx,
    sql`select * from ${sql.raw(table.target)} where ${concerned(table, move)} order by tableoid, ctid for update`,
  )
}

/** The condition for the rows of a table that hold the lazy user's id. */
export function concerned(table: ReferencingTable, { from, users }: Move, alias?: string): SQL {
  const prefix = sql.raw(alias === undefined ? "" : `${alias}.`)
  const columns = table.userColumns.map((column) => sql`${prefix}${sql.raw(column.sql)} = ${from}`)
  const anyColumn = sql`(${sql.join(columns, sql` or `)})`
  return table.oid === users.oid ? sql`${anyColumn} and ${prefix}${sql.raw(users.id)} <> ${from}` : anyColumn
}

function neverStopped({ rules, checks, parents }: ReferencingTable): boolean {
  return rules.length + checks.length + parents.length === 0
}

/**
 * Locks the rows to move, always in the same order, so that merges that share rows wait for each other instead of dead-locking, and so
 * that no row changes between the moment it is found movable and the moment it is moved.
 */
async function lockRows(tx: Database, table: ReferencingTable, move: Move): Promise<number> {
  const [row] = await queryRows<{ found: number }>(
    tx,
    sql`select count(*)::int as found from (
      select from ${sql.raw(table.target)} where ${concerned(table, move)} order by tableoid, ctid for update
    ) as locked`,
  )
  return row?.found ?? 0
}

const replaced = ({ sql: name }: Column, { from, into }: Move, prefix = "") => {
  const column = sql.raw(prefix + name)
  return sql`case when ${column} = ${from} then ${into} else ${column} end`
}

function replacements({ userColumns }: ReferencingTable, move: Move, prefix = ""): SQL {
  return list(userColumns.map((column) => sql`${sql.raw(column.sql)} = ${replaced(column, move, prefix)}`))
}

const list = (parts: SQL[]) => sql.join(parts, sql`, `)
const all = (parts: SQL[]) => (parts.length === 0 ? sql`true` : sql.join(parts, sql` and `))

/**
 * One statement that moves every row that can move at this moment. It returns for each table, in their order, how many rows it found and
 * how many it moved.
 *
 * Rows that stop each other, or make room for each other, are decided a round at a time: whoever is left over may move the next time.
 */
function moveStatement(tables: ReferencingTable[], move: Move): SQL {
  const chosen = new Map<number, string>()
  const steps: SQL[] = []
  for (const [n, table] of tables.entries()) {
    steps.push(sql`${name("claim", n)} as (${claims(table, move)})`)
    steps.push(sql`${name("free", n)} as (${free(table, n)})`)
  }
  for (const [n, table] of tables.entries()) {
    const present = table.parents.map((key) => parentPresent(key, table, tables, chosen, move))
    steps.push(sql`${name("settled", n)} as (select * from ${name("free", n)} where ${all(present)})`)
    steps.push(sql`${name("chosen", n)} as (${first(table, n)})`)
    chosen.set(table.oid, `chosen_${n}`)
  }
  for (const [n, table] of tables.entries()) {
    steps.push(sql`${name("moved", n)} as (
      update ${sql.raw(table.target)} as target set ${replacements(table, move, "target.")}
      from ${name("chosen", n)} as chosen
      where target.tableoid = chosen.tableoid and target.ctid = chosen.ctid and ${concerned(table, move, "target")}
      returning 1
    )`)
  }
  const counts = tables.map(
    (_, n) => sql`
      select ${sql.raw(String(n))} as position,
        (select count(*)::int from ${name("claim", n)} where moving) as found,
        (select count(*)::int from ${name("moved", n)}) as moved`,
  )
  return sql`with ${sql.join(steps, sql`, `)} ${sql.join(counts, sql` union all `)} order by position`
}

const name = (step: string, n: number) => sql.raw(`${step}_${n}`)

/**
 * Every key that a row to move would have afterwards (`moving`), and every key that a row has now and that could be in its way; one
 * group of columns per rule. `allowed` says whether the checks let the row move, `to0`, `to1`, … which user columns would hold the real
 * user's id.
 */
function claims(table: ReferencingTable, move: Move): SQL {
  const { rules, checks, userColumns } = table
  const target = sql.raw(table.target)
  const columns = rules.flatMap((rule, n) => [
    sql`${applies(rule)} as ${name("in", n)}`,
    ...rule.keys.map((key, k) => sql`${keyOf(rule, key)} as ${sql.raw(`key_${n}_${k}`)}`),
  ])
  const allowed = all(checks.map((check) => sql`(${sql.raw(check)}) is not false`))
  const moving = sql`
    select true as moving, tableoid, ctid, ${list([
      sql`${allowed} as allowed`,
      ...userColumns.map((column, n) => sql`${sql.raw(column.sql)} = ${move.into} as ${name("to", n)}`),
      ...columns,
    ])}
    from ${changedRows(table, move)} as changed`
  if (rules.length === 0) return moving
  return sql`${moving}
    union all
    select false, tableoid, ctid, ${list([sql`true`, ...userColumns.map(() => sql`null`), ...columns])}
    from ${target}
    where ${sql.join(
      rules.map((rule) => inTheWay(rule, move)),
      sql` or `,
    )}`
}

/** Whether the rule is about a row at all. */
function applies({ keys, predicate, nullsNotDistinct }: UniqueRule): SQL {
  const conditions = predicate === null ? [] : [sql`(${sql.raw(predicate)})`]
  if (!nullsNotDistinct) conditions.push(...keys.map((key) => sql`${sql.raw(key)} is not null`))
  return sql`(${all(conditions)}) is true`
}

/** An expression may fail on rows that the predicate keeps away from it. */
function keyOf({ predicate }: UniqueRule, key: string): SQL {
  return sql.raw(predicate === null ? key : `case when ${predicate} then ${key} end`)
}

function inTheWay(rule: UniqueRule, { into }: Move): SQL {
  if (rule.plain === null) return applies(rule)
  return sql`(${sql.join(
    rule.plain.map((column) => sql`${sql.raw(column.sql)} = ${into}`),
    sql` or `,
  )})`
}

/** The rows to move, under the table's own column names, as they would be afterwards. */
function changedRows(table: ReferencingTable, move: Move): SQL {
  const { columns, userColumns } = table
  const given = columns
    .filter(({ generation }) => generation === null)
    .map((column) =>
      userColumns.includes(column) ? sql`${replaced(column, move)} as ${sql.raw(column.sql)}` : sql.raw(column.sql),
    )
  const rows = sql`(select tableoid, ctid, ${list(given)} from ${sql.raw(table.target)} where ${concerned(table, move)})`
  const generated = columns.filter(({ generation }) => generation !== null)
  if (generated.length === 0) return rows
  const computed = generated.map((column) => sql.raw(`(${column.generation}) as ${column.sql}`))
  return sql`(select *, ${list(computed)} from ${rows} as given)`
}

/** The moving rows that no check forbids and whose key no other row has. */
function free({ rules }: ReferencingTable, n: number): SQL {
  if (rules.length === 0) return sql`select * from ${name("claim", n)} where allowed`
  const holders = rules.map(
    (_, rule) => sql`
      max(tableoid) filter (where not moving) over ${name("same", rule)} as ${name("holder_table", rule)},
      max(ctid) filter (where not moving) over ${name("same", rule)} as ${name("holder", rule)}`,
  )
  const windows = rules.map((rule, position) => sql`${name("same", position)} as (${sameKey(rule, position)})`)
  const unheld = rules.map(
    (_, rule) =>
      sql`(not ${name("in", rule)} or ${name("holder", rule)} is null
        or (${name("holder_table", rule)} = tableoid and ${name("holder", rule)} = ctid))`,
  )
  return sql`
    select * from (
      select *, ${list(holders)} from ${name("claim", n)} window ${list(windows)}
    ) as held
    where moving and allowed and ${all(unheld)}`
}

/** Of the moving rows that would have the same key, one. */
function first({ rules }: ReferencingTable, n: number): SQL {
  const contested = rules.flatMap((rule, position) => (rule.contested ? [{ rule, position }] : []))
  if (contested.length === 0) return sql`select * from ${name("settled", n)}`
  // By hash: in the order of the rows, each row of a long chain could wait for the one before it, a round each.
  const places = contested.map(
    ({ rule, position }) =>
      sql`row_number() over (${sameKey(rule, position)} order by md5(ctid::text)) as ${name("place", position)}`,
  )
  const isFirst = contested.map(({ position }) => sql`(not ${name("in", position)} or ${name("place", position)} = 1)`)
  return sql`select * from (select *, ${list(places)} from ${name("settled", n)}) as placed where ${all(isFirst)}`
}

function sameKey({ keys }: UniqueRule, rule: number): SQL {
  return sql`partition by ${list([name("in", rule), ...keys.map((_, key) => sql.raw(`key_${rule}_${key}`))])}`
}

/** A row can hold the real user's id only where the table that its foreign key leads to has it. */
function parentPresent(
  { column, parent, parentTarget, parentColumn }: ReferencingTable["parents"][number],
  table: ReferencingTable,
  tables: ReferencingTable[],
  chosen: Map<number, string>,
  { into }: Move,
): SQL {
  const sources = [
    sql`exists (select from ${sql.raw(parentTarget)} where ${sql.raw(`"${parentColumn.replaceAll('"', '""')}"`)} = ${into})`,
  ]
  const position = tables.findIndex(({ oid }) => oid === parent)
  const moves = tables[position]?.userColumns.findIndex(({ name }) => name === parentColumn) ?? -1
  if (moves >= 0) {
    // In a circle of foreign keys, the parent isn't decided yet.
    const candidates = sql.raw(chosen.get(parent) ?? `free_${position}`)
    sources.push(sql`exists (select from ${candidates} where ${name("to", moves)})`)
  }
  const to = name("to", table.userColumns.indexOf(column))
  return sql`(${to} is not true or ${sql.join(sources, sql` or `)})`
}
