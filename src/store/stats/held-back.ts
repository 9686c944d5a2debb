import { type SQL, sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import { readPurgeGraph } from "../deletion/graph.js"
import { findHeldBack } from "../purge/blocked-users.js"
import { checkSight } from "../purge/check-sight.js"
import { counting } from "../purge/counting.js"
import { agesOf, noLiveSessionOfUser } from "../purge/find-users.js"
import type { Candidate, PurgeJob, Search } from "../purge/job.js"
import { resolvePurgeOptions } from "../purge/options.js"
import { addRows, type ByTable } from "../sql/by-table.js"
import { tableExists } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { readEngineAnew } from "../sql/engine/engine.js"
import { lackFor } from "../sql/engine/engine-lacks.js"
import { isLack } from "../sql/engine/refuse-on-engine.js"
import { qualifiedName } from "../sql/identifiers.js"
import { queryDocument } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import type { HeldBackStats, StatsOptions } from "./types.js"

/** How many users that are old enough are looked at. */
const LOOKED_AT = 20_000
/** How many of those that are due are looked up in the tables that refer to them. */
const LOOKED_UP = 1000

/**
 * Tells who is held back from a purge, and by what. Reads only users that are old enough, by the
 * index of the purge, and so no more than a purge has to do.
 * @param lazyUsers how many lazy users there are
 */
export async function readHeldBack(
  db: Database,
  tables: Tables,
  lazyUsers: number,
  purge: StatsOptions["purge"] = {},
): Promise<HeldBackStats | { unknown: string }> {
  const engine = await readEngineAnew(db)
  const lack = await lackFor(db, engine, "purge", qualifiedName(tables.usersTable))
  if (lack !== undefined) return { unknown: `There is no purge on ${engine.name}: ${lack}.` }
  try {
    const settings = resolvePurgeOptions(purge, tables)
    const hasSessions = await tableExists(db, tables.sessionsTable)
    const graph = await readPurgeGraph(db, tables, settings.cascade)
    const search: Search = { tables, settings, hasSessions, within: graph.within }
    const job: PurgeJob = { db, search, graph, strategy: counting }
    await checkSight(job)
    const { old, spared, signedIn, kept, due } = await queryDocument<Aged>(db, agedUsers(search))
    const heldBack = await findHeldBack(db, search, graph, due)
    return {
      before: settings.before,
      recent: Math.max(lazyUsers - old - spared, 0),
      spared,
      signedIn,
      kept,
      due: Math.min(old, LOOKED_AT) - signedIn - kept,
      more: old > LOOKED_AT,
      lookedUp: due.length,
      referredTo: heldBack.size,
      tables: byTable(heldBack.values()),
    }
  } catch (error) {
    // What the role can't see, no number can tell.
    if (error instanceof LazySetupError) return { unknown: error.message }
    if (isLack(error, engine)) return { unknown: `${engine.name} lacks something of PostgreSQL that a purge needs.` }
    throw error
  }
}

interface Aged {
  /** How many are old enough, or one more than are looked at. */
  old: number
  spared: number
  signedIn: number
  kept: number
  /** The first of those that are due. */
  due: Candidate[]
}

function agedUsers(search: Search): SQL {
  const { tables, settings, hasSessions } = search
  const { usersTable } = tables
  const { id, seenAt } = usersTable
  const ages = agesOf(search)
  const most = sql.raw(String(LOOKED_AT + 1))
  const signedIn = hasSessions ? sql`not (${noLiveSessionOfUser(search)})` : sql`false`
  const kept = settings.keep ? sql`(${settings.keep}) is true` : sql`false`
  const users = (isOldEnough: SQL) => sql`(
    select ${id}::text as id, to_json(${seenAt}) #>> '{}' as seen, ${signedIn} as signed_in, ${kept} as kept
    from ${usersTable}
    where ${isLazyUser(usersTable)} and ${isOldEnough}
    order by ${seenAt}, ${id}
    limit ${most}
  )`
  const ahead = new Date(settings.now.valueOf() + AHEAD_MS)
  return sql`
    with authjs_lazy_aged as materialized (${users(ages.seen)} union all ${users(ages.unseen)})
    select json_build_object(
      'old', (select least(count(*), ${most}) from authjs_lazy_aged),
      'spared', (select count(*) from ${usersTable} where ${isLazyUser(usersTable)} and ${seenAt} > ${sql.param(ahead, seenAt)}),
      'signedIn', (select count(*) from authjs_lazy_aged where signed_in),
      'kept', (select count(*) from authjs_lazy_aged where kept and not signed_in),
      'due', (select coalesce(json_agg(due), '[]') from (
        select id, seen from authjs_lazy_aged where not signed_in and not kept limit ${sql.raw(String(LOOKED_UP))}
      ) as due)
    )::text as document`
}

/** How far ahead `seenAt` must be to count as set on purpose, since clocks differ. */
const AHEAD_MS = 60 * 60 * 1000

function byTable(each: Iterable<Set<string>>): ByTable<number> {
  const rows: ByTable<number> = {}
  for (const tables of each) for (const table of tables) addRows(rows, table, 1)
  return rows
}
