import { type SQL, sql } from "drizzle-orm"
import { literal, refersTo } from "../deletion/closure.js"
import type { ChangedRows } from "../deletion/count-deleted.js"
import type { ForeignKey } from "../sql/catalogue/foreign-keys.js"
import { type DeletedSoFar, deletedSoFar } from "../sql/catalogue/row-counts.js"
import type { Database } from "../sql/database.js"
import { qualifiedName, quoted } from "../sql/identifiers.js"
import { queryDocument } from "../sql/query.js"
import { isRowAt, primaryKey, type RowKeys, rowPlace } from "../sql/row-place.js"
import { unseen } from "./errors.js"
import type { Move } from "./lazy-rows.js"
import type { StoppedRows } from "./move-hanging.js"
import type { UserReferences } from "./references/references.js"

/** The rows expected to go or to change when the lazy user is deleted. */
export interface ExpectedLosses {
  /**
   * How many rows of each table go: stopped rows, rows that refer to them, and credentials of the
   * user.
   */
  rows: { oid: number; rows: number }[]
  /**
   * How many rows of each table ON DELETE SET NULL or SET DEFAULT changes. `most` includes rows
   * that are deleted themselves.
   */
  changes: { oid: number; least: number; most: number }[]
  /** The tables whose rows can be changed in that way. */
  cut: Set<number>
  soFar: DeletedSoFar
}

/**
 * Counts the rows that the role can see and that go with the lazy user and the stopped rows, along
 * the foreign keys. One query.
 * @param sources steps that the conditions refer to
 */
export async function expectLosses(
  tx: Database,
  { users, credentials, left, keys, rowKeys, within, engine }: UserReferences,
  stopped: StoppedRows[],
  sources: SQL[],
  move: Move,
): Promise<ExpectedLosses> {
  const byUser = keys.filter(
    (key) => key.parent === users.oid && actsInSight("cascade")(key) && left.some(({ oid }) => oid === key.table),
  )
  const going = [
    ...stopped.map(({ oid, target, condition }) => rowsOf(rowKeys, oid, sql.raw(target), condition("target."))),
    ...credentials.map(
      ({ oid, table, userId }) =>
        sql`select ${literal(oid)}, ${rowPlace(primaryKey(rowKeys, oid), `${qualifiedName(table)}.`)} from ${table} where ${userId} = ${move.from}`,
    ),
    ...byUser.map(({ table, target, columns: [column] }) =>
      rowsOf(rowKeys, table, sql.raw(target), sql`target.${sql.raw(quoted(column as string))} = ${move.from}`),
    ),
  ]
  const starts = new Set([...stopped, ...credentials, ...left].map(({ oid }) => oid))
  // Where the server counts, it finds other users who go: the merge then fails after the fact.
  const { followed, cut } = keysBelow(keys, starts, users.oid, !engine.countsRows)
  const childrenOf = (key: ForeignKey) => childrenBy(rowKeys, key)
  const childrenOfGone = (key: ForeignKey) =>
    key.table === users.oid ? sql`${childrenOf(key)} and child.${sql.raw(users.id)} <> ${move.from}` : childrenOf(key)
  const start = going.length === 0 ? sql`select 0::int8, ''::text where false` : sql.join(going, sql` union `)
  const recursion =
    followed.length === 0
      ? sql``
      : sql`union
        select step.of, step.place
        from authjs_lazy_gone as gone cross join lateral (${sql.join(followed.map(childrenOfGone), sql` union all `)}) as step`
  const isGone = sql`exists (select from authjs_lazy_gone as other where other.of = step.of and other.place = step.place)`
  const inSight = cut.filter(actsInSight("set"))
  const changes =
    inSight.length === 0
      ? sql`json_build_array()`
      : sql`(
        select coalesce(json_agg(json_build_object('oid', of, 'least', least, 'most', most)), '[]')
        from (
          select step.of, count(*) filter (where not ${isGone}) as least, count(*) as most
          from authjs_lazy_gone as gone cross join lateral (${sql.join(inSight.map(childrenOf), sql` union all `)}) as step
          group by step.of
        ) as per_table
      )`
  // No table of an app has the name of this step, which would hide it.
  const losses = await queryDocument<Omit<ExpectedLosses, "cut">>(
    tx,
    sql`with recursive ${sql.join([...sources, sql`authjs_lazy_gone (of, place) as (${start} ${recursion})`], sql`, `)}
    select json_build_object(
      'rows', (
        select coalesce(json_agg(json_build_object('oid', of, 'rows', rows)), '[]')
        from (select of, count(*) as rows from authjs_lazy_gone group by of) as per_table
      ),
      'changes', ${changes},
      'soFar', ${deletedSoFar(engine, within)}
    )::text as document`,
  )
  return { ...losses, cut: new Set(cut.map(({ table }) => table)) }
}

const acts = (action: ForeignKey["onDelete"]) => (key: ForeignKey) => key.onDelete === action && key.enforced

const actsInSight = (action: ForeignKey["onDelete"]) => (key: ForeignKey) =>
  acts(action)(key) && key.readable && !key.isTemporal

/**
 * Picks the keys along which rows go with rows of the given tables, and the keys that set null or a
 * default.
 * @param followsToUsers whether to follow keys that lead from the user table, too
 */
function keysBelow(
  keys: ForeignKey[],
  starts: ReadonlySet<number>,
  users: number,
  followsToUsers: boolean,
): { followed: ForeignKey[]; cut: ForeignKey[] } {
  const reached = new Set(starts)
  const cascades = keys.filter((key) => actsInSight("cascade")(key) && (followsToUsers || key.table !== users))
  // A loop over a set also visits values that are added meanwhile.
  for (const table of reached) for (const key of cascades) if (key.parent === table) reached.add(key.table)
  return {
    followed: cascades.filter(({ parent }) => reached.has(parent)),
    // All visible references to the user itself have moved.
    cut: keys.filter((key) => acts("set")(key) && (reached.has(key.parent) || key.parent === users)),
  }
}

function rowsOf(rowKeys: RowKeys, oid: number, target: SQL, condition: SQL): SQL {
  return sql`select ${literal(oid)}, ${rowPlace(primaryKey(rowKeys, oid), "target.")} from ${target} as target where ${condition}`
}

/**
 * Selects the rows that refer to rows gone. PostgreSQL allows one reference to itself in a
 * recursive term, so this goes inside the join.
 */
function childrenBy(rowKeys: RowKeys, key: ForeignKey): SQL {
  return sql`
    select ${literal(key.table)} as of, ${rowPlace(primaryKey(rowKeys, key.table), "child.")} as place
    from ${sql.raw(key.parentTarget)} as parent join ${sql.raw(key.target)} as child on ${refersTo(key)}
    where gone.of = ${literal(key.parent)} and ${isRowAt(primaryKey(rowKeys, key.parent), "parent.", sql`gone.place`)}`
}

/**
 * Compares the expected changes with those that PostgreSQL counted.
 * @throws MergeConflictError naming a table in which the number of rows differs
 */
export function refuseSurprises(found: UserReferences, expected: ExpectedLosses, actual: ChangedRows[]): void {
  const { users, credentials, leftAlone, keys, tables } = found
  const labelOf = (oid: number) => [...actual, ...tables].find((table) => table.oid === oid)?.label
  const named = (oid: number) => labelOf(oid) ?? keys.find(({ table }) => table === oid)?.label ?? String(oid)
  // Rows of tables that are left out meet the ON DELETE of their foreign key.
  const isLeft = (oid: number) => leftAlone.includes(oid)
  // Credentials always go, and exactly one user.
  const isCounted = (oid: number) =>
    oid !== users.oid && !isLeft(oid) && !credentials.some((credential) => credential.oid === oid)

  const went = (oid: number) => actual.find((table) => table.oid === oid) ?? { rows: 0, updated: 0 }
  for (const oid of new Set([...actual, ...expected.rows].map(({ oid }) => oid))) {
    const more = went(oid).rows - (expected.rows.find((table) => table.oid === oid)?.rows ?? 0)
    if (!isCounted(oid) || more === 0) continue
    throw unseen(named(oid), more > 0 ? rows(more, "would go") : rows(-more, "would be left behind"))
  }
  for (const oid of expected.cut) {
    const { least, most } = expected.changes.find((table) => table.oid === oid) ?? { least: 0, most: 0 }
    const { updated } = went(oid)
    if (isLeft(oid) || (updated >= least && updated <= most)) continue
    throw unseen(
      named(oid),
      updated > most ? rows(updated - most, "would change") : rows(least - updated, "would be left behind"),
    )
  }
}

const rows = (count: number, what: string) => `${count} ${count === 1 ? "row" : "rows"} ${what}`
