import { sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { messageOf } from "../sql/error-message.js"
import { queryRows } from "../sql/query.js"
import { INSUFFICIENT_PRIVILEGE, sqlState } from "../sql/sql-state.js"
import type { Tables } from "../tables/resolve-tables.js"
import { type AdoptSearch, isGuest } from "./find-users.js"
import type { AdoptSettings } from "./options.js"

/** The classes of errors that are about a statement itself: of its syntax, names and types. */
const ABOUT_THE_STATEMENT = /^(42|22|0A|21|25)/

/**
 * Lets PostgreSQL parse the condition, in a read-only transaction and without reading a row.
 *
 * The condition stands in the statement twice, in round and in square brackets: text that closes a
 * bracket it has not opened fits only one of them. The parameter keeps drivers from sending it in
 * the form that may hold several statements.
 * @throws LazySetupError when PostgreSQL refuses the condition
 */
export async function checkCondition(db: Database, { usersTable }: Tables, { where }: AdoptSettings): Promise<void> {
  const parse = (isStrict: boolean) =>
    withoutWriting(db, async (tx) => {
      // PostgreSQL refuses a query here that row-level security would filter.
      if (isStrict) await tx.execute(sql`set local row_security = off`)
      await queryRows(
        tx,
        sql`select from ${usersTable} where (\n${where}\n) and (array[\n${where}\n])[1] and ${1}::int = 1 limit 0`,
      )
    })
  const isStrict = await readsAllUsers(db, usersTable)
  await explained("where", () => parse(isStrict))
}

/**
 * Reads when the guests were made.
 * @throws LazySetupError when the expression of `createdAt` does not give moments
 */
export async function checkCreatedAt(db: Database, search: AdoptSearch): Promise<void> {
  const { createdAt } = search.settings
  if (!createdAt) return
  const { usersTable } = search.tables
  const made = sql`select count((${createdAt})::timestamptz) from ${usersTable} where ${isGuest(search)}`
  await explained("createdAt", () => withoutWriting(db, (tx) => queryRows(tx, made)))
}

/**
 * Tells whether no policy keeps users from this role. Users that it can't see are not adopted, but
 * rows of other tables that it can't see could make the condition true.
 */
async function readsAllUsers(db: Database, usersTable: Tables["usersTable"]): Promise<boolean> {
  try {
    await withoutWriting(db, async (tx) => {
      await tx.execute(sql`set local row_security = off`)
      await queryRows(tx, sql`select from ${usersTable} limit 0`)
    })
    return true
  } catch (error) {
    if (sqlState(error) === INSUFFICIENT_PRIVILEGE) return false
    throw error
  }
}

/**
 * Runs work in a transaction that can't write, not even by a function. Moments without a time zone
 * are read as Drizzle writes them.
 */
export function withoutWriting<Result>(db: Database, work: (tx: Database) => Promise<Result>): Promise<Result> {
  return db.transaction(
    async (tx) => {
      await tx.execute(sql`select pg_catalog.set_config('timezone', 'UTC', true)`)
      return work(tx)
    },
    { accessMode: "read only", isolationLevel: "repeatable read" },
  )
}

/**
 * Runs the condition on rows, and explains an error of it.
 * @throws LazySetupError when the condition fails on a row, or writes
 */
export async function explained<Result>(option: "where" | "createdAt", work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const state = sqlState(error) ?? ""
    if (!ABOUT_THE_STATEMENT.test(state)) throw error
    const why =
      state === INSUFFICIENT_PRIVILEGE
        ? `this role may not read everything that it asks about (${messageOf(error)}). Adopt as a role that sees all rows: alter role … bypassrls;`
        : `PostgreSQL refuses it (${messageOf(error)}). ${ADVICE[option]}`
    throw new LazySetupError(`adopt: \`${option}\` does not work: ${why} Nothing was changed.`, { cause: error })
  }
}

const ADVICE = {
  where:
    "It must be one condition on the columns of the user table, which only reads: no semicolon, no statement. Write: email like 'guest-%'.",
  createdAt: "It must be a column of the user table that holds a moment. Write: created_at.",
}
