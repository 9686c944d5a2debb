import { and, eq, gt, isNull, lt, or, type SQL, sql } from "drizzle-orm"
import type { Sought } from "../deletion/closure.js"
import { type DeletedSoFar, deletedSoFar } from "../deletion/count-deleted.js"
import { notGoneBefore } from "../deletion/gone-rows.js"
import type { Database } from "../sql/database.js"
import { queryDocument, queryRows } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import type { PurgeSettings } from "./options.js"

/** A lazy user who may go. */
export interface Candidate {
  id: string
  /** When the user was last seen, as exactly as the database knows it; null for never. */
  seen: string | null
}

/** The users of a batch, in the order in which they go. */
export interface Picked {
  users: Candidate[]
  /** What the transaction had deleted before them; undefined where a hook may delete something first, and in a dry run. */
  deletedBefore?: DeletedSoFar
}

/**
 * Whoever waits for a user that goes may have locked a row that the user has. The purge gives way before the server looks for deadlocks (by
 * default after a second) and picks somebody to fail. So it does where a table is being altered. An expression, to be asked for along with other things.
 */
export const waitBriefly = sql`set_config('lock_timeout', '50ms', true)`

/** Whom a purge looks for, and where. */
export interface Search extends Sought {
  settings: PurgeSettings
  /** An app with JWT sessions need not have a table for them. */
  hasSessions: boolean
  /** The tables whose rows can go with users; undefined when triggers may reach any table. */
  within?: readonly number[] | undefined
}

/**
 * The ways through the users, one after the other: those who were seen once, longest ago first, and those of whom nobody knows, for whom
 * only the time they were made tells.
 */
export const PASSES = ["seen", "unseen"] as const
type Pass = (typeof PASSES)[number]

/** Where to go on. */
export interface Place {
  pass: Pass
  /** The last user that was looked at; undefined for the first users there are. */
  after: Candidate | undefined
  size: number
}

/** The condition for users who may go, in whichever pass: lazy, old enough, without a live session, and not to be kept. To count all of them by. */
export function mayGo(search: Search): SQL {
  return whoMayGo(search, oldEnough(search), noLiveSession(search))
}

/** How many users may go now, counted up to the limit. */
export async function countCandidates(db: Database, search: Search): Promise<number> {
  const { tables, settings } = search
  const most = Number.isFinite(settings.limit) ? sql`limit ${settings.limit}` : sql``
  const [row] = await queryRows<{ users: number }>(
    db,
    sql`select count(*)::float8 as users from (select from ${tables.usersTable} where ${mayGo(search)} ${most}) as candidate`,
  )
  return row?.users ?? 0
}

/** The next users who may go, after one; locked, unless for a dry run. Users whom somebody else has locked are passed over. */
export async function nextCandidates(tx: Database, search: Search, { pass, after, size }: Place): Promise<Picked> {
  const { usersTable } = search.tables
  const { id, seenAt } = usersTable
  const condition = and(
    whoMayGo(search, agesOf(search)[pass], noLiveSessionOfUser(search)),
    after && comesAfter(after, search.tables),
  )
  // The order of the index, also where every place in it is null.
  return pickCandidates(tx, search, sql`${condition} order by ${seenAt}, ${id} limit ${size} ${lockFor(search)}`)
}

/** Those of the users who may still go, in the same order, locked. Users whom somebody else has locked are passed over. */
export async function lockCandidates(tx: Database, search: Search, users: Candidate[]): Promise<Picked> {
  const picked = await pickCandidates(tx, search, sql`${stillThere(search, users)} ${lockFor(search)}`)
  return { ...picked, users: thoseOf(users, picked.users) }
}

/** Those of the users who may still go, in the same order. */
export async function checkCandidates(tx: Database, search: Search, users: Candidate[]): Promise<Candidate[]> {
  const found = await queryDocument<Candidate[]>(
    tx,
    sql`select ${candidates(search, stillThere(search, users))}::text as document`,
  )
  return thoseOf(users, found)
}

/** The condition for those of the users who may still go. */
export function stillThere(search: Search, users: Candidate[]): SQL {
  const condition = whoMayGo(search, oldEnough(search), noLiveSessionOfUser(search))
  return sql`(${isOneOf(users, search.tables)} and ${condition})`
}

/** The condition for the users. Their ids are one parameter, whatever their number. */
export function isOneOf(users: Candidate[], { usersTable }: Tables): SQL {
  const elements = users.map(({ id }) => `"${id.replaceAll(/["\\]/g, "\\$&")}"`)
  return sql`${usersTable.id} = any(${`{${elements.join(",")}}`}::text::${sql.raw(usersTable.id.getSQLType())}[])`
}

function thoseOf(users: Candidate[], found: Candidate[]): Candidate[] {
  const ids = new Set(found.map(({ id }) => id))
  return users.filter(({ id }) => ids.has(id))
}

/** A transaction that only reads can't lock. */
function lockFor({ settings }: Search): SQL {
  return settings.dryRun ? sql`` : sql`for update skip locked`
}

/** Finds out along with them what their removal has to know, to save round trips. */
async function pickCandidates(tx: Database, search: Search, condition: SQL): Promise<Picked> {
  const { dryRun, onPurge } = search.settings
  const users = candidates(search, condition)
  if (dryRun || onPurge) return { users: await queryDocument(tx, sql`select ${users}::text as document`) }
  return queryDocument(
    tx,
    sql`select json_build_object('users', ${users}, 'deletedBefore', ${deletedSoFar(search.within)}, 'waiting', ${waitBriefly})::text as document`,
  )
}

/** As one document, which is read several times as fast as a row for each of them. */
function candidates({ tables }: Search, condition: SQL): SQL {
  const { usersTable } = tables
  const { id, seenAt } = usersTable
  // A JavaScript date knows milliseconds only, and a place has to be exact.
  const rows = sql`select ${id}::text as id, to_json(${seenAt}) #>> '{}' as seen from ${usersTable} where ${condition}`
  return sql`(select coalesce(json_agg(candidate), '[]') from (${rows}) as candidate)`
}

function whoMayGo(search: Search, isOldEnough: SQL, hasNoLiveSession: SQL): SQL {
  const { settings, hasSessions } = search
  const { keep } = settings
  const conditions = [
    isLazyUser(search.tables.usersTable),
    isOldEnough,
    hasSessions ? hasNoLiveSession : undefined,
    // Not by NOT, for which a condition that is null keeps a user.
    keep && sql`(${keep}) is not true`,
  ]
  return and(...conditions) as SQL
}

function oldEnough(search: Search): SQL {
  const { seen, unseen } = agesOf(search)
  return or(seen, unseen) as SQL
}

/** A condition on the column of the index, for each pass. */
function agesOf({ tables, settings }: Search): Record<Pass, SQL> {
  const { lazySince, seenAt } = tables.usersTable
  const { before } = settings
  return { seen: lt(seenAt, before), unseen: and(isNull(seenAt), lt(lazySince, before)) as SQL }
}

function noLiveSession(search: Search): SQL {
  return sql`not exists (${liveSessions(search)})`
}

/**
 * The same for a few of many users, looked up for each of them behind a fence: where hardly any session is alive the planner would rather read all
 * sessions, for each batch.
 */
function noLiveSessionOfUser(search: Search): SQL {
  return sql`not exists (${liveSessions(search)} offset 0)`
}

function liveSessions({ tables, settings, goneBefore }: Search): SQL {
  const { usersTable, sessionsTable } = tables
  const isThere = goneBefore && notGoneBefore(sql`${sessionsTable}`)
  const live = and(eq(sessionsTable.userId, usersTable.id), gt(sessionsTable.expires, settings.now), isThere)
  return sql`select from ${sessionsTable} where ${live}`
}

function comesAfter({ id, seen }: Candidate, { usersTable }: Tables): SQL {
  const userId = sql.param(id, usersTable.id)
  if (seen === null) return gt(usersTable.id, userId)
  const { seenAt } = usersTable
  return sql`(${seenAt}, ${usersTable.id}) > (${seen}::text::${sql.raw(seenAt.getSQLType())}, ${userId})`
}
