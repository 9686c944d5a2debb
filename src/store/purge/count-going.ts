import type { SQL } from "drizzle-orm"
import { sql } from "drizzle-orm"
import { withGone } from "../deletion/closure.js"
import { listRows } from "../deletion/gone-rows.js"
import type { PurgeGraph } from "../deletion/graph.js"
import type { Database } from "../sql/database.js"
import { queryRows } from "../sql/query.js"
import type { Removal, Search } from "./job.js"

/**
 * Counts what goes with users along the foreign keys; with `goneBefore`, lists it as gone. One
 * query.
 * @param users the condition for the users
 */
export async function countGoing(tx: Database, search: Search, graph: PurgeGraph, users: SQL): Promise<Removal> {
  const { follows } = graph
  const listing = search.goneBefore ? listRows(search.goneBefore.keys()) : sql``
  const rows = await queryRows<{ of: number; rows: number }>(
    tx,
    sql`${withGone({ search, graph, users, follows })}${listing}
      select purge_gone.of::float8 as of, count(*)::float8 as rows from purge_gone group by purge_gone.of`,
  )
  const others = rows.filter(({ of }) => of !== graph.users.oid)
  const labels = new Map(follows.map(({ table, label }) => [table, label]))
  const deleted = Object.fromEntries(others.map(({ of, rows }) => [labels.get(of) as string, rows]))
  return { purged: rows.find(({ of }) => of === graph.users.oid)?.rows ?? 0, deleted }
}
