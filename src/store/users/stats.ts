import { gte, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { queryDocument } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import { refuseOtherUsers } from "./other-users.js"
import { DAY_MS } from "./outcomes.js"
import type { DayStats, StatsOptions, StatsReport } from "./stats-types.js"

const DEFAULT_DAYS = 30
const MAX_YEARS = 10

/**
 * Implements `LazyStore.stats`, by one statement that returns at most a row for each day and each
 * way.
 */
export async function readStats(db: Database, tables: Tables, options: StatsOptions = {}): Promise<StatsReport> {
  const today = startOfDay(new Date())
  const since = startOfDay(options.since ?? new Date(today.valueOf() - DEFAULT_DAYS * DAY_MS))
  checkSince(since, today)
  const counted = await queryDocument<Counted>(db, count(tables, since))
  const { lazyUsers, created, becameReal, ways, timeToConvert } = counted
  if (lazyUsers === 0 && counted.days.length === 0 && !options.beside) await refuseOtherUsers(db, tables, "stats")
  return {
    lazyUsers,
    since,
    days: everyDay(since, today, counted.days),
    ways,
    conversionRate: created === 0 ? null : becameReal / created,
    timeToConvert,
    exact: tables.lazyOutcomesTable !== undefined,
  }
}

function startOfDay(moment: Date): Date {
  return new Date(Math.floor(moment.valueOf() / DAY_MS) * DAY_MS)
}

function checkSince(since: Date, today: Date): void {
  const earliest = new Date(today)
  earliest.setUTCFullYear(today.getUTCFullYear() - MAX_YEARS)
  // An invalid date fails this comparison, too.
  if (since >= earliest && since <= today) return
  throw new LazySetupError(`stats: \`since\` must be a date from the last ${MAX_YEARS} years, not after today.`)
}

/** Days on which nothing happened are left out of `days`. */
interface Counted extends Pick<StatsReport, "lazyUsers" | "days" | "ways" | "timeToConvert"> {
  /** How many of the users made since then there were. */
  created: number
  /** How many of those were converted or merged. */
  becameReal: number
}

/** The first step is named as no table of an app is: the second one reads such a table. */
function count(tables: Tables, since: Date): SQL {
  const firstDay = sql`${dayOf(since)}::date`
  return sql`
    with authjs_lazy_now as (${lazyUsersByDay(tables)}),
    ended as (${endedSince(tables, since)}),
    happened as (
      select created_on as day, 'created' as what, users from authjs_lazy_now where created_on >= ${firstDay}
      union all
      select created_on, 'created', users from ended where created_on >= ${firstDay}
      union all
      select ended_on, outcome, users from ended
    ),
    days as (
      select
        day,
        ${usersOf("created")} as created,
        ${usersOf("converted")} as converted,
        ${usersOf("merged")} as merged,
        ${usersOf("purged")} as purged,
        ${usersOf("deleted")} as deleted
      from happened
      group by day
    ),
    ways as (
      select way, sum(users) as users from ended where outcome = 'converted' and way is not null group by way
    )
    select json_build_object(
      'lazyUsers', (select coalesce(sum(users), 0) from authjs_lazy_now),
      'days', (select coalesce(json_agg(days), '[]') from days),
      'ways', (select coalesce(json_object_agg(way, users), '{}') from ways),
      'created', (select coalesce(sum(created), 0) from days),
      'becameReal', (
        select coalesce(sum(users), 0)
        from ended
        where outcome in ('converted', 'merged') and created_on >= ${firstDay}
      ),
      'timeToConvert', (
        select json_build_object(
          'median', percentile_cont(0.5) within group (order by seconds),
          'p90', percentile_cont(0.9) within group (order by seconds)
        )
        from ended
        where outcome = 'converted'
        having count(*) > 0
      )
    )::text as document`
}

/** Counts the lazy users by day, in one pass over all of them. */
function lazyUsersByDay({ usersTable }: Tables): SQL {
  return sql`
    select ${utc(usersTable.lazySince)}::date as created_on, count(*) as users
    from ${usersTable}
    where ${isLazyUser(usersTable)}
    group by 1`
}

/**
 * Selects the users who stopped being lazy; without recorded outcomes, only those who became real
 * and still exist.
 */
function endedSince({ usersTable, lazyOutcomesTable }: Tables, since: Date): SQL {
  if (lazyOutcomesTable) {
    const { outcome, way, at, users, since: createdAt } = lazyOutcomesTable
    return sql`
      select ${outcome} as outcome, ${way} as way, ${users} as users, ${lifeOf(createdAt, at)}
      from ${lazyOutcomesTable}
      where ${gte(at, since)}`
  }
  const { lazySince, convertedAt } = usersTable
  return sql`
    select 'converted' as outcome, null::text as way, 1 as users, ${lifeOf(lazySince, convertedAt)}
    from ${usersTable}
    where ${lazySince} is not null and ${gte(convertedAt, since)}`
}

function lifeOf(createdAt: AnyPgColumn, endedAt: AnyPgColumn): SQL {
  return sql`
    ${utc(createdAt)}::date as created_on,
    ${utc(endedAt)}::date as ended_on,
    extract(epoch from ${utc(endedAt)} - ${utc(createdAt)})::float8 as seconds`
}

/**
 * Converts a moment to UTC, in any time zone of the session. Drizzle writes columns without a time
 * zone in UTC.
 */
function utc(column: AnyPgColumn): SQL {
  return column.getSQLType().includes("with time zone") ? sql`(${column} at time zone 'UTC')` : sql`${column}`
}

function usersOf(what: string): SQL {
  return sql`coalesce(sum(users) filter (where what = ${what}), 0)`
}

function everyDay(first: Date, last: Date, known: DayStats[]): DayStats[] {
  const byDay = new Map(known.map((stats) => [stats.day, stats]))
  const days: DayStats[] = []
  for (let moment = first.valueOf(); moment <= last.valueOf(); moment += DAY_MS) {
    const day = dayOf(new Date(moment))
    days.push(byDay.get(day) ?? { day, created: 0, converted: 0, merged: 0, purged: 0, deleted: 0 })
  }
  return days
}

const dayOf = (moment: Date) => moment.toISOString().slice(0, 10)
