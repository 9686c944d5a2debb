import { eq, inArray, sql } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { MergeConflictError, MergeUnsupportedError, NotLazyError, NotRealError } from "../errors.js"
import { findReferences, type ReferencingTable, type UserReferences } from "./foreign-keys.js"
import type { ByTable, Database, MergeOptions, MergeReport } from "./lazy-store.js"
import { concerned, type Move, movedTogether, moveRows, stoppedRows } from "./move-rows.js"
import { recordOutcomes } from "./outcomes.js"
import { hasPassword } from "./passwords.js"
import { proveEmail } from "./prove-email.js"
import { queryRows } from "./raw-query.js"
import { removeLazyUser } from "./remove-lazy-user.js"
import { retryTransaction } from "./retry-transaction.js"
import { rememberTransaction } from "./same-transaction.js"
import { sqlState, UNIQUE_VIOLATION } from "./sql-state.js"
import type { Tables } from "./tables.js"
import { isLazyRow, type UserRow } from "./user-row.js"
import { brokenConstraint } from "./violation.js"

/** See `LazyStore.merge`. */
export function mergeUsers(
  db: Database,
  tables: Tables,
  references: readonly AnyPgColumn[],
  fromId: string,
  intoId: string,
  options: MergeOptions = {},
): Promise<MergeReport> {
  const { session, link, provesEmail, needsPassword, onMerge, onConflict = "keep" } = options
  const { usersTable, accountsTable, sessionsTable } = tables
  let finished = false
  // The real user may get a row just before one of the lazy user's takes its place. Another merge sees it, and leaves the lazy user's where it is.
  // A rule that is checked at the end says so when everything is done.
  const isOvertaken = (error: unknown) =>
    sqlState(error) === UNIQUE_VIOLATION && (finished || error instanceof MergeConflictError)
  return retryTransaction(
    db,
    async (tx) => {
      finished = false
      const found = await findReferences(tx, tables, references)
      refuseUnsupported(found)
      const move: Move = { from: fromId, into: intoId, users: found.users }
      const { from, into } = await lockUsers(tx, tables, found, move, options)

      if (needsPassword && !(await hasPassword(tx, tables, intoId))) throw new NotRealError("The password is gone.")
      const moved: ByTable<number> = {}
      const stopped: ReferencingTable[] = []
      for (const group of movedTogether(found.tables)) {
        for (const result of await explainConflicts(group, () => moveRows(tx, group, move))) {
          if (result.moved > 0) moved[result.table.label] = result.moved
          if (result.stopped > 0) stopped.push(result.table)
        }
      }
      const [table] = stopped
      if (table && onConflict === "error")
        throw new MergeConflictError(`The real user has rows in ${table.label} that stop the lazy user's.`, table.label)

      if (onMerge) {
        const conflicts: ByTable<Record<string, unknown>[]> = {}
        for (const table of stopped) conflicts[table.label] = await stoppedRows(tx, table, move)
        const stillOpen = await rememberTransaction(tx)
        await onMerge({ tx, from, into, moved, conflicts })
        await stillOpen()
      }
      if (provesEmail) await proveEmail(tx, tables, intoId)
      if (link) await tx.insert(accountsTable).values({ ...link, userId: intoId })
      if (session) await tx.insert(sessionsTable).values({ ...session, userId: intoId })
      await recordOutcomes(tx, tables, [{ outcome: "merged", since: from.lazySince as Date, users: 1 }])
      const conflicts = await explainConflicts(stopped, () => removeLazyUser(tx, tables, found, stopped, move))
      const [merged] = await tx.select().from(usersTable).where(eq(usersTable.id, intoId))
      if (!merged) throw new NotRealError("The user to merge into went with the lazy user.")
      finished = true
      return { from, into: merged, moved, conflicts }
    },
    // A row that another transaction adds before its user is locked must be seen afterwards.
    { isolationLevel: "read committed" },
    isOvertaken,
  )
}

function refuseUnsupported({ problems: [problem] }: UserReferences): void {
  if (!problem) return
  const { table, constraint, reason } = problem
  throw new MergeUnsupportedError(
    `Users can't be merged: constraint "${constraint}" of table ${table}: ${reason}.`,
    table,
    constraint,
  )
}

/**
 * In the order of their ids, so that two merges never wait for each other; with them the users who refer to the lazy one. For the lazy user nobody
 * else may add a row any more. For the real one everybody may: else requests that have changed a row of the lazy user's and then add one to
 * the real user, as in a chat, would be in a deadlock with the merge. Each is locked once, as it will have to be: so are requests that hold on to
 * a user while a weaker lock waits to become a stronger one.
 */
async function lockUsers(
  tx: Database,
  { usersTable }: Tables,
  { users, tables }: UserReferences,
  move: Move,
  { provesEmail = false }: MergeOptions,
): Promise<{ from: UserRow; into: UserRow }> {
  const { from: fromId, into: intoId } = move
  if (fromId === intoId) throw new NotRealError("A user can't be merged into itself.")
  const selfReferences = tables.find(({ oid }) => oid === users.oid)
  if (selfReferences)
    await queryRows(
      tx,
      sql`select count(*) from (
        select from ${usersTable}
        where ${inArray(usersTable.id, [fromId, intoId])} or ${concerned(selfReferences, move)}
        order by ${usersTable.id} for no key update
      ) as locked`,
    )
  const found = new Map<string, UserRow | undefined>()
  for (const id of [fromId, intoId].sort()) {
    // A proven address ends the sessions of the real user, those included that are being written.
    const strength = id === fromId || provesEmail ? "update" : "no key update"
    const [user] = await tx.select().from(usersTable).where(eq(usersTable.id, id)).for(strength)
    found.set(id, user)
  }
  const [from, into] = [found.get(fromId), found.get(intoId)]
  if (!from || !isLazyRow(from)) throw new NotLazyError("The user to merge is gone, or is not lazy (any more).")
  if (!into || isLazyRow(into)) throw new NotRealError("The user to merge into is gone, or is lazy.")
  return { from, into }
}

/** Turns a constraint that is broken all the same (by another request, by an exclusion constraint) into an error that names it. */
async function explainConflicts<Result>(tables: ReferencingTable[], work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const broken = brokenConstraint(error)
    if (!broken) throw error
    const { schema, table, constraint } = broken
    const place = schema === undefined || schema === "public" ? table : `${schema}.${table}`
    const label = place ?? tables.map(({ label }) => label).join(", ")
    throw new MergeConflictError(
      `Rows of the lazy user, in ${label}, can be neither moved nor left behind: ${constraint ?? "no place for them"}.`,
      label,
      constraint,
      { cause: error },
    )
  }
}
