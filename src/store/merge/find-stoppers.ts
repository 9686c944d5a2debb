import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import { queryDocument, queryRows } from "../sql/query.js"
import { isRowAt, rowOrder } from "../sql/row-place.js"
import type { ChangingTable } from "./row-changes.js"
import { all, collide, list, numbered, PLACE, rowKeys, sameKey, valueColumn } from "./row-keys.js"
import type { MergeConflict } from "./types.js"

/** A stopped row and the row that stops it, each by its place in the table. */
export interface StoppedRow {
  place: string
  /**
   * The row of the real user that stops it; null where several rows do, or none, as with a check.
   */
  by: string | null
  /** Whether rows that refer to this one move to the other: only a unique rule stopped it. */
  isDeep: boolean
  /** The values of the row in each referred column list, as text. */
  old: (string | null)[][]
  /** The values of the other row in them. */
  new: (string | null)[][]
}

/**
 * Finds the rows that could not change, each with the row that stops it. Only a row that holds the
 * new value counts as the one that stops it, since others belong to other users. One query.
 *
 * Looks for rows of equal keys with windows: PostgreSQL knows nothing about the rows of a step, and
 * may run a join of two steps row by row.
 * @param referred the lists of columns that foreign keys lead to
 */
export function findStoppers(
  tx: Database,
  table: ChangingTable,
  sources: SQL[],
  referred: string[][],
): Promise<StoppedRow[]> {
  const values = (alias: string) =>
    sql.raw(
      `json_build_array(${referred
        .map((columns) => `json_build_array(${columns.map((column) => `${alias}.${column}::text`).join(", ")})`)
        .join(", ")})`,
    )
  // No column of a primary key is null, unless the join has found no row.
  const isFound = sql.raw(`other.${table.key[0]?.sql ?? "ctid"} is not null`)
  const steps = [...sources, sql`row_keys as (${rowKeys(table)})`, sql`stopped as (${stoppedRows(table)})`]
  return queryDocument(
    tx,
    sql`with ${sql.join(steps, sql`, `)}
    select coalesce(json_agg(json_build_object(
      'place', stopped.${PLACE},
      'by', case when ${isFound} then stopped.by_place end,
      'isDeep', ${isFound} and stopped.allowed and not stopped.excluding,
      'old', ${values("own")},
      'new', ${values("other")}
    ) order by ${rowOrder(table.key, "own.")}), '[]')::text as document
    from stopped
    join ${sql.raw(table.target)} as own on ${isRowAt(table.key, "own.", sql`stopped.${PLACE}`)}
    left join ${sql.raw(table.target)} as other
      on stopped.stoppers = 1 and not stopped.is_leaving and ${isRowAt(table.key, "other.", sql`stopped.by_place`)} and ${isOwned(table)}`,
  )
}

/**
 * Selects the moving rows, each with the row that stops it (`by_place`), how many rows do
 * (`stoppers`), whether one of those changes as well (`is_leaving`), and whether one stops it by an
 * exclusion constraint (`excluding`).
 */
function stoppedRows({ rules }: ChangingTable): SQL {
  const equal = rules.flatMap((rule, n) => (rule.operators === null ? [{ rule, n }] : []))
  const holders = equal.flatMap(({ n }) =>
    [sql`min(${PLACE})`, sql`max(${PLACE})`, sql`bool_or(leaving)`].map(
      (holder, part) => sql`${holder} filter (where not moving) over ${numbered("same", n)} as ${holderPart(n, part)}`,
    ),
  )
  const windows = equal.map(({ rule, n }) => sql`${numbered("same", n)} as (${sameKey(rule, n)})`)
  const hits = rules.flatMap((rule, n) => {
    if (rule.operators !== null)
      return sql`select other.${PLACE}, other.leaving, true
        from row_keys as other where not other.moving and ${collide(rule, n, "held", "other")}`
    // Of a rule whose check is deferred, several rows can have one key.
    const [low, high, leaving] = [holderPart(n, 0), holderPart(n, 1), holderPart(n, 2)]
    const isIn = sql`where held.${numbered("in", n)}`
    return [
      sql`select held.${low}, held.${leaving}, false ${isIn}`,
      sql`select held.${high}, held.${leaving}, false ${isIn}`,
    ]
  })
  const none = sql`select null::text, null::boolean, null::boolean`
  return sql`select held.*, hits.*
    from (select ${list([sql`*`, ...holders])} from row_keys ${windows.length === 0 ? sql`` : sql`window ${list(windows)}`}) as held
    cross join lateral (
      select count(distinct place) as stoppers, min(place) as by_place,
        coalesce(bool_or(is_leaving), false) as is_leaving, coalesce(bool_or(is_excluding), false) as excluding
      from (${sql.join([none, ...hits], sql` union all `)}) as hit (place, is_leaving, is_excluding)
      where place is not null and place <> held.${PLACE}
    ) as hits
    where held.moving`
}

const holderPart = (rule: number, part: number) => sql.raw(`holder_${rule}_${part}`)

/** Tells in SQL whether the other row holds the value that the stopped one was to get. */
function isOwned({ changes }: ChangingTable): SQL {
  const ways = changes.map(({ columns }, n) =>
    all([
      sql`stopped.${numbered("to", n)}`,
      ...columns.map((column, c) => sql`other.${sql.raw(column.sql)} = stopped.${valueColumn(n, c)}`),
    ]),
  )
  return sql`(${sql.join(
    ways.map((way) => sql`(${way})`),
    sql` or `,
  )})`
}

/**
 * Reads the rows that were found, whole and in the same order. One query.
 * @param secret the name of a column to leave out
 */
export async function readConflicts(
  tx: Database,
  { target, key }: ChangingTable,
  stopped: StoppedRow[],
  secret: string | undefined,
): Promise<MergeConflict[]> {
  const places = [...new Set(stopped.flatMap(({ place, by }) => (by === null ? [place] : [place, by])))]
  const rows = await queryRows(
    tx,
    sql`select found.place as ${PLACE}, target.*
      from json_array_elements_text(${JSON.stringify(places)}::text::json) as found (place)
      join ${sql.raw(target)} as target on ${isRowAt(key, "target.", sql`found.place`)}`,
  )
  if (secret !== undefined) for (const row of rows) delete row[secret]
  const found = new Map(rows.map(({ authjs_lazy_place: place, ...row }) => [place, row]))
  return stopped.flatMap(({ place, by }) => {
    const row = found.get(place)
    return row ? [{ row, by: (by !== null && found.get(by)) || null }] : []
  })
}
