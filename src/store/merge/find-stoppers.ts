import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import { queryDocument, queryRows } from "../sql/query.js"
import type { ChangingTable } from "./row-changes.js"
import { all, collide, list, numbered, rowKeys, sameKey, valueColumn } from "./row-keys.js"
import type { MergeConflict } from "./types.js"

/** A stopped row and the row that stops it, each by its ctid, which stays until the row changes. */
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
  const steps = [...sources, sql`row_keys as (${rowKeys(table)})`, sql`stopped as (${stoppedRows(table)})`]
  return queryDocument(
    tx,
    sql`with ${sql.join(steps, sql`, `)}
    select coalesce(json_agg(json_build_object(
      'place', ${placeOf("stopped")},
      'by', ${placeOf("other")},
      'isDeep', other.ctid is not null and stopped.allowed and not stopped.excluding,
      'old', ${values("own")},
      'new', ${values("other")}
    ) order by stopped.tableoid, stopped.ctid), '[]')::text as document
    from stopped
    join ${sql.raw(table.target)} as own on own.tableoid = stopped.tableoid and own.ctid = stopped.ctid
    left join ${sql.raw(table.target)} as other
      on stopped.stoppers = 1 and not stopped.is_leaving and other.tableoid = stopped.by_tab and other.ctid = stopped.by_tid and ${isOwned(table)}`,
  )
}

/**
 * Selects the moving rows, each with the row that stops it (`by_tab`, `by_tid`), how many rows do
 * (`stoppers`), whether one of those changes as well (`is_leaving`), and whether one stops it by an
 * exclusion constraint (`excluding`).
 */
function stoppedRows({ rules }: ChangingTable): SQL {
  const equal = rules.flatMap((rule, n) => (rule.operators === null ? [{ rule, n }] : []))
  const holders = equal.flatMap(({ n }) =>
    [sql`min(tableoid)`, sql`min(ctid)`, sql`max(tableoid)`, sql`max(ctid)`, sql`bool_or(leaving)`].map(
      (holder, part) => sql`${holder} filter (where not moving) over ${numbered("same", n)} as ${holderPart(n, part)}`,
    ),
  )
  const windows = equal.map(({ rule, n }) => sql`${numbered("same", n)} as (${sameKey(rule, n)})`)
  const hits = rules.flatMap((rule, n) => {
    if (rule.operators !== null)
      return sql`select other.tableoid, other.ctid, other.leaving, true
        from row_keys as other where not other.moving and ${collide(rule, n, "held", "other")}`
    // Of a rule whose check is deferred, several rows can have one key.
    const ends = [holderPart(n, 0), holderPart(n, 1), holderPart(n, 2), holderPart(n, 3), holderPart(n, 4)]
    const [lowTab, low, highTab, high, leaving] = ends
    const isIn = sql`where held.${numbered("in", n)}`
    return [
      sql`select held.${lowTab}, held.${low}, held.${leaving}, false ${isIn}`,
      sql`select held.${highTab}, held.${high}, held.${leaving}, false ${isIn}`,
    ]
  })
  const none = sql`select null::oid, null::tid, null::boolean, null::boolean`
  return sql`select held.*, hits.*
    from (select ${list([sql`*`, ...holders])} from row_keys ${windows.length === 0 ? sql`` : sql`window ${list(windows)}`}) as held
    cross join lateral (
      select count(distinct (tab, tid)) as stoppers, min(tab) as by_tab, min(tid) as by_tid,
        coalesce(bool_or(is_leaving), false) as is_leaving, coalesce(bool_or(is_excluding), false) as excluding
      from (${sql.join([none, ...hits], sql` union all `)}) as hit (tab, tid, is_leaving, is_excluding)
      where tid is not null and (tab <> held.tableoid or tid <> held.ctid)
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

const PLACE = "authjs_lazy_place"

const placeOf = (alias: string) => sql.raw(`${alias}.tableoid::text || ${alias}.ctid::text`)

/**
 * Reads the rows that were found, whole and in the same order. One query.
 * @param secret the name of a column to leave out
 */
export async function readConflicts(
  tx: Database,
  { target }: ChangingTable,
  stopped: StoppedRow[],
  secret: string | undefined,
): Promise<MergeConflict[]> {
  const places = [...new Set(stopped.flatMap(({ place, by }) => (by === null ? [place] : [place, by])))].map(
    (place) => {
      const [tab, tid] = place.split(/(?=\()/)
      return { tab, tid }
    },
  )
  const rows = await queryRows(
    tx,
    sql`select ${placeOf("target")} as ${sql.raw(PLACE)}, target.*
      from json_to_recordset(${JSON.stringify(places)}::text::json) as place (tab oid, tid tid)
      join ${sql.raw(target)} as target on target.tableoid = place.tab and target.ctid = place.tid`,
  )
  if (secret !== undefined) for (const row of rows) delete row[secret]
  const found = new Map(rows.map(({ [PLACE]: place, ...row }) => [place, row]))
  return stopped.flatMap(({ place, by }) => {
    const row = found.get(place)
    return row ? [{ row, by: (by !== null && found.get(by)) || null }] : []
  })
}
