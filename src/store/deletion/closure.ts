import { type SQL, sql } from "drizzle-orm"
import type { ForeignKey } from "../sql/catalogue/foreign-keys.js"
import type { Database } from "../sql/database.js"
import { collate, qualifiedName, quoted } from "../sql/identifiers.js"
import { queryRows } from "../sql/query.js"
import { isRowAt, primaryKey, rowPlace } from "../sql/row-place.js"
import type { Tables } from "../tables/resolve-tables.js"
import { notGoneBefore } from "./gone-rows.js"
import type { PurgeGraph } from "./graph.js"

/** The tables of the users, and what a dry run counts as gone. */
export interface Sought {
  tables: Tables
  /**
   * The oids of the tables whose rows a dry run lists when they are gone; undefined where rows that
   * are gone were deleted.
   */
  goneBefore?: ReadonlySet<number>
}

/** The users to start from, and the foreign keys to follow. */
export interface Closure {
  search: Sought
  graph: PurgeGraph
  /** The condition for the users to start from. */
  users: SQL
  follows: ForeignKey[]
  /** Whether to list each row once for each user it goes with, instead of once. */
  perUser?: boolean
}

/**
 * Builds the head of a statement, `with recursive purge_gone as (…)`: the users and the rows that
 * go with them, without rows that have gone before. The name is one that no condition of an app
 * uses for a table.
 *
 * The column `owner` is the id of the user that a row goes with, `of` the oid of its topmost table;
 * `place` tells the row from others of it. Circles of keys end, because no row is listed twice.
 */
export function withGone({ search, graph, users, follows, perUser = false }: Closure): SQL {
  const { usersTable } = search.tables
  const owner = perUser ? sql`${usersTable.id}::text` : sql`''`
  const { rowKeys } = graph
  const ofUsers = rowPlace(primaryKey(rowKeys, graph.users.oid), `${qualifiedName(usersTable)}.`)
  const start = sql`select ${owner}, ${literal(graph.users.oid)}, ${ofUsers} from ${usersTable} where ${users}`
  const steps = follows.map((key) => {
    const rows = sql`${sql.raw(key.parentTarget)} as parent join ${sql.raw(key.target)} as child on ${refersTo(key)}`
    // PostgreSQL allows one reference to itself in a recursive term, so this goes inside the join.
    return sql`select ${literal(key.table)} as of, ${rowPlace(primaryKey(rowKeys, key.table), "child.")} as place from ${rows}
      where ${isGone(graph, key)}${isThere(search, graph, key)}`
  })
  const recursion =
    steps.length === 0
      ? sql``
      : sql`union
        select purge_gone.owner, step.of, step.place
        from purge_gone cross join lateral (${sql.join(steps, sql` union all `)}) as step`
  return sql`with recursive purge_gone (owner, of, place) as (${start} ${recursion})`
}

/**
 * Tells whether other users go with some, by ON DELETE CASCADE from the user table to itself or to a
 * table whose rows go. One query, or none where no key does so.
 * @param users the condition for the users to start from
 */
export async function takesOtherUsers(tx: Database, tables: Tables, graph: PurgeGraph, users: SQL): Promise<boolean> {
  const { follows } = graph
  const back = graph.holds.filter(({ table, onDelete }) => table === graph.users.oid && onDelete === "cascade")
  if (back.length === 0) return false
  const others = back.map(
    (key) => sql`exists (
      select from purge_gone join ${sql.raw(key.parentTarget)} as parent on ${isGone(graph, key)}
      join ${sql.raw(key.target)} as child on ${refersTo(key)}
      where ${staysHere(graph, key)}
    )`,
  )
  const [found] = await queryRows<{ takes: boolean }>(
    tx,
    sql`${withGone({ search: { tables }, graph, users, follows })} select (${sql.join(others, sql` or `)}) as takes`,
  )
  return found?.takes === true
}

/**
 * Builds the condition for a row `child` not to have gone before, as the end of a longer condition.
 */
export function isThere({ goneBefore }: Sought, { rowKeys }: PurgeGraph, { table }: ForeignKey): SQL {
  return goneBefore?.has(table)
    ? sql` and ${notGoneBefore(table, rowPlace(primaryKey(rowKeys, table), "child."))}`
    : sql``
}

/** Builds the condition for a row `parent`, which a key leads to, to be the one in `purge_gone`. */
export function isGone({ rowKeys }: PurgeGraph, { parent }: ForeignKey): SQL {
  return sql`purge_gone.of = ${literal(parent)} and ${isRowAt(primaryKey(rowKeys, parent), "parent.", sql`purge_gone.place`)}`
}

/** Builds the condition for a row `child`, which has a key, not to be listed in `purge_gone`. */
export function staysHere({ rowKeys }: PurgeGraph, { table }: ForeignKey): SQL {
  const place = rowPlace(primaryKey(rowKeys, table), "child.")
  return sql`not exists (select from purge_gone as other where other.of = ${literal(table)} and other.place = ${place})`
}

/** Builds the condition for a row `child` to refer to a row `parent`. */
export function refersTo({ columns, parentColumns, collations }: ForeignKey): SQL {
  const pairs = columns.map((column, position) => {
    const parentColumn = parentColumns[position] as string
    return sql.raw(`child.${quoted(column)} = parent.${quoted(parentColumn)}${collate(collations[position])}`)
  })
  return sql.join(pairs, sql` and `)
}

/** Writes the oid of a table into a statement. */
export const literal = (oid: number) => sql.raw(`${oid}::int8`)
