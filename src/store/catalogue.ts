import { sql } from "drizzle-orm"
import type { Database } from "./lazy-store.js"
import { queryDocument } from "./raw-query.js"

/** A foreign key; its columns are in their order. Tables are told by the oid of the topmost one where they are partitions. */
export interface ForeignKey {
  name: string
  table: number
  /** As reports name it. */
  label: string
  /** The topmost table, quoted, ready to delete from. */
  wholeTarget: string
  /** The table or partition that has the key, quoted, ready to select from. */
  target: string
  columns: string[]
  parent: number
  parentLabel: string
  /** The table or partition that the key leads to, quoted, ready to select from. */
  parentTarget: string
  parentColumns: string[]
  /** What becomes of a row when the one it refers to goes; NO ACTION and RESTRICT are `restrict`. */
  onDelete: "cascade" | "set" | "restrict"
  /** Whether it is of a single partition, or leads to one. */
  isPartial: boolean
  /** False for a key that is there for information only. */
  enforced: boolean
}

/** A column; `sql` is its name as PostgreSQL quotes it where it prints an expression. */
export interface Column {
  name: string
  sql: string
  /** The expression of a generated column. */
  generation: string | null
}

/** A unique constraint or index. Expressions name the columns of the table without qualifying them. */
export interface UniqueIndex {
  name: string
  keys: {
    /** Null for an expression. */
    column: string | null
    sql: string
  }[]
  predicate: string | null
  nullsNotDistinct: boolean
}

/** A table; of a partitioned one the topmost. */
export interface Relation {
  oid: number
  /** As reports name it: `table` in the schema public, `schema.table` elsewhere. */
  label: string
  /** Quoted, ready to select from or to update. */
  target: string
  kind: string
  columns: Column[]
  uniqueIndexes: UniqueIndex[]
  /** The expressions of the check constraints. */
  checks: string[]
}

const schemaName = (alias: string) => `(select nspname from pg_namespace where oid = ${alias}.relnamespace)`

// A child made with INHERITS has foreign keys and unique indexes of its own; partitions share those of their table.
const target = (alias: string) =>
  sql.raw(
    `concat(case when ${alias}.relkind <> 'p' then 'only ' end, format('%I.%I', ${schemaName(alias)}, ${alias}.relname))`,
  )

/** The name of a table in reports, for a row of pg_class. */
export const label = (alias: string) =>
  sql.raw(`concat(nullif(${schemaName(alias)}, 'public') || '.', ${alias}.relname)`)

/** Every foreign key of the database, and the oids of the named tables (null where there is no such table). */
export function readForeignKeys(
  db: Database,
  names: string[],
): Promise<{ named: (number | null)[]; foreignKeys: ForeignKey[] }> {
  const list = sql.join(
    names.map((name, position) => sql`(${sql.raw(String(position))}, ${name}::text)`),
    sql`, `,
  )
  const columns = (table: string, key: string) =>
    sql.raw(`(
      select json_agg(attname order by position)
      from unnest(${key}) with ordinality as key (attnum, position)
      join pg_attribute using (attnum)
      where attrelid = ${table}
    )`)
  return queryDocument(
    db,
    sql`
    select json_build_object(
      'named', (
        select json_agg(coalesce(pg_partition_root(to_regclass(name)), to_regclass(name))::oid::int8 order by position)
        from (values ${list}) as named (position, name)
      ),
      'foreignKeys', (
        select coalesce(json_agg(json_build_object(
          'name', conname,
          'table', child.oid::int8,
          'label', ${label("child")},
          'wholeTarget', ${target("child")},
          'target', ${target("referring")},
          'columns', ${columns("conrelid", "conkey")},
          'parent', parent.oid::int8,
          'parentLabel', ${label("parent")},
          'parentTarget', ${target("referenced")},
          'parentColumns', ${columns("confrelid", "confkey")},
          'onDelete', case confdeltype when 'c' then 'cascade' when 'a' then 'restrict' when 'r' then 'restrict' else 'set' end,
          'isPartial', conrelid <> child.oid or confrelid <> parent.oid,
          -- Not a column before PostgreSQL 18.
          'enforced', coalesce((to_jsonb(pg_constraint) ->> 'conenforced')::boolean, true)
        ) order by child.oid, conname), '[]')
        from pg_constraint
        join pg_class referring on referring.oid = conrelid
        join pg_class referenced on referenced.oid = confrelid
        join pg_class child on child.oid = coalesce(pg_partition_root(conrelid), conrelid)
        join pg_class parent on parent.oid = coalesce(pg_partition_root(confrelid), confrelid)
        where contype = 'f' and conparentid = 0
      )
    )::text as document`,
  )
}

/** Tables with what decides whether a row of theirs can change. */
export async function readRelations(db: Database, oids: number[]): Promise<Relation[]> {
  if (oids.length === 0) return []
  const list = sql.raw(oids.join(", "))
  return queryDocument(
    db,
    sql`
    select coalesce(json_agg(json_build_object(
      'oid', class.oid::int8,
      'label', ${label("class")},
      'target', ${target("class")},
      'kind', relkind,
      'columns', (
        select json_agg(json_build_object(
          'name', attname,
          'sql', quote_ident(attname),
          'generation', case when attgenerated <> '' then pg_get_expr(adbin, adrelid) end
        ) order by attnum)
        from pg_attribute
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = class.oid and attnum > 0 and not attisdropped
      ),
      'uniqueIndexes', (
        select coalesce(json_agg(json_build_object(
          'name', indexrelid::regclass::text,
          'keys', (
            select json_agg(json_build_object(
              'column', attname,
              'sql', concat(
                '(', pg_get_indexdef(indexrelid, position::int, false), ')',
                (
                  select format(' collate %I.%I', nspname, collname)
                  from pg_collation
                  join pg_namespace on pg_namespace.oid = collnamespace
                  where pg_collation.oid = indcollation[position::int - 1]
                )
              )
            ) order by position)
            from unnest(indkey::int2[]) with ordinality as key (attnum, position)
            left join pg_attribute on attrelid = indrelid and pg_attribute.attnum = nullif(key.attnum, 0)
            where position <= indnkeyatts
          ),
          'predicate', pg_get_expr(indpred, indrelid),
          -- Not a column before PostgreSQL 15.
          'nullsNotDistinct', coalesce((to_jsonb(pg_index) ->> 'indnullsnotdistinct')::boolean, false)
        ) order by indexrelid), '[]')
        from pg_index
        where indrelid = class.oid and indisunique and indislive
      ),
      'checks', (
        select coalesce(json_agg(pg_get_expr(conbin, conrelid) order by conname), '[]')
        from pg_constraint
        where conrelid = class.oid and contype = 'c'
          -- Not a column before PostgreSQL 18.
          and coalesce((to_jsonb(pg_constraint) ->> 'conenforced')::boolean, true)
      )
    ) order by class.oid), '[]')::text as document
    from pg_class class
    where class.oid in (${list})`,
  )
}
