import { sql } from "drizzle-orm"
import type { Database } from "./database.js"
import { queryDocument } from "./query.js"

/** A column as the database has it. */
export interface FoundColumn {
  name: string
  /** As pg_type calls it; of a domain, what it is made of. */
  type: string
  /** How many characters a varchar or char takes; null where that is open, or the type is another. */
  length: number | null
  /** The domain that it is of, without its schema; null for none. */
  domain?: string | null
  notNull: boolean
  hasDefault: boolean
  /** Whether it is the primary key, alone. */
  isKey: boolean
}

/** The columns of tables, given as they stand in a statement, in the same order; null for a table that is not there. One query. */
export function readColumns(db: Database, targets: string[]): Promise<(FoundColumn[] | null)[]> {
  const list = targets.map((target, position) => sql`(${sql.raw(String(position))}, ${target}::text)`)
  return queryDocument(
    db,
    sql`
    select json_agg((
      select json_agg(json_build_object(
        'name', attname,
        'type', coalesce(base.typname, type.typname),
        'length', case
          when coalesce(base.typname, type.typname) in ('varchar', 'bpchar')
          then nullif(coalesce(nullif(type.typtypmod, -1), atttypmod), -1) - 4
        end,
        'domain', case type.typtype when 'd' then type.typname end,
        'notNull', attnotnull,
        'hasDefault', atthasdef,
        'isKey', exists (
          select from pg_index
          where indrelid = attrelid and indisprimary and indnkeyatts = 1 and indkey[0] = attnum
        )
      ) order by attnum)
      from pg_attribute
      join pg_type type on type.oid = atttypid
      left join pg_type base on base.oid = nullif(type.typbasetype, 0)
      where attrelid = to_regclass(target) and attnum > 0 and not attisdropped
    ) order by position)::text as document
    from (values ${sql.join(list, sql`, `)}) as named (position, target)`,
  )
}
