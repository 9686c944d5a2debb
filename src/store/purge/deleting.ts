import { type SQL, sql } from "drizzle-orm"
import { OtherUsersError } from "../../errors.js"
import { literal, withGone } from "../deletion/closure.js"
import { countDeleted } from "../deletion/count-deleted.js"
import { followsToward, type PurgeGraph } from "../deletion/graph.js"
import { deletedSoFar } from "../sql/catalogue/row-counts.js"
import type { Database } from "../sql/database.js"
import { type Engine, numbersTransactions } from "../sql/engine/engine.js"
import { queryRepeated, queryRepeatedDocument } from "../sql/query.js"
import { isRowAt, primaryKey } from "../sql/row-place.js"
import { READ_COMMITTED, retryTransaction } from "../sql/transactions.js"
import { DAY_MS, type EndedUsers, recordOutcomes } from "../users/outcomes.js"
import { findFree } from "./blocked-users.js"
import { countGoing } from "./count-going.js"
import { stillThere } from "./find-users.js"
import { type Candidate, NOTHING_REMOVED, type Picked, type PurgeStrategy, type Removal, type Search } from "./job.js"

/** Deletes the users who can go. */
export const deleting: PurgeStrategy = {
  dryRun: false,
  lock: sql`for update skip locked`,
  // The foreign keys find rows that are hidden from the role.
  tablesToSee: () => [],
  run: (job, inBatches) => inBatches(job),
  // A session must be visible that another transaction adds before its user is locked.
  inTransaction: (db, work) => retryTransaction(db, work, READ_COMMITTED),
  // The users are locked without waiting, so the limit can be set in the same statement.
  pick: (tx, { search, graph }, users) =>
    queryRepeatedDocument(
      tx,
      sql`select json_build_object(
        'users', ${users}, 'deletedBefore', ${deletedSoFar(graph.engine, search.within)},
        'lockTimeout', pg_catalog.set_config('lock_timeout', ${LOCK_TIMEOUT}, true)
      )::text as document`,
    ),
  async remove(tx, { search, graph }, { users, deletedBefore }, room) {
    const { free, heldBack } = await findFree(tx, search, graph, users, room)
    if (free.length === 0) return { free, heldBack, removal: NOTHING_REMOVED }
    return { free, heldBack, removal: await removeUsers(tx, search, graph, { users: free, deletedBefore }) }
  },
}

/**
 * Limits waiting for a lock to 50 ms until the transaction ends, so that the purge gives way before
 * PostgreSQL looks for deadlocks, after one second by default, and cancels the work of another.
 */
export async function giveWay(tx: Database): Promise<void> {
  await tx.execute(sql`select pg_catalog.set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`)
}

const LOCK_TIMEOUT = "50ms"

/**
 * Deletes those of the users who may still go, and in the same statement the rows that must go
 * before them: constraints are checked after it, so the order does not matter. The database deletes
 * the rest by ON DELETE CASCADE.
 * @throws OtherUsersError when other users would go along
 */
export async function removeUsers(
  tx: Database,
  search: Search,
  graph: PurgeGraph,
  { users, deletedBefore }: Picked,
): Promise<Removal> {
  const remove = () => queryRepeated<PurgedByDay>(tx, removalStatement(search, graph, users))
  if (!graph.engine.countsRows) {
    // The users are locked, so no row can be added that goes with them.
    const { deleted } = await countGoing(tx, search, graph, stillThere(search, users))
    const days = await remove()
    await recordOutcomes(tx, search.tables, days.map(endedUsers))
    const purged = sumOf(days)
    return { purged, deleted: purged > 0 ? deleted : {} }
  }
  const { result: days, deleted } = await countDeleted(tx, remove, deletedBefore, search.within)
  const purged = sumOf(days)
  const usersDeleted = deleted.find(({ oid }) => oid === graph.users.oid)?.rows ?? 0
  if (usersDeleted > purged) throw new OtherUsersError(graph.users.label)

  await recordOutcomes(tx, search.tables, days.map(endedUsers))
  const others = deleted.filter(({ oid }) => oid !== graph.users.oid)
  return { purged, deleted: Object.fromEntries(others.map(({ label, rows }) => [label, rows])) }
}

/** How many purged users became lazy on one day; statistics need no more. */
interface PurgedByDay {
  /** Days since 1970, in UTC. */
  day: number
  users: number
}

const sumOf = (days: PurgedByDay[]) => days.reduce((sum, { users }) => sum + users, 0)

function removalStatement(search: Search, graph: PurgeGraph, users: Candidate[]): SQL {
  const { usersTable } = search.tables
  const condition = sql`${stillThere(search, users)} and ${insideOfTransaction(graph.engine)}`
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
      where purge_gone.of = ${literal(table)} and ${isRowAt(primaryKey(graph.rowKeys, table), "target.", sql`purge_gone.place`)}
    )`
  })
  return sql`${withGone({ search, graph, users: condition, follows })} ${sql.join(steps)}, ${removal}`
}

/**
 * True in the transaction that locked the users. When its connection is lost, postgres.js may run
 * the remaining statements on another one, each by itself. Not told without ids of transactions.
 */
const insideOfTransaction = (engine: Engine): SQL =>
  numbersTransactions(engine) ? sql`pg_catalog.pg_current_xact_id_if_assigned() is not null` : sql`true`

function endedUsers({ day, users }: PurgedByDay): EndedUsers {
  return { outcome: "purged", since: new Date(day * DAY_MS), users }
}
