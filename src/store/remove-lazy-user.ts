import { type SQL, sql } from "drizzle-orm"
import { LazySetupError, MergeConflictError } from "../errors.js"
import { label } from "./catalogue.js"
import type { ReferencingTable, UserReferences } from "./foreign-keys.js"
import type { ByTable, Database } from "./lazy-store.js"
import { concerned, type Move } from "./move-rows.js"
import { queryDocument, queryRows } from "./raw-query.js"
import type { Tables } from "./tables.js"

/**
 * Deletes the lazy user with what it signs in with and with the rows of `stopped` tables that are still its own, in one statement, so
 * that foreign keys between those rows don't matter.
 * @returns how many rows went, also by ON DELETE CASCADE and by triggers, except the user and what it signed in with
 * @throws MergeConflictError when other users would go as well
 */
export async function removeLazyUser(
  tx: Database,
  { usersTable }: Tables,
  { users, credentials }: UserReferences,
  stopped: ReferencingTable[],
  move: Move,
): Promise<ByTable<number>> {
  const otherUsers = () =>
    new MergeConflictError(`Other users, in ${users.label}, would be deleted with the lazy user.`, users.label)
  const [invited] = stopped.filter(({ oid }) => oid === users.oid)
  if (invited && (await countConcerned(tx, invited, move)) > 0) throw otherUsers()

  const before = await deletedSoFar(tx)
  const deletes = [
    ...stopped.map((table) => sql`delete from ${sql.raw(table.target)} where ${concerned(table, move)}`),
    ...credentials.map(({ table }) => sql`delete from ${table} where ${table.userId} = ${move.from}`),
  ]
  const steps = deletes.map((statement, n) => sql`${sql.raw(`deleted_${n}`)} as (${statement})`)
  await queryRows(tx, sql`${withSteps(steps)} delete from ${usersTable} where ${usersTable.id} = ${move.from}`)
  const after = await deletedSoFar(tx)

  const gone = after.flatMap(({ oid, label, rows }) => {
    const earlier = before.find((table) => table.oid === oid)?.rows ?? 0
    return rows > earlier ? [{ oid, label, rows: rows - earlier }] : []
  })
  if (gone.some(({ oid, rows }) => oid === users.oid && rows > 1)) throw otherUsers()
  const unreported = [users.oid, ...credentials.map(({ oid }) => oid)]
  return Object.fromEntries(gone.filter(({ oid }) => !unreported.includes(oid)).map(({ label, rows }) => [label, rows]))
}

const withSteps = (steps: SQL[]) => (steps.length === 0 ? sql`` : sql`with ${sql.join(steps, sql`, `)}`)

async function countConcerned(tx: Database, table: ReferencingTable, move: Move): Promise<number> {
  const [row] = await queryRows<{ rows: number }>(
    tx,
    sql`select count(*)::int as rows from ${sql.raw(table.target)} where ${concerned(table, move)}`,
  )
  return row?.rows ?? 0
}

/**
 * How many rows this transaction has deleted from each table, on top of a number that stays the same during the transaction. This is the
 * server's own count (https://www.postgresql.org/docs/current/monitoring-stats.html), so no way for a row to go is overlooked.
 */
async function deletedSoFar(tx: Database): Promise<{ oid: number; label: string; rows: number }[]> {
  const { counted, tables } = await queryDocument<{
    counted: boolean
    tables: { oid: number; label: string; rows: number }[]
  }>(
    tx,
    sql`
    select json_build_object(
      'counted', current_setting('track_counts')::boolean,
      'tables', (
        select coalesce(json_agg(deleted), '[]') from (
          select root.oid::int8, ${label("root")} as label, sum(pg_stat_get_xact_tuples_deleted(class.oid)) as rows
          from pg_class class
          join pg_class root on root.oid = coalesce(pg_partition_root(class.oid), class.oid)
          where class.relkind = 'r' and pg_stat_get_xact_tuples_deleted(class.oid) > 0
          group by root.oid, root.relnamespace, root.relname
        ) as deleted
      )
    )::text as document`,
  )
  if (!counted)
    throw new LazySetupError(
      "Merging counts the rows it deletes by the server's statistics: set track_counts = on, which is the default.",
    )
  return tables
}
