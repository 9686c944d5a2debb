import { type SQL, sql } from "drizzle-orm"
import { MergeConflictError } from "../errors.js"
import { countDeleted } from "./deleted-rows.js"
import type { ReferencingTable, UserReferences } from "./foreign-keys.js"
import type { ByTable, Database } from "./lazy-store.js"
import { concerned, type Move } from "./move-rows.js"
import { queryRows } from "./raw-query.js"
import { connectionLost } from "./same-transaction.js"
import type { Tables } from "./tables.js"

/**
 * Deletes the lazy user with what it signs in with and with the rows of `stopped` tables that are still its own, in one statement, so
 * that foreign keys between those rows don't matter.
 * @returns how many rows went, also by ON DELETE CASCADE and by triggers, except the user and what it signed in with; and how many of the
 * app's own credentials
 * @throws MergeConflictError when other users would go as well
 * @throws Error when the transaction in which rows were moved is not the one any more that this happens in; see {@link rememberTransaction}
 */
export async function removeLazyUser(
  tx: Database,
  { usersTable }: Tables,
  { users, credentials }: UserReferences,
  stopped: ReferencingTable[],
  move: Move,
): Promise<{ conflicts: ByTable<number>; credentials: ByTable<number> }> {
  const otherUsers = () =>
    new MergeConflictError(`Other users, in ${users.label}, would be deleted with the lazy user.`, users.label)
  const [invited] = stopped.filter(({ oid }) => oid === users.oid)
  if (invited && (await countConcerned(tx, invited, move)) > 0) throw otherUsers()

  const { deleted: gone } = await countDeleted(tx, (transaction) => {
    // It has one since it locked the user: without, this is another connection, and what was moved was undone.
    if (transaction === null) throw connectionLost()
    const isSame = sql`pg_current_xact_id_if_assigned()::text = ${transaction}`
    const deletes = [
      ...stopped.map(
        (table) => sql`delete from ${sql.raw(table.target)} where ${concerned(table, move)} and ${isSame}`,
      ),
      ...credentials.map(({ table, userId }) => sql`delete from ${table} where ${userId} = ${move.from} and ${isSame}`),
    ]
    const steps = deletes.map((statement, n) => sql`${sql.raw(`deleted_${n}`)} as (${statement})`)
    return queryRows(
      tx,
      sql`${withSteps(steps)} delete from ${usersTable} where ${usersTable.id} = ${move.from} and ${isSame}`,
    )
  })
  if (gone.some(({ oid, rows }) => oid === users.oid && rows > 1)) throw otherUsers()
  const unreported = [users.oid, ...credentials.map(({ oid }) => oid)]
  const ofApp = credentials.filter(({ isOfApp }) => isOfApp).map(({ oid }) => oid)
  const count = (isMeant: (oid: number) => boolean) =>
    Object.fromEntries(gone.filter(({ oid }) => isMeant(oid)).map(({ label, rows }) => [label, rows]))
  return {
    conflicts: count((oid) => !unreported.includes(oid)),
    credentials: count((oid) => ofApp.includes(oid)),
  }
}

const withSteps = (steps: SQL[]) => (steps.length === 0 ? sql`` : sql`with ${sql.join(steps, sql`, `)}`)

async function countConcerned(tx: Database, table: ReferencingTable, move: Move): Promise<number> {
  const [row] = await queryRows<{ rows: number }>(
    tx,
    sql`select count(*)::int as rows from ${sql.raw(table.target)} where ${concerned(table, move)}`,
  )
  return row?.rows ?? 0
}
