import { type SQL, sql } from "drizzle-orm"
import { type DeletedSoFar, deletedSoFar } from "../sql/catalogue/row-counts.js"
import type { Database } from "../sql/database.js"
import { queryDocument } from "../sql/query.js"
import type { ReferencingTable, UserReferences } from "./references/references.js"
import type { ChangingTable, RowChange } from "./row-changes.js"

/** The users of a merge. */
export interface Move {
  from: string
  into: string
  /** The user table and its key, to leave the row of the lazy user itself alone. */
  users: { oid: number; id: string }
}

/** Describes the change of a table whose references to the lazy user move to the real one. */
export function changingUsers(table: ReferencingTable, move: Move): ChangingTable {
  const { oid, label, target, columns, key, isPartitioned, userColumns, rules, checks, parents } = table
  const changes = userColumns.map((column): RowChange => {
    const is = (prefix: string, id: string) => sql`${sql.raw(prefix + column.sql)} = ${id}`
    return {
      columns: [column],
      isOld: (prefix) => is(prefix, move.from),
      newValue: () => sql`${move.into}`,
      isNew: (_, prefix) => is(prefix, move.into),
    }
  })
  return {
    oid,
    label,
    target,
    columns,
    key,
    isPartitioned,
    changes,
    rules,
    checks,
    parents: parents.map(({ column, parent, parentTarget, parentColumn, collation }) => ({
      change: userColumns.indexOf(column),
      parent,
      target: parentTarget,
      columns: [parentColumn],
      collations: [collation],
    })),
    except: oid === move.users.oid ? (prefix) => sql`${sql.raw(prefix + move.users.id)} = ${move.from}` : undefined,
  }
}

/**
 * Returns the condition for rows that refer to the lazy user, except its own row. `prefix` is an
 * alias with its dot.
 */
export function concerned(table: ReferencingTable, { from, users }: Move, prefix = ""): SQL {
  const anyColumn = holdsOneOf(table, [from], prefix)
  return table.oid === users.oid ? sql`${anyColumn} and ${sql.raw(prefix + users.id)} <> ${from}` : anyColumn
}

function holdsOneOf({ userColumns }: ReferencingTable, ids: string[], prefix = ""): SQL {
  const parts = userColumns.flatMap(({ sql: column }) => ids.map((id) => sql`${sql.raw(prefix + column)} = ${id}`))
  return sql`(${sql.join(parts, sql` or `)})`
}

/** How many rows the lazy user has at a moment of the transaction. */
export interface LazyRows {
  /** How many rows of each table hold the lazy user's id, in the order of the tables. */
  rows: number[]
  /** How many rows hold the id of either user; null where only the merge can change that. */
  either: (number | null)[]
  soFar: DeletedSoFar
}

/**
 * Counts the rows of the lazy user in all tables. One query.
 * @param found the engine, and the tables to count deleted rows in; see {@link deletedSoFar}
 * @param before an earlier count, to compare this one with
 */
export function countLazyRows(
  tx: Database,
  tables: ReferencingTable[],
  { engine, within }: Pick<UserReferences, "engine" | "within">,
  move: Move,
  before?: LazyRows,
): Promise<LazyRows> {
  // A trigger can change the owner of rows in other tables.
  const isWatched = tables.some(({ hasTriggers }) => hasTriggers)
  const counts = tables.map((table, position) => {
    const rows = sql`(select count(*) from ${sql.raw(table.target)} where ${concerned(table, move)})`
    const both = sql`(select count(*) from ${sql.raw(table.target)} where ${holdsOneOf(table, [move.from, move.into])})`
    if (!isWatched) return { rows, either: sql`null` }
    if (before) return { rows, either: before.either[position] == null ? sql`null` : both }
    return { rows, either: sql`case when ${rows} > 0 then ${both} end` }
  })
  const array = (parts: SQL[]) => sql`json_build_array(${sql.join(parts, sql`, `)})`
  return queryDocument(
    tx,
    sql`select json_build_object(
      'rows', ${array(counts.map(({ rows }) => rows))},
      'either', ${array(counts.map(({ either }) => either))},
      'soFar', ${deletedSoFar(engine, within)}
    )::text as document`,
  )
}
