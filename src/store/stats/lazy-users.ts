import { gte, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { pagesOf } from "../sql/catalogue/table-size.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"

/** Decides which user tables are sampled. */
export interface SampleRule {
  /** A table with more pages is sampled. */
  above: number
  /** How many pages are read then, about. */
  pages: number
}

/** Reads 5,000 pages of a table with more than 20,000: some 350,000 users of 1.5 million or more. */
export const SAMPLE: SampleRule = { above: 20_000, pages: 5_000 }

/** The longest stay that `returned` tells apart, in weeks. */
export const MOST_WEEKS = 12

/** Builds the share of the pages that is read: 1 for all of them. */
export const shareOf = ({ usersTable }: Tables, rule: SampleRule | undefined): SQL =>
  rule
    ? sql`(select case when pages > ${rule.above}::float8 then ${rule.pages}::float8 / pages else 1 end from (select ${pagesOf(usersTable)} as pages) as size)`
    : sql`1::float8`

/**
 * Counts the lazy users there are now, by the day on which they were made and, for the details, by
 * the whole weeks after which they were seen again (`returned`; null for never).
 *
 * Where `share` is below 1, PostgreSQL reads only so many of the pages, and `squares` sums up the
 * squares of the counts in each page: users who were made together lie together, so that pages, not
 * users, are drawn.
 */
export function lazyUsersByDay(tables: Tables, details: boolean, rule: SampleRule | undefined): SQL {
  const { usersTable } = tables
  const { lazySince } = usersTable
  const columns = sql`${utc(lazySince)}::date as created_on, ${details ? returned(usersTable) : sql`null::int4`} as returned`
  const all = sql`
    select ${columns}, count(*)::float8 as users
    from ${usersTable}
    where ${isLazyUser(usersTable)}`
  if (!rule) return sql`${all} group by 1, 2`
  return sql`
    ${all} and (select share = 1 from authjs_lazy_share)
    group by 1, 2
    union all
    select created_on, returned, sum(users) / max(share)
    from authjs_lazy_pages, authjs_lazy_share
    group by 1, 2`
}

/** Counts the sampled lazy users in each page; no row where all are read. */
export function lazyUsersByPage(tables: Tables, details: boolean, rule: SampleRule): SQL {
  const { usersTable } = tables
  const seen = details ? returned(usersTable) : sql`null::int4`
  return sql`
    select ${pageOf(usersTable)} as page, ${utc(usersTable.lazySince)}::date as created_on, ${seen} as returned, count(*) as users
    from ${usersTable} ${sampled(tables, rule)}
    where ${isLazyUser(usersTable)} and (select share < 1 from authjs_lazy_share)
    group by 1, 2, 3`
}

/**
 * Selects the users who became real and are still there, where no outcomes are recorded: each
 * sampled one stands for several.
 */
export function convertedUsers(tables: Tables, since: Date, rule: SampleRule | undefined): SQL {
  const { usersTable } = tables
  const { lazySince, convertedAt } = usersTable
  const became = sql`${lazySince} is not null and ${gte(convertedAt, since)}`
  const converted = (users: SQL) => sql`
    select 'converted' as outcome, null::text as way, ${users} as users, ${lifeOf(lazySince, convertedAt)}`
  if (!rule) return sql`${converted(sql`1::float8`)}, null::text as page from ${usersTable} where ${became}`
  return sql`
    ${converted(sql`1::float8`)}, null::text as page
    from ${usersTable}
    where ${became} and (select share = 1 from authjs_lazy_share)
    union all
    ${converted(sql`1 / (select share from authjs_lazy_share)`)}, ${pageOf(usersTable)} as page
    from ${usersTable} ${sampled(tables, rule)}
    where ${became} and (select share < 1 from authjs_lazy_share)`
}

/** Samples whole pages: https://www.postgresql.org/docs/current/sql-select.html#SQL-FROM */
const sampled = (tables: Tables, rule: SampleRule): SQL => sql`tablesample system (100 * ${shareOf(tables, rule)})`

/** Names the page that a row is in. */
const pageOf = (usersTable: Tables["usersTable"]): SQL =>
  sql`(${usersTable}.tableoid::text || split_part(${usersTable}.ctid::text, ',', 1))`

/** How far ahead of the clock `seenAt` may be without being set on purpose, since clocks differ. */
const CLOCK_TOLERANCE = sql.raw("interval '1 hour'")

/** Builds the whole weeks after which a lazy user was seen last; null within the first day. */
function returned({ lazySince, seenAt }: Tables["usersTable"]): SQL {
  const [made, seen] = [utc(lazySince), utc(seenAt)]
  return sql`case
    when ${seen} >= ${made} + interval '1 day' and ${seen} <= now() at time zone 'UTC' + ${CLOCK_TOLERANCE}
    then least(${sql.raw(String(MOST_WEEKS))}, extract(epoch from ${seen} - ${made}) / 604800)::int4
  end`
}

/** Builds the days on which a user was made and ended, and how long it was lazy. */
export function lifeOf(createdAt: AnyPgColumn, endedAt: AnyPgColumn): SQL {
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
