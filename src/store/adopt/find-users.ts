import { and, gt, isNotNull, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../sql/database.js"
import { queryDocument } from "../sql/query.js"
import { isOwnHash } from "../tables/legacy-hash.js"
import { isProvenUser } from "../tables/proof-column.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import type { AdoptSettings } from "./options.js"
import type { AdoptReport, NotAdopted } from "./types.js"

/** The tables beside that of the users that tell a real user, as far as the database has them. */
export interface TellingTables {
  accounts: boolean
  authenticators: boolean
  passwords: boolean
}

/** The tables and settings of an adoption, and the tables that exist. */
export interface AdoptSearch {
  tables: Tables
  settings: AdoptSettings
  there: TellingTables
}

/** A user to adopt. */
export interface Guest {
  id: string
  username: string | null
}

/** Builds the reason, a `NotAdopted`, to leave a user alone; null for a user to adopt. */
function reason({ tables, there }: AdoptSearch): SQL {
  const { usersTable, accountsTable, authenticatorsTable, passwordsTable, activeUsers } = tables
  const has = (table: PgTable & { userId: AnyPgColumn }, more: SQL = sql``) =>
    sql`exists (select from ${table} where ${table.userId} = ${usersTable.id} ${more})`
  return sql`case
    when ${isLazyUser(usersTable)} then 'lazy'
    when ${isNotNull(usersTable.convertedAt)} then 'converted'
    ${activeUsers ? sql`when (${activeUsers}) is not true then 'inactive'` : sql``}
    when ${isProvenUser(usersTable)} then 'proven'
    ${there.accounts ? sql`when ${has(accountsTable)} then 'account'` : sql``}
    ${there.authenticators ? sql`when ${has(authenticatorsTable)} then 'passkey'` : sql``}
    ${
      there.passwords && passwordsTable
        ? sql`when ${has(passwordsTable, sql`and ${isOwnHash(passwordsTable.hash)}`)} then 'password'`
        : sql``
    }
  end`
}

/** Builds the condition for a user to adopt: one of the app's guests, and not known to be real. */
export function isGuest(search: AdoptSearch): SQL {
  return sql`((\n${search.settings.where}\n) and (${reason(search)}) is null)`
}

/** The users of the table, counted. */
export interface Census {
  guests: number
  skipped: AdoptReport["skipped"]
  /** How many users the condition does not match. */
  others: number
  /** How many of the guests have a username, or an address that can receive mail. */
  reachable: number
}

/** Counts the users, by one pass through the table. */
export async function countUsers(db: Database, search: AdoptSearch): Promise<Census> {
  const { usersTable } = search.tables
  const rows = await queryDocument<{ reason: NotAdopted | "other" | null; users: number; reachable: number }[]>(
    db,
    sql`select coalesce(json_agg(counted), '[]')::text as document from (
      select reason, count(*)::float8 as users, (count(*) filter (where reachable))::float8 as reachable from (
        select case when (\n${search.settings.where}\n) then ${reason(search)} else 'other' end as reason,
          ${isReachable(usersTable)} as reachable
        from ${usersTable}
      ) as each_user group by reason
    ) as counted`,
  )
  const census: Census = { guests: 0, skipped: {}, others: 0, reachable: 0 }
  for (const { reason, users, reachable } of rows) {
    if (reason === null) Object.assign(census, { guests: users, reachable })
    else if (reason === "other") census.others = users
    else census.skipped[reason] = users
  }
  return census
}

/** Counts the users who are there to adopt. */
export async function countGuests(db: Database, search: AdoptSearch): Promise<number> {
  return queryDocument(
    db,
    sql`select count(*)::text as document from ${search.tables.usersTable} where ${isGuest(search)}`,
  )
}

/** The top-level domains at which nobody has an address: RFC 2606, RFC 6761 and RFC 6762. */
const NOWHERE = "[@.](invalid|example|test|localhost|local)[.>[:space:]]*$"

/** Builds the condition for a user with a username, or with an address that can receive mail. */
function isReachable({ username, email }: Tables["usersTable"]): SQL {
  return sql`coalesce(${username} is not null or (${email}::text like '%@%' and ${email}::text !~* ${NOWHERE}), false)`
}

/** Finds the next users to adopt, in the order of their ids, after the one that is given. */
export function nextGuests(
  db: Database,
  search: AdoptSearch,
  after: string | undefined,
  size: number,
): Promise<Guest[]> {
  const { id, username } = search.tables.usersTable
  const condition = and(isGuest(search), after === undefined ? undefined : gt(id, sql`${sql.param(after, id)}`))
  return queryDocument(
    db,
    sql`select coalesce(json_agg(guest), '[]')::text as document from (
      select ${id}::text as id, ${username}::text as username from ${search.tables.usersTable}
      where ${condition} order by ${id} limit ${size}
    ) as guest`,
  )
}

/**
 * Locks those of the users who are still to adopt, and passes over those that another transaction
 * has locked. The lock keeps rows that refer to them from being added.
 */
export function lockGuests(tx: Database, search: AdoptSearch, guests: Guest[]): Promise<string[]> {
  const { usersTable } = search.tables
  return queryDocument(
    tx,
    sql`select coalesce(json_agg(guest.id), '[]')::text as document from (
      select ${usersTable.id}::text as id from ${usersTable}
      where ${isAmong(
        guests.map(({ id }) => id),
        usersTable.id,
      )} and ${isGuest(search)}
      for update skip locked
    ) as guest`,
  )
}

/** Builds the condition for a column with one of these ids. They are one parameter. */
export function isAmong(ids: string[], column: AnyPgColumn): SQL {
  const elements = ids.map((id) => `"${id.replaceAll(/["\\]/g, "\\$&")}"`)
  return sql`${column} = any(${`{${elements.join(",")}}`}::text::${sql.raw(column.getSQLType())}[])`
}
