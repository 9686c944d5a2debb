import { type SQL, sql } from "drizzle-orm"
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core"
import { MergeConflictError } from "../../errors.js"
import { changedBetween, type DeletedRows } from "../deletion/count-deleted.js"
import type { ByTable } from "../sql/by-table.js"
import { type DeletedSoFar, readDeletedAround, readReferringBeyond } from "../sql/catalogue/row-counts.js"
import type { Database } from "../sql/database.js"
import { numbersTransactions } from "../sql/engine/engine.js"
import { pipelined, queryRepeated } from "../sql/query.js"
import { connectionLost, runDeferred } from "../sql/transactions.js"
import type { Tables } from "../tables/resolve-tables.js"
import { KeyAddedError } from "./errors.js"
import type { Move } from "./lazy-rows.js"
import { type ExpectedLosses, expectLosses, refuseSurprises } from "./losses.js"
import type { StoppedRows } from "./move-hanging.js"
import type { UserReferences } from "./references/references.js"

/**
 * Deletes the lazy user, its credentials and the stopped rows that are left, in one statement, so
 * that foreign keys between them do not matter. Compares what was deleted with what was expected.
 * @param sources steps that the conditions for the stopped rows refer to
 * @param soFar what the transaction has deleted and changed, if that is known
 * @returns the number of deleted rows, without the user and its credentials, and of the app's own
 * credentials
 * @throws MergeConflictError when other users or unreported rows would go, or the lazy user would
 * stay
 * @throws Error when the transaction is no longer the one in which rows were moved; see {@link
 * rememberTransaction}
 */
export async function removeLazyUser(
  tx: Database,
  { usersTable }: Tables,
  found: UserReferences,
  stopped: StoppedRows[],
  sources: SQL[],
  move: Move,
  soFar?: DeletedSoFar,
): Promise<Gone> {
  const { users, credentials } = found
  const otherUsers = () =>
    new MergeConflictError(`Other users, in ${users.label}, would be deleted with the lazy user.`, users.label)
  const expected = await expectLosses(tx, found, stopped, sources, move, soFar)
  if (expected.rows.some(({ oid, rows }) => oid === users.oid && rows > 0)) throw otherUsers()

  // The transaction has an id since it locked the user. Without one, this is another connection,
  // and the moves were rolled back.
  const { transaction } = expected.soFar
  const isNumbered = numbersTransactions(found.engine)
  if (isNumbered && transaction === null) throw connectionLost()
  const isSame = isNumbered ? sql`pg_catalog.pg_current_xact_id_if_assigned()::text = ${transaction}` : sql`true`
  const deletes = [
    ...stopped.map(
      ({ target, condition }) =>
        sql`delete from ${sql.raw(target)} as target where ${condition("target.")} and ${isSame}`,
    ),
    ...credentials.map(({ table, userId }) => sql`delete from ${table} where ${userId} = ${move.from} and ${isSame}`),
  ]
  const steps = [...sources, ...deletes.map((statement, n) => sql`${sql.raw(`deleted_${n}`)} as (${statement})`)]
  const remove = () =>
    queryRepeated(
      tx,
      sql`with ${sql.join(steps, sql`, `)} delete from ${usersTable} where ${usersTable.id} = ${move.from} and ${isSame}${found.engine.countsRows ? sql`` : sql` returning 1`}`,
    )
  if (!found.engine.countsRows) {
    const removed = await remove()
    if (found.isDeferrable) await runDeferred(tx)
    return countedBefore(tx, found, expected, removed.length)
  }
  const [, , after] = await pipelined(
    tx,
    remove,
    async () => found.isDeferrable && runDeferred(tx),
    () => readDeletedAround(tx, found.within),
  )
  const gone = changedBetween(expected.soFar, after)
  const added = found.within && gone.find(({ oid }) => !found.within?.includes(oid))
  if (added) throw keyAdded(added.label)

  const usersGone = gone.find(({ oid }) => oid === users.oid)?.rows ?? 0
  if (usersGone > 1) throw otherUsers()
  if (usersGone === 0) throw stays(users.label)
  refuseSurprises(found, expected, gone)
  return reportOf(found, gone)
}

const keyAdded = (label: string) =>
  new KeyAddedError(`During the merge, ${label} got a foreign key that leads to its rows. Try again.`, label)

const stays = (label: string) =>
  new MergeConflictError(
    `The lazy user, in ${label}, would stay: a trigger, a rule or row-level security keeps it from being deleted.`,
    label,
  )

/** What went with the lazy user, without the user itself. */
interface Gone {
  conflicts: ByTable<number>
  credentials: ByTable<number>
}

function reportOf({ users, credentials }: UserReferences, gone: DeletedRows[]): Gone {
  const unreported = [users.oid, ...credentials.map(({ oid }) => oid)]
  const ofApp = credentials.filter(({ isOfApp }) => isOfApp).map(({ oid }) => oid)
  const count = (isMeant: (oid: number) => boolean) =>
    Object.fromEntries(gone.filter(({ oid, rows }) => rows > 0 && isMeant(oid)).map(({ label, rows }) => [label, rows]))
  return {
    conflicts: count((oid) => !unreported.includes(oid)),
    credentials: count((oid) => ofApp.includes(oid)),
  }
}

/**
 * Reports what went where the server counts no rows: what was to go along the foreign keys, which
 * lead to every row that can go, as {@link requireCountable} has made sure.
 */
async function countedBefore(
  tx: Database,
  found: UserReferences,
  { rows }: ExpectedLosses,
  usersGone: number,
): Promise<Gone> {
  if (usersGone === 0) throw stays(found.users.label)
  const added = found.within && (await readReferringBeyond(tx, found.within))
  if (added !== undefined) throw keyAdded(added)
  const labels = new Map([
    ...found.keys.map(({ table, label }): [number, string] => [table, label]),
    ...found.credentials.map(({ oid, table }): [number, string] => [oid, labelOfTable(table)]),
    ...[...found.tables, ...found.left].map(({ oid, label }): [number, string] => [oid, label]),
  ])
  return reportOf(
    found,
    rows.map(({ oid, rows }) => ({ oid, rows, label: labels.get(oid) ?? String(oid) })),
  )
}

/** Names a table as reports do. */
function labelOfTable(table: PgTable): string {
  const { schema = "public", name } = getTableConfig(table)
  return schema === "public" ? name : `${schema}.${name}`
}
