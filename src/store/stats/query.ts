import { gte, type SQL, sql } from "drizzle-orm"
import type { Tables } from "../tables/resolve-tables.js"
import { convertedUsers, lazyUsersByDay, lazyUsersByPage, lifeOf, type SampleRule, shareOf } from "./lazy-users.js"
import type { StatsReport } from "./types.js"

/** The answer of the database. Days on which nothing happened are left out of `days`. */
export interface Counted extends Pick<StatsReport, "lazyUsers" | "days" | "ways" | "timeToConvert"> {
  /** How many of the users made since then there were. */
  created: number
  /** How many of those were converted or merged. */
  becameReal: number
  /** The share of the pages of the user table that was read. */
  share: number
  /** The sums of squares over the pages that were read; null where all were. */
  squares: Squares | null
  /** What the details are made of. */
  details?: CountedDetails
}

/** Sums over pages of the squared numbers of users in each. */
interface Squares {
  lazyUsers: number
  created: number
  converted: number
  /** For each day of creation. */
  days: { day: string; squares: number }[]
}

/** The rows of the details. */
export interface CountedDetails {
  weeks: { week: string; outcome: "converted" | "merged"; way: string | null; users: number }[]
  cohorts: CohortRow[]
  /** By the position of the first bound that the time is below, from 0. */
  within: { position: number; users: number }[]
}

/** Users who were made in one week and have one outcome. */
export interface CohortRow {
  week: string
  outcome: "lazy" | "converted" | "merged" | "purged" | "deleted"
  /** Whole weeks until a user who is lazy still was seen last, at most 12; null within a day. */
  returned: number | null
  /** Whether the conversion or merge was a day or more later. */
  later: boolean
  users: number
}

/** Chooses what the statement counts. */
export interface Wanted {
  since: Date
  /** Bounds of the times of conversions, in seconds, ascending; undefined without details. */
  bounds: readonly number[] | undefined
  /** Which tables are sampled; undefined for none. */
  rule: SampleRule | undefined
}

/** Builds the one statement. Its steps are named as no table of an app is. */
export function countStatement(tables: Tables, wanted: Wanted): SQL {
  const { since, bounds, rule } = wanted
  const details = bounds !== undefined
  const firstDay = sql`${since.toISOString().slice(0, 10)}::date`
  const pages = rule && sql`authjs_lazy_pages as (${lazyUsersByPage(tables, details, rule)}),`
  return sql`
    with authjs_lazy_share as materialized (select ${shareOf(tables, rule)} as share),
    ${pages ?? sql``}
    authjs_lazy_now as (${lazyUsersByDay(tables, details, rule)}),
    authjs_lazy_lives as ${tables.lazyOutcomesTable ? sql`not materialized` : sql`materialized`} (${endedSince(tables, wanted)}),
    authjs_lazy_ended as materialized (${groupedLives(bounds)}),
    authjs_lazy_happened as (
      select created_on as day, 'created' as what, users from authjs_lazy_now where created_on >= ${firstDay}
      union all
      select created_on, 'created', users from authjs_lazy_ended where created_on >= ${firstDay}
      union all
      select ended_on, outcome, users from authjs_lazy_ended
    ),
    authjs_lazy_days as (
      select
        day,
        ${usersOf("created")} as created,
        ${usersOf("converted")} as converted,
        ${usersOf("merged")} as merged,
        ${usersOf("purged")} as purged,
        ${usersOf("deleted")} as deleted
      from authjs_lazy_happened
      group by day
    ),
    authjs_lazy_ways as (
      select way, sum(users) as users from authjs_lazy_ended where outcome = 'converted' and way is not null group by way
    )
    select json_build_object(
      'share', (select share from authjs_lazy_share),
      'lazyUsers', (select round(coalesce(sum(users), 0)) from authjs_lazy_now),
      'days', (select coalesce(json_agg(authjs_lazy_days), '[]') from authjs_lazy_days),
      'ways', (select coalesce(json_object_agg(way, users), '{}') from authjs_lazy_ways),
      'created', (select coalesce(sum(users), 0) from authjs_lazy_happened where what = 'created'),
      'becameReal', (
        select coalesce(sum(users), 0)
        from authjs_lazy_ended
        where outcome in ('converted', 'merged') and created_on >= ${firstDay}
      ),
      'timeToConvert', (
        select json_build_object(
          'median', percentile_cont(0.5) within group (order by seconds),
          'p90', percentile_cont(0.9) within group (order by seconds)
        )
        from authjs_lazy_lives
        where outcome = 'converted'
        having count(*) > 0
      ),
      'squares', ${rule ? squares(tables, firstDay) : sql`null`}
      ${bounds ? sql`, 'details', ${detailsOf(firstDay)}` : sql``}
    )::text as document`
}

/**
 * Selects the users who stopped being lazy; without recorded outcomes, only those who became real
 * and still exist.
 */
function endedSince(tables: Tables, { since, rule }: Wanted): SQL {
  const { lazyOutcomesTable } = tables
  if (!lazyOutcomesTable) return convertedUsers(tables, since, rule)
  const { outcome, way, at, users, since: createdAt } = lazyOutcomesTable
  return sql`
    select ${outcome} as outcome, ${way} as way, ${users}::float8 as users, ${lifeOf(createdAt, at)}
    from ${lazyOutcomesTable}
    where ${gte(at, since)}`
}

/** Groups the users who stopped being lazy, once for all that is counted of them. */
function groupedLives(bounds: readonly number[] | undefined): SQL {
  const later = bounds ? sql`seconds >= 86400` : sql`false`
  const position = bounds ? sql`width_bucket(seconds, ${`{${bounds.join(",")}}`}::text::float8[])` : sql`0`
  return sql`
    select outcome, way, created_on, ended_on, ${later} as later, ${position} as position, sum(users) as users
    from authjs_lazy_lives
    group by 1, 2, 3, 4, 5, 6`
}

function usersOf(what: string): SQL {
  return sql`round(coalesce(sum(users) filter (where what = ${what}), 0))`
}

function squares({ lazyOutcomesTable }: Tables, firstDay: SQL): SQL {
  const perPage = sql`
    select sum(users)::float8 as users, sum(users) filter (where created_on >= ${firstDay})::float8 as created
    from authjs_lazy_pages group by page`
  const perDay = sql`
    select created_on as day, sum(users * users)::float8 as squares
    from (select page, created_on, sum(users) as users from authjs_lazy_pages where created_on >= ${firstDay} group by 1, 2) as on_page
    group by 1`
  const converted = lazyOutcomesTable
    ? sql`0`
    : sql`(select coalesce(sum(users * users), 0) from (
        select count(*)::float8 as users from authjs_lazy_lives where page is not null group by page
      ) as on_page)`
  return sql`(
    select json_build_object(
      'lazyUsers', coalesce(sum(users * users), 0),
      'created', coalesce(sum(created * created), 0),
      'converted', ${converted},
      'days', (select coalesce(json_agg(on_day), '[]') from (${perDay}) as on_day)
    )
    from (${perPage}) as on_page
    where (select share < 1 from authjs_lazy_share)
    having (select share < 1 from authjs_lazy_share)
  )`
}

function detailsOf(firstDay: SQL): SQL {
  const week = (day: string) => sql.raw(`date_trunc('week', ${day})::date`)
  const later = sql`outcome in ('converted', 'merged') and later`
  return sql`json_build_object(
    'weeks', (select coalesce(json_agg(ways), '[]') from (
      select ${week("ended_on")} as week, outcome, way, round(sum(users)) as users
      from authjs_lazy_ended
      where outcome in ('converted', 'merged')
      group by 1, 2, 3
    ) as ways),
    'cohorts', (select coalesce(json_agg(cohorts), '[]') from (
      select ${week("created_on")} as week, 'lazy' as outcome, returned, false as later, round(sum(users)) as users
      from authjs_lazy_now
      where created_on >= ${firstDay}
      group by 1, 2, 3, 4
      union all
      select ${week("created_on")}, outcome, null::int4, ${later}, round(sum(users))
      from authjs_lazy_ended
      where created_on >= ${firstDay}
      group by 1, 2, 3, 4
    ) as cohorts),
    'within', (select coalesce(json_agg(times), '[]') from (
      select position, round(sum(users)) as users
      from authjs_lazy_ended
      where outcome = 'converted'
      group by 1
    ) as times)
  )`
}
