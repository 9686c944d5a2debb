import { sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { readEngine } from "../engine/engine.js"
import { quoted } from "../identifiers.js"
import { queryDocument } from "../query.js"
import { label, qualified } from "./names.js"
import { hidesRows } from "./rights.js"

/** A table that looks as if it held the users of an app. */
export interface UsersLike {
  oid: number
  /** The name in reports. */
  label: string
  schema: string
  name: string
  /** Quoted, with its schema. */
  target: string
  /** The column that says since when a user is lazy, under any name; null where there is none. */
  lazySince: string | null
  /** The column that says when a user became real, under any name; null where there is none. */
  convertedAt: string | null
  /** Whether the role can read these columns in every row. */
  readable: boolean
}

/**
 * Finds the tables that look as if they held users: those with a column such as `lazySince`,
 * `lazy_since` or `user_lazy_since`, in any schema, and those of a name such as `members` with a
 * column `email`. Views, partitions and tables made with INHERITS show rows of other tables, and
 * are left out. One query.
 */
export async function readUsersLike(db: Database): Promise<UsersLike[]> {
  const engine = await readEngine(db)
  return queryDocument(
    db,
    sql`
    with named as materialized (
      select attrelid, attname, pg_catalog.lower(pg_catalog.translate(attname, '_- ', '')) as plain
      from pg_catalog.pg_attribute
      where attnum > 0 and not attisdropped
    ), marked as materialized (
      select
        attrelid,
        pg_catalog.min(attname::text) filter (where plain like '%lazysince') as lazy_since,
        pg_catalog.min(attname::text) filter (where plain like '%convertedat') as converted_at,
        pg_catalog.bool_or(plain in ('email', 'emailaddress', 'mail')) as has_email
      from named
      where plain like '%lazysince' or plain like '%convertedat' or plain in ('email', 'emailaddress', 'mail')
      group by attrelid
    )
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', class.oid::int8,
      'label', ${label("class")},
      'schema', nspname,
      'name', relname,
      'target', ${qualified("class")},
      'lazySince', lazy_since,
      'convertedAt', converted_at,
      'readable', pg_catalog.has_schema_privilege(pg_namespace.oid, 'usage') and not ${hidesRows(engine, "class")} and case
        when lazy_since is null then pg_catalog.has_any_column_privilege(class.oid, 'select')
        else pg_catalog.has_column_privilege(class.oid, lazy_since, 'select')
          and (converted_at is null or pg_catalog.has_column_privilege(class.oid, converted_at, 'select'))
      end
    ) order by lazy_since is null, class.oid), '[]')::text as document
    from marked
    join pg_catalog.pg_class class on class.oid = attrelid
    join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'p') and nspname !~ '^pg_' and nspname <> 'information_schema'
      and not exists (select from pg_catalog.pg_inherits where inhrelid = class.oid)
      and (lazy_since is not null or (has_email and pg_catalog.lower(relname) ~ ${USERS_NAME} and exists (
        select from pg_catalog.pg_index where indrelid = class.oid and indisprimary
      )))`,
  )
}

/** Matches the names of tables of users, with any prefix. */
const USERS_NAME = "(user|member|customer|account|person|profile)s?$"

/** The number of tables that one query asks for rows. */
const CHUNK = 50

/**
 * Picks the tables with a lazy user in them, and among tables without a column `lazySince` those
 * with any row. Reads no further than the first tables that it finds: one query for 50 tables.
 */
export async function holdingUsers(db: Database, tables: readonly UsersLike[]): Promise<UsersLike[]> {
  for (let start = 0; start < tables.length; start += CHUNK) {
    const chunk = tables.slice(start, start + CHUNK)
    const checks = chunk.map(({ oid, target, ...columns }) =>
      sql.raw(`select ${oid}::int8 as oid where exists (select from ${target} where ${isHeld(columns)})`),
    )
    const found = await queryDocument<number[]>(
      db,
      sql`select coalesce(pg_catalog.json_agg(oid), '[]')::text as document from (${sql.join(checks, sql` union all `)}) as held`,
    )
    if (found.length > 0) return chunk.filter(({ oid }) => found.includes(oid))
  }
  return []
}

function isHeld({ lazySince, convertedAt }: Pick<UsersLike, "lazySince" | "convertedAt">): string {
  if (lazySince === null) return "true"
  return `${quoted(lazySince)} is not null${convertedAt === null ? "" : ` and ${quoted(convertedAt)} is null`}`
}
