import { type SQL, sql } from "drizzle-orm"
import { all, claims, collide, numbered, valueColumn } from "./claims.js"
import type { Database } from "./database.js"
import type { MergeConflict } from "./lazy-store.js"
import { queryDocument, queryRows } from "./raw-query.js"
import type { ChangingTable } from "./row-changes.js"

/** A stopped row and the row that stops it, each by its ctid, which stays until the row changes. */
export interface StoppedRow {
  place: string
  /** The row of the real user that stops it; null where there are several, or none, as for a check. */
  by: string | null
  /** Whether rows that refer to this one move to the other: only a unique rule stopped it. */
  isDeep: boolean
  /** The values of the row in each referred column list, as text. */
  old: (string | null)[][]
  /** The values of the other row in them. */
  new: (string | null)[][]
}

/**
 * Finds the rows that could not change, each with the row that stops it. Only rows that hold the
 * new value count, since others belong to other users. One query.
 * @param referred the lists of columns that foreign keys lead to
 */
export function findStoppers(
  tx: Database,
  table: ChangingTable,
  sources: SQL[],
  referred: string[][],
): Promise<StoppedRow[]> {
  const hits = table.rules.map(
    (rule, n) => sql`
      select stopped.tableoid as tab, stopped.ctid as tid, other.tableoid as by_tab, other.ctid as by_tid,
        ${isOwned(table)} as owned, ${sql.raw(String(rule.operators !== null))} as excluding
      from claim as stopped join claim as other on ${collide(rule, n, "stopped", "other")}
      where stopped.moving and not other.moving and (stopped.tableoid <> other.tableoid or stopped.ctid <> other.ctid)`,
  )
  const none = sql`select 0::oid as tab, '(0,0)'::tid as tid, 0::oid as by_tab, '(0,0)'::tid as by_tid, false as owned, false as excluding where false`
  const steps = [
    ...sources,
    sql`claim as (${claims(table)})`,
    sql`hit as (${hits.length === 0 ? none : sql.join(hits, sql` union all `)})`,
    sql`stopper as (
      select tab, tid, min(by_tab) as by_tab, min(by_tid) as by_tid, bool_or(excluding) as excluding
      from hit group by tab, tid
      having count(distinct (by_tab, by_tid)) = 1 and bool_and(owned)
    )`,
    // A row that is stopped itself goes as well.
    sql`single as (
      select * from stopper
      where not exists (
        select from claim where moving and claim.tableoid = stopper.by_tab and claim.ctid = stopper.by_tid
      )
    )`,
  ]
  const values = (alias: string) =>
    sql.raw(
      `json_build_array(${referred
        .map((columns) => `json_build_array(${columns.map((column) => `${alias}.${column}::text`).join(", ")})`)
        .join(", ")})`,
    )
  return queryDocument(
    tx,
    sql`with ${sql.join(steps, sql`, `)}
    select coalesce(json_agg(json_build_object(
      'place', ${placeOf("claim")},
      'by', ${placeOf("other")},
      'isDeep', other.ctid is not null and claim.allowed and not single.excluding,
      'old', ${values("own")},
      'new', ${values("other")}
    ) order by claim.tableoid, claim.ctid), '[]')::text as document
    from claim
    join ${sql.raw(table.target)} as own on own.tableoid = claim.tableoid and own.ctid = claim.ctid
    left join single on single.tab = claim.tableoid and single.tid = claim.ctid
    left join ${sql.raw(table.target)} as other on other.tableoid = single.by_tab and other.ctid = single.by_tid
    where claim.moving`,
  )
}

/** Tells in SQL whether the other row holds the value that the stopped one was to get. */
function isOwned({ changes }: ChangingTable): SQL {
  const ways = changes.map(({ columns }, n) =>
    all([
      sql`stopped.${numbered("to", n)}`,
      ...columns.map((_, c) => sql`other.${valueColumn(n, c)} = stopped.${valueColumn(n, c)}`),
    ]),
  )
  return sql`coalesce(${sql.join(
    ways.map((way) => sql`(${way})`),
    sql` or `,
  )}, false)`
}

const PLACE = "authjs_lazy_place"

const placeOf = (alias: string) => sql.raw(`${alias}.tableoid::text || ${alias}.ctid::text`)

/** Reads the rows that were found, whole and in the same order. One query. */
export async function readConflicts(
  tx: Database,
  { target }: ChangingTable,
  stopped: StoppedRow[],
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
  const found = new Map(rows.map(({ [PLACE]: place, ...row }) => [place, row]))
  return stopped.flatMap(({ place, by }) => {
    const row = found.get(place)
    return row ? [{ row, by: (by !== null && found.get(by)) || null }] : []
  })
}
