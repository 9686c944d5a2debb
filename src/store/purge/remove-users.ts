import { sql } from "drizzle-orm"
import { OtherUsersError } from "../../errors.js"
import { literal, withGone } from "../deletion/closure.js"
import { countDeleted } from "../deletion/count-deleted.js"
import { listRows } from "../deletion/gone-rows.js"
import { followsToward, type PurgeGraph } from "../deletion/graph.js"
import type { ByTable } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import { queryRows } from "../sql/query.js"
import { DAY_MS, type Outcome, recordOutcomes } from "../users/outcomes.js"
import { type Candidate, isOneOf, type Picked, type Search, stillThere, waitBriefly } from "./find-users.js"

/** Users who went, or would go, with the rows of other tables that go with them. */
export interface Removal {
  purged: number
  deleted: ByTable<number>
}

/**
 * Deletes those of the users who may still go, and before them, in the same statement, the rows that have to go first: constraints are checked
 * after it, so that the order among them doesn't matter. What else hangs on them the database deletes.
 * @throws OtherUsersError
 */
export async function removeUsers(
  tx: Database,
  search: Search,
  graph: PurgeGraph,
  { users, deletedBefore }: Picked,
): Promise<Removal> {
  const { tables } = search
  if (!deletedBefore) await queryRows(tx, sql`select ${waitBriefly}`)
  const { result: days, deleted } = await countDeleted(
    tx,
    () => queryRows<PurgedByDay>(tx, removalStatement(search, graph, users)),
    deletedBefore,
    search.within,
  )
  const purged = days.reduce((sum, { users }) => sum + users, 0)
  const usersDeleted = deleted.find(({ oid }) => oid === graph.users.oid)?.rows ?? 0
  if (usersDeleted > purged) throw new OtherUsersError(graph.users.label)

  await recordOutcomes(tx, tables, days.map(outcomeOf))
  const others = deleted.filter(({ oid }) => oid !== graph.users.oid)
  return { purged, deleted: Object.fromEntries(others.map(({ label, rows }) => [label, rows])) }
}

/** Counts what would go with users, along the foreign keys, and lists it as gone where that is called for. */
export async function countRemoval(
  tx: Database,
  search: Search,
  graph: PurgeGraph,
  users: Candidate[],
): Promise<Removal> {
  const { follows } = graph
  const listing = search.goneBefore ? listRows(search.goneBefore.keys()) : sql``
  const rows = await queryRows<{ of: number; rows: number }>(
    tx,
    sql`${withGone({ search, graph, users: isOneOf(users, search.tables), follows })}${listing}
      select purge_gone.of::float8 as of, count(*)::float8 as rows from purge_gone group by purge_gone.of`,
  )
  const others = rows.filter(({ of }) => of !== graph.users.oid)
  const labels = new Map(follows.map(({ table, label }) => [table, label]))
  const deleted = Object.fromEntries(others.map(({ of, rows }) => [labels.get(of) as string, rows]))
  return { purged: rows.find(({ of }) => of === graph.users.oid)?.rows ?? 0, deleted }
}

/** Statistics tell by the day since when users were lazy; days since 1970, in UTC. */
interface PurgedByDay {
  day: number
  users: number
}

function removalStatement(search: Search, graph: PurgeGraph, users: Candidate[]) {
  const { tables } = search
  const { usersTable } = tables
  const condition = sql`${stillThere(search, users)} and ${insideOfTransaction}`
  const removal = sql`purge_removed as (
    delete from ${usersTable} where ${condition} returning floor(extract(epoch from ${usersTable.lazySince}) / 86400)::float8 as day
  )
  select day, count(*)::float8 as users from purge_removed group by day`
  if (graph.first.size === 0) return sql`with ${removal}`
  const follows = followsToward(graph, graph.first)
  const steps = [...graph.first].map((table, position) => {
    const target = sql.raw(follows.find((key) => key.table === table)?.wholeTarget as string)
    return sql`, ${sql.raw(`first_${position}`)} as (
      delete from ${target} as target using purge_gone
      where purge_gone.of = ${literal(table)} and target.tableoid = purge_gone.tab and target.ctid = purge_gone.tid
    )`
  })
  return sql`${withGone({ search, graph, users: condition, follows })} ${sql.join(steps)}, ${removal}`
}

/**
 * True in the transaction that has locked the users. postgres.js may run what is left of a transaction whose connection was lost on another one,
 * each statement by itself.
 */
const insideOfTransaction = sql`pg_current_xact_id_if_assigned() is not null`

function outcomeOf({ day, users }: PurgedByDay): Outcome {
  return { outcome: "purged", since: new Date(day * DAY_MS), users }
}
