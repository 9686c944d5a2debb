import { sql } from "drizzle-orm"
import { label } from "../../store/sql/catalogue.js"
import type { Database } from "../../store/sql/database.js"
import { quoted } from "../../store/sql/identifiers.js"
import { queryDocument } from "../../store/sql/query.js"

/** A table with its indexes. */
export interface IndexedTable {
  oid: number
  label: string
  /** Quoted, with its schema. */
  target: string
  /** `relkind` of pg_class. */
  kind: string
  /** How many rows it was last seen to have, by the server's own statistics; null when it has never looked. */
  rows: number | null
  indexes: IndexFacts[]
}

/** An index. */
export interface IndexFacts {
  /** Quoted, with its schema. */
  target: string
  /** The unique constraint or primary key it is for; null for none. */
  constraint: string | null
  unique: boolean
  /** False for one that CREATE INDEX CONCURRENTLY did not finish. */
  valid: boolean
  /** The access method, such as btree. */
  method: string
  keys: {
    /** Null for an expression. */
    column: string | null
    sql: string
  }[]
  /** The condition of a partial index, as PostgreSQL prints it. */
  predicate: string | null
  nullsNotDistinct: boolean
}

/** Tables with their indexes; of a partitioned table its own, which every partition has. One query. */
export async function readIndexes(tx: Database, oids: number[]): Promise<IndexedTable[]> {
  if (oids.length === 0) return []
  return queryDocument(
    tx,
    sql`
    select coalesce(json_agg(json_build_object(
      'oid', class.oid::int8,
      'label', ${label("class")},
      'target', format('%I.%I', nspname, class.relname),
      'kind', class.relkind,
      'rows', case class.relkind
        when 'p' then (
          select sum(nullif(leaf.reltuples, -1))::int8 from pg_partition_tree(class.oid) tree
          join pg_class leaf on leaf.oid = tree.relid
          where tree.isleaf
        )
        else nullif(class.reltuples, -1)::int8
      end,
      'indexes', (
        select coalesce(json_agg(json_build_object(
          'target', format('%I.%I', nspname, index.relname),
          'constraint', (select conname from pg_constraint where conindid = indexrelid and contype in ('p', 'u')),
          'unique', indisunique,
          'valid', indisvalid and indisready,
          'method', amname,
          'keys', (
            select json_agg(json_build_object(
              'column', attname,
              'sql', pg_get_indexdef(indexrelid, position::int, false)
            ) order by position)
            from unnest(indkey::int2[]) with ordinality as key (attnum, position)
            left join pg_attribute on attrelid = indrelid and pg_attribute.attnum = nullif(key.attnum, 0)
            where position <= indnkeyatts
          ),
          'predicate', pg_get_expr(indpred, indrelid),
          -- Not a column before PostgreSQL 15.
          'nullsNotDistinct', coalesce((to_jsonb(pg_index) ->> 'indnullsnotdistinct')::boolean, false)
        ) order by index.relname), '[]')
        from pg_index
        join pg_class index on index.oid = indexrelid
        join pg_am on pg_am.oid = index.relam
        where indrelid = class.oid
      )
    ) order by class.oid), '[]')::text as document
    from pg_class class
    join pg_namespace on pg_namespace.oid = class.relnamespace
    where class.oid in (${sql.raw(oids.join(", "))})`,
  )
}

/** Whether rows with certain values in these columns are found by an index: one that begins with any of them will do. */
export function isIndexed({ indexes }: IndexedTable, columns: string[]): boolean {
  return indexes.some(
    ({ valid, method, keys: [first], predicate }) =>
      valid &&
      ["btree", "hash"].includes(method) &&
      first?.column != null &&
      columns.includes(first.column) &&
      // Who looks for a value does not look for null.
      (predicate === null || predicate === `(${first.sql} IS NOT NULL)`),
  )
}

/** Nobody has to wait for an index that is made CONCURRENTLY; of a partitioned table it can't be. */
export function createIndex({ target, kind }: Pick<IndexedTable, "target" | "kind">, rest: string, name = ""): string {
  return `create index ${kind === "p" ? "" : "concurrently "}${name === "" ? "" : `${quoted(name)} `}on ${target} ${rest};`
}

/** For a sentence: how many rows a table has, as far as the server knows. */
export function about({ rows }: IndexedTable): string {
  return rows === null ? "of unknown size" : `about ${rows.toLocaleString("en-US")} rows`
}
