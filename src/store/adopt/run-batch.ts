import { type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { generatedEmail } from "../create/generated-email.js"
import type { Database } from "../sql/database.js"
import { endRowsWhere } from "../sql/end-rows.js"
import { type Engine, numbersTransactions } from "../sql/engine/engine.js"
import { columnName, quoted } from "../sql/identifiers.js"
import { queryDocument, queryRows } from "../sql/query.js"
import { connectionLost, READ_COMMITTED, retryTransaction } from "../sql/transactions.js"
import { MARKS } from "../users/marked-moments.js"
import { type AdoptSearch, type Guest, isAmong, isGuest, lockGuests } from "./find-users.js"
import { emptied, type HashColumn } from "./hash-columns.js"

/** The database and the plan of an adoption. */
export interface AdoptJob {
  db: Database
  search: AdoptSearch
  hashColumns: HashColumn[]
  engine: Engine
  /** Whether the database refuses users without an address. */
  needsEmail: boolean
}

/** The report of one batch. */
export interface AdoptedBatch {
  adopted: number
  /** How many hashes were removed, by the name of their place in the report. */
  hashes: [label: string, rows: number][]
}

/** A guest with the name and the address to give it. */
interface NewIdentifiers {
  id: string
  username: string
  email: string | null
}

/**
 * Makes the users lazy in one transaction, as far as they are still to adopt and no other
 * transaction has locked them.
 */
export async function adoptBatch(job: AdoptJob, guests: Guest[]): Promise<AdoptedBatch> {
  // The hooks of the app run before any row is locked.
  const given = await nameGuests(job, guests)
  return retryTransaction(
    job.db,
    async (tx) => {
      await prepare(tx)
      const locked = await lockGuests(tx, job.search, guests)
      // Rows that were added before the lock count, but the statement that took it may not see them.
      const found = locked.length > 0 ? await readLocked(tx, job, locked) : []
      if (found.length === 0) return { adopted: 0, hashes: [] }
      const ids = new Set(found.map(({ id }) => id))
      const hashes = await removePasswords(tx, job, [...ids])
      const statement = adoption(
        job,
        given.filter(({ id }) => ids.has(id)),
      )
      const rows = await queryRows<{ isLazy: boolean }>(tx, statement)
      if (rows.length !== ids.size) throw await unfinished(tx, job.engine)
      if (rows.some(({ isLazy }) => !isLazy)) throw changedByTrigger()
      const emptied = job.hashColumns.map(({ label }, position): [string, number] => [
        label,
        found.filter((user) => user.hashes[position]).length,
      ])
      return { adopted: rows.length, hashes: [...hashes, ...emptied] }
    },
    READ_COMMITTED,
  )
}

/**
 * Limits waiting for a lock to 50 ms, so that users of the app who are active never wait for long,
 * and makes PostgreSQL read moments without a time zone as Drizzle writes them.
 */
async function prepare(tx: Database): Promise<void> {
  await tx.execute(
    sql`select pg_catalog.set_config('lock_timeout', '50ms', true), pg_catalog.set_config('timezone', 'UTC', true)`,
  )
}

async function nameGuests({ search, needsEmail }: AdoptJob, guests: Guest[]): Promise<NewIdentifiers[]> {
  const { generateName, generateEmail } = search.settings
  const named: NewIdentifiers[] = []
  for (const { id, username: own } of guests) {
    const username: unknown = own ?? (await generateName())
    if (typeof username !== "string" || username === "")
      throw new LazySetupError(
        `adopt: generateName must return a name, not ${username === "" ? '""' : `a ${typeof username}`}.`,
      )
    const email = needsEmail ? await generatedEmail(generateEmail, { id, username }) : null
    if (needsEmail && email === null)
      throw new LazySetupError(
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a line to paste
        "adopt: the column `email` of the user table is NOT NULL, so generateEmail must return an address: generateEmail: ({ id }) => `${id}@lazy.invalid`",
      )
    named.push({ id, username, email })
  }
  return named
}

async function removePasswords(tx: Database, { search }: AdoptJob, ids: string[]): Promise<AdoptedBatch["hashes"]> {
  const { passwordsTable } = search.tables
  if (!passwordsTable || !search.there.passwords) return []
  const { userId } = passwordsTable
  const { label, rows } = await endRowsWhere(tx, passwordsTable, userId, isAmong(ids, userId))
  return [[label, rows]]
}

interface LockedGuest {
  id: string
  /** Whether each column of hashes has something in it. */
  hashes: boolean[]
}

function readLocked(tx: Database, { search, hashColumns }: AdoptJob, ids: string[]): Promise<LockedGuest[]> {
  const { usersTable } = search.tables
  const hashes = hashColumns.map(({ name }) => sql`${sql.raw(quoted(name))} is not null`)
  return queryDocument(
    tx,
    sql`select coalesce(json_agg(json_build_object(
        'id', ${usersTable.id}::text, 'hashes', json_build_array(${sql.join(hashes, sql`, `)})
      )), '[]')::text as document
      from ${usersTable} where ${isAmong(ids, usersTable.id)} and ${isGuest(search)}`,
  )
}

/** Builds the statement that makes locked users lazy. */
function adoption({ db, engine, search, hashColumns, needsEmail }: AdoptJob, given: NewIdentifiers[]): SQL {
  const { usersTable } = search.tables
  const { id, username, email, lazySince, seenAt, convertedAt } = usersTable
  const { now, seenAt: seen, createdAt } = search.settings
  const name = (column: AnyPgColumn) => sql.raw(quoted(columnName(db, column)))
  const began = sql`${now.toISOString()}::timestamptz`
  const made = createdAt ? sql`least(coalesce((${createdAt})::timestamptz, ${began}), ${began})` : began
  // A marked `lazySince` would end the tokens of the guest.
  const stored = sql`(${made})::${sql.raw(lazySince.getSQLType())}`
  const isMarked = sql`(floor(extract(epoch from ${stored}) * 1000)::bigint % ${sql.raw(`${MARKS.every} = ${MARKS.at}`)})::int`
  const rows = given.map(
    (user) =>
      sql`(${user.id}::text, (${sql.param(user.username, username)})::text, ${
        user.email === null ? sql`null` : sql`(${sql.param(user.email, email)})`
      }::text)`,
  )
  // An address under .invalid is a placeholder already.
  const address = needsEmail
    ? sql`case when ${email}::text ~* '[@.]invalid$' then ${email}::text else authjs_lazy_email end`
    : sql`null`
  const columns = hashColumns.map((column) => sql`, ${sql.raw(quoted(column.name))} = ${emptied(column)}`)
  // No column of an app is called like those of this list, so that `createdAt` reads its own. When
  // the connection is lost, postgres.js would run the statement by itself on another one.
  return sql`update ${usersTable} set
      ${name(lazySince)} = ${made} - ${isMarked} * interval '1 second',
      ${name(seenAt)} = ${seen.toISOString()}::timestamptz,
      ${name(username)} = coalesce(${username}::text, authjs_lazy_username),
      ${name(email)} = ${address}
      ${sql.join(columns)}
    from (values ${sql.join(rows, sql`, `)}) as authjs_lazy_given (authjs_lazy_id, authjs_lazy_username, authjs_lazy_email)
    where ${id} = authjs_lazy_id::${sql.raw(id.getSQLType())} and ${lazySince} is null
      ${numbersTransactions(engine) ? sql`and pg_catalog.pg_current_xact_id_if_assigned() is not null` : sql``}
    returning (${lazySince} is not null and ${convertedAt} is null) as "isLazy"`
}

async function unfinished(tx: Database, engine: Engine): Promise<Error> {
  if (!numbersTransactions(engine)) return changedByTrigger()
  const [row] = await queryRows<{ id: string | null }>(
    tx,
    sql`select pg_catalog.pg_current_xact_id_if_assigned()::text as id`,
  )
  return row?.id == null ? connectionLost() : changedByTrigger()
}

const changedByTrigger = () =>
  new LazySetupError(
    "adopt: lazySince was written as a date, but a trigger or a rule of the user table changes or keeps the row. Let it leave the column alone. Nothing was changed in this batch.",
  )
