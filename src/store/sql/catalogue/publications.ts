import { sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { queryDocument } from "../query.js"
import { label, qualified, values } from "./names.js"

/** A table whose published changes PostgreSQL refuses, because no row of it can be identified. */
export interface UnidentifiedTable {
  /** The name in reports. */
  label: string
  /** Quoted, with its schema. */
  target: string
  /** What PostgreSQL refuses on it. */
  refused: ("update" | "delete")[]
  /** Whether it has a primary key. */
  hasKey: boolean
}

/**
 * Finds those of the tables, and of their partitions, that are published without a replica
 * identity: https://www.postgresql.org/docs/current/logical-replication-publication.html. One
 * query, or none for no table.
 */
export async function readUnidentified(db: Database, oids: readonly number[]): Promise<UnidentifiedTable[]> {
  if (oids.length === 0) return []
  return queryDocument(
    db,
    sql`
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'label', ${label("class")},
      'target', ${qualified("class")},
      'refused', pg_catalog.array_remove(array[case when updates then 'update' end, case when deletes then 'delete' end], null),
      'hasKey', has_key
    ) order by class.oid), '[]')::text as document
    from (
      select oid from pg_catalog.pg_class where oid in (${values(oids)})
      union
      select relid from pg_catalog.pg_class cross join lateral pg_catalog.pg_partition_tree(pg_class.oid) where oid in (${values(oids)})
    ) as wanted
    join pg_catalog.pg_class class on class.oid = wanted.oid
    cross join lateral (
      select pg_catalog.bool_or(pubupdate) as updates, pg_catalog.bool_or(pubdelete) as deletes
      from pg_catalog.pg_publication
      join pg_catalog.pg_publication_tables on pg_publication_tables.pubname = pg_publication.pubname
      join pg_catalog.pg_namespace on nspname = schemaname
      join pg_catalog.pg_class published on published.relnamespace = pg_namespace.oid and published.relname = tablename
      where published.oid = class.oid or published.oid in (select relid from pg_catalog.pg_partition_ancestors(class.oid))
    ) as publication
    cross join lateral (
      select exists (select from pg_catalog.pg_index where indrelid = class.oid and indisprimary and indisvalid) as has_key
    ) as key
    where relkind = 'r' and (updates or deletes) and (
      relreplident = 'n'
      or (relreplident = 'd' and not has_key)
      or (relreplident = 'i' and not exists (select from pg_catalog.pg_index where indrelid = class.oid and indisreplident))
    )`,
  )
}
