import { and, eq, gt, isNull, lt, or, type SQL, sql } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import { queryDocument, queryRows } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import type { Candidate, Picked, PurgeJob, Search } from "./job.js"

/**
 * The ways through the users, one after the other: those who were ever seen, longest ago first, and
 * those who never were, whose age counts from when they were made.
 */
export const PASSES = ["seen", "unseen"] as const
type Pass = (typeof PASSES)[number]

/** Where the next batch begins. */
export interface Place {
  pass: Pass
  /** The last user of the batch before; undefined for the first batch of a pass. */
  after: Candidate | undefined
  size: number
}

/**
 * Builds the condition for the users who may go in either pass: lazy, old enough, without a live
 * session, and not kept by `keep`.
 */
export function mayGo(search: Search): SQL {
  return whoMayGo(search, oldEnough(search), noLiveSession(search))
}

/** Counts the users who may go now, up to the limit. */
export async function countCandidates(db: Database, search: Search): Promise<number> {
  const { tables, settings } = search
  const most = Number.isFinite(settings.limit) ? sql`limit ${settings.limit}` : sql``
  const [row] = await queryRows<{ users: number }>(
    db,
    sql`select count(*)::float8 as users from (select from ${tables.usersTable} where ${mayGo(search)} ${most}) as candidate`,
  )
  return row?.users ?? 0
}

/**
 * Picks the next users who may go, after the last one of the batch before. Passes over users that
 * another transaction has locked.
 */
export function nextCandidates(tx: Database, { search, strategy, graph }: PurgeJob, place: Place): Promise<Picked> {
  const { pass, after, size } = place
  const { id, seenAt } = search.tables.usersTable
  const condition = and(
    whoMayGo(search, agesOf(search)[pass], noLiveSessionOfUser(search)),
    after && comesAfter(after, search.tables),
  )
  // The order of the index, also in the pass in which every `seenAt` is null.
  const ordered = sql`${condition} order by ${seenAt}, ${id} limit ${size} ${strategy.lock}`
  return strategy.pick(tx, { search, graph }, candidates(search, ordered))
}

/**
 * Picks those of the users who may still go, in the same order. Passes over users that another
 * transaction has locked.
 */
export async function lockCandidates(
  tx: Database,
  { search, strategy, graph }: PurgeJob,
  users: Candidate[],
): Promise<Picked> {
  const condition = sql`${stillThere(search, users)} ${strategy.lock}`
  const picked = await strategy.pick(tx, { search, graph }, candidates(search, condition))
  return { ...picked, users: thoseOf(users, picked.users) }
}

/** Runs the statement that picks users, and reads nothing else; see `PurgeStrategy.pick`. */
export async function pickUsers(tx: Database, _job: unknown, users: SQL): Promise<Picked> {
  return { users: await queryDocument(tx, sql`select ${users}::text as document`) }
}

/** Finds those of the users who may still go, in the same order. */
export async function checkCandidates(tx: Database, search: Search, users: Candidate[]): Promise<Candidate[]> {
  const found = await pickUsers(tx, undefined, candidates(search, stillThere(search, users)))
  return thoseOf(users, found.users)
}

/** Builds the condition for those of the users who may still go. */
export function stillThere(search: Search, users: Candidate[]): SQL {
  const condition = whoMayGo(search, oldEnough(search), noLiveSessionOfUser(search))
  return sql`(${isOneOf(users, search.tables)} and ${condition})`
}

/**
 * Builds the condition for being one of the users. Their ids are one parameter, however many there
 * are.
 */
export function isOneOf(users: Candidate[], { usersTable }: Tables): SQL {
  const elements = users.map(({ id }) => `"${id.replaceAll(/["\\]/g, "\\$&")}"`)
  return sql`${usersTable.id} = any(${`{${elements.join(",")}}`}::text::${sql.raw(usersTable.id.getSQLType())}[])`
}

function thoseOf(users: Candidate[], found: Candidate[]): Candidate[] {
  const ids = new Set(found.map(({ id }) => id))
  return users.filter(({ id }) => ids.has(id))
}

/** Selects the users as one JSON document, which drivers read several times as fast as rows. */
function candidates({ tables }: Search, condition: SQL): SQL {
  const { usersTable } = tables
  const { id, seenAt } = usersTable
  // A JavaScript date rounds to milliseconds, but the next batch must begin exactly here.
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
    // With NOT, a condition that is null would keep a user.
    keep && sql`(${keep}) is not true`,
  ]
  return and(...conditions) as SQL
}

function oldEnough(search: Search): SQL {
  const { seen, unseen } = agesOf(search)
  return or(seen, unseen) as SQL
}

/** Builds the condition for being old enough, for each pass on the column of the purge's index. */
export function agesOf({ tables, settings }: Search): Record<Pass, SQL> {
  const { lazySince, seenAt } = tables.usersTable
  const { before } = settings
  return { seen: lt(seenAt, before), unseen: and(isNull(seenAt), lt(lazySince, before)) as SQL }
}

function noLiveSession(search: Search): SQL {
  return sql`not exists (${liveSessions(search)})`
}

/**
 * Builds the condition for a user without a live session, for a few of many users. OFFSET 0 makes
 * PostgreSQL look up each user, where it would rather read all sessions for each batch.
 */
export function noLiveSessionOfUser(search: Search): SQL {
  return sql`not exists (${liveSessions(search)} offset 0)`
}

function liveSessions({ tables, settings, sessionIsThere }: Search): SQL {
  const { usersTable, sessionsTable } = tables
  const live = and(eq(sessionsTable.userId, usersTable.id), gt(sessionsTable.expires, settings.now), sessionIsThere)
  return sql`select from ${sessionsTable} where ${live}`
}

function comesAfter({ id, seen }: Candidate, { usersTable }: Tables): SQL {
  const userId = sql.param(id, usersTable.id)
  if (seen === null) return gt(usersTable.id, userId)
  const { seenAt } = usersTable
  return sql`(${seenAt}, ${usersTable.id}) > (${seen}::text::${sql.raw(seenAt.getSQLType())}, ${userId})`
}
