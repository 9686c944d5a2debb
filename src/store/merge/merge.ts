import { eq, inArray, sql } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { MergeConflictError, MergeUnsupportedError, NotLazyError, NotRealError } from "../../errors.js"
import { requireCountable } from "../deletion/require-countable.js"
import { addRows, type ByTable } from "../sql/by-table.js"
import type { Database } from "../sql/database.js"
import { lockOf } from "../sql/engine/engine.js"
import { pipelined, queryRepeated, STATEMENT_NAME } from "../sql/query.js"
import { EXCLUSION_VIOLATION, FOREIGN_KEY_VIOLATIONS, sqlState, UNIQUE_VIOLATION } from "../sql/sql-state.js"
import { rememberTransaction, retryReadCommitted } from "../sql/transactions.js"
import type { Tables } from "../tables/resolve-tables.js"
import { completeRow, isLazyRow, type UserRow } from "../tables/user-row.js"
import { recordOutcomes } from "../users/outcomes.js"
import { readHash } from "../users/passwords.js"
import { proveEmailWithin } from "../users/prove-email.js"
import { explainConflicts, KeyAddedError } from "./errors.js"
import { concerned, type Move } from "./lazy-rows.js"
import { mergeHanging, type StoppedRows } from "./move-hanging.js"
import { type LazyRowsMoved, moveLazyRows } from "./move-lazy-rows.js"
import { findReferences } from "./references/find-references.js"
import type { UserReferences } from "./references/references.js"
import { removeLazyUser } from "./remove-lazy-user.js"
import type { MergeReport, SignInMerge } from "./types.js"

/** Errors of a constraint when another request wrote first. */
const OVERTAKEN = [UNIQUE_VIOLATION, EXCLUSION_VIOLATION, ...FOREIGN_KEY_VIOLATIONS]

/** Implements `LazyStore.merge`. */
export function mergeUsers(
  db: Database,
  tables: Tables,
  references: readonly AnyPgColumn[],
  fromId: string,
  intoId: string,
  options: SignInMerge = {},
): Promise<MergeReport> {
  const { session, link, provesEmail, needsPassword, onMerge, onConflict = "keep", mergeTables } = options
  const { accountsTable, sessionsTable } = tables
  let finished = false
  // The real user may get a row just before one of the lazy user's takes its place. The next try
  // sees that row; with a deferred rule, the error comes at the commit.
  const isOvertaken = (error: unknown) =>
    error instanceof KeyAddedError ||
    (OVERTAKEN.includes(sqlState(error) ?? "") && (finished || error instanceof MergeConflictError))
  return retryReadCommitted(
    db,
    // A row that another transaction adds before its user is locked must be seen afterwards.
    async (tx, checkIsolation) => {
      finished = false
      const found = await findReferences(tx, tables, references, mergeTables)
      checkIsolation(found)
      refuseUnsupported(found)
      await requireCountable(tx, found)
      const move: Move = { from: fromId, into: intoId, users: found.users }
      const { from, into } = await lockUsers(tx, tables, found, move, options)

      if (needsPassword) {
        const hash = await readHash(tx, tables, intoId)
        if (hash === null || (needsPassword !== true && hash !== needsPassword))
          throw new NotRealError("The password was changed or removed.")
      }
      const [, { lazyRows, soFar }] = await pipelined(
        tx,
        () => recordOutcomes(tx, tables, [{ outcome: "merged", since: from.lazySince as Date, users: 1 }]),
        () => moveLazyRows(tx, found, move),
      )
      const [first] = lazyRows.filter(({ stopped }) => stopped > 0)
      if (first && onConflict === "error") {
        const { label } = first.table
        throw new MergeConflictError(`The real user has rows in ${label} that stop the lazy user's.`, label)
      }
      const hanging = await mergeHanging(tx, found, move, lazyRows, onMerge !== undefined)
      const moved = sumByTable([
        ...lazyRows.map(({ table, moved }) => ({ label: table.label, rows: moved })),
        ...hanging.moved,
      ])

      if (onMerge) {
        const stillOpen = await rememberTransaction(tx, found.engine)
        await onMerge({ tx, from, into, moved, conflicts: hanging.conflicts })
        await stillOpen()
      }
      if (provesEmail) await proveEmailWithin(tx, tables, intoId)
      if (link) await tx.insert(accountsTable).values({ ...link, userId: intoId })
      if (session) await tx.insert(sessionsTable).values({ ...session, userId: intoId })
      const stopped = stoppedRows(lazyRows, hanging.stopped, move)
      // Since the rows were counted, the merge itself has added some, and not changed or deleted any.
      const adds = link !== undefined || session !== undefined
      const isUntouched = stopped.length === 0 && !onMerge && !provesEmail && !(adds && found.within === undefined)
      const { conflicts, credentials } = await explainConflicts(
        [...stopped, ...found.left, { ...found.users, isOfUsers: true }],
        found.partitions,
        () => removeLazyUser(tx, tables, found, stopped, hanging.sources, move, isUntouched ? soFar : undefined),
      )
      const merged = isUntouched && staysAsItIs(found) ? into : await findUser(tx, tables, intoId)
      if (!merged) throw new NotRealError("The user to merge into went with the lazy user.")
      finished = true
      return { from, into: merged, moved, conflicts, ...(tables.credentials?.length && { credentials }) }
    },
    isOvertaken,
  )
}

/** Tells whether no key, trigger or rule can change a user when another one goes. */
function staysAsItIs({ users, keys, within }: UserReferences): boolean {
  return within !== undefined && keys.every(({ table }) => table !== users.oid)
}

/** Reads a user. The driver keeps the statement; see {@link queryRepeated}. */
async function findUser(
  tx: Database,
  { usersTable }: Tables,
  id: string,
  lock?: "update" | "no key update",
): Promise<UserRow | undefined> {
  const query = tx.select().from(usersTable).where(eq(usersTable.id, id))
  const [user] = await (lock ? query.for(lock) : query).prepare(STATEMENT_NAME).execute()
  return completeRow(user)
}

function refuseUnsupported({ problems: [problem] }: UserReferences): void {
  if (!problem) return
  const { table, constraint, reason } = problem
  throw new MergeUnsupportedError(
    `Users can't be merged: ${constraint === undefined ? "" : `constraint "${constraint}" of `}table ${table}: ${reason}.`,
    table,
    constraint,
  )
}

/**
 * Locks both users in the order of their ids, so that two merges never wait for each other, with
 * the users who refer to the lazy one. Each lock is as strong as it must become, since making it
 * stronger later can end in a deadlock.
 *
 * Other transactions may still add rows that refer to the real user, but not to the lazy one: a
 * request that has changed a row of the lazy user and then refers to the real one, as in a chat,
 * would wait for the merge and the merge for it.
 */
async function lockUsers(
  tx: Database,
  allTables: Tables,
  { users: own, tables, engine }: UserReferences,
  move: Move,
  { provesEmail = false }: SignInMerge,
): Promise<{ from: UserRow; into: UserRow }> {
  const { from: fromId, into: intoId } = move
  if (fromId === intoId) throw new NotRealError("A user can't be merged into itself.")
  const { usersTable } = allTables
  const weak = lockOf(engine, "no key update")
  const selfReferences = tables.find(({ oid }) => oid === own.oid)
  if (selfReferences)
    await queryRepeated(
      tx,
      sql`select count(*) from (
        select from ${usersTable}
        where ${inArray(usersTable.id, [fromId, intoId])} or ${concerned(selfReferences, move)}
        order by ${usersTable.id} for ${sql.raw(weak)}
      ) as locked`,
    )
  const ids = [fromId, intoId].sort()
  const locks = ids.map((id) => () => {
    // Proving the address ends all sessions of the real user, including those being written.
    return findUser(tx, allTables, id, id === fromId || provesEmail ? "update" : weak)
  })
  const users = await pipelined<(UserRow | undefined)[]>(tx, ...locks)
  const [from, into] = [users[ids.indexOf(fromId)], users[ids.indexOf(intoId)]]
  if (!from || !isLazyRow(from)) throw new NotLazyError("The user to merge is gone, or is not lazy (any more).")
  if (!into || isLazyRow(into)) throw new NotRealError("The user to merge into is gone, or is lazy.")
  return { from, into }
}

/** Groups the rows that go with the lazy user, with one condition for each table. */
function stoppedRows(lazyRows: LazyRowsMoved[], hanging: StoppedRows[], move: Move): StoppedRows[] {
  const all = [
    ...lazyRows
      .filter(({ stopped }) => stopped > 0)
      .map(
        ({ table }): StoppedRows => ({
          oid: table.oid,
          label: table.label,
          target: table.target,
          condition: (prefix) => concerned(table, move, prefix),
        }),
      ),
    ...hanging,
  ]
  return [...new Set(all.map(({ oid }) => oid))].map((oid) => {
    const parts = all.filter((one) => one.oid === oid)
    const condition = (prefix: string) =>
      sql`(${sql.join(
        parts.map((part) => sql`(${part.condition(prefix)})`),
        sql` or `,
      )})`
    return { ...(parts[0] as StoppedRows), condition }
  })
}

function sumByTable(counts: { label: string; rows: number }[]): ByTable<number> {
  const sums: ByTable<number> = {}
  for (const { label, rows } of counts) if (rows > 0) addRows(sums, label, rows)
  return sums
}
