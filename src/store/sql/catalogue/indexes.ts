import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { withPartitions } from "../engine/dialect.js"
import { readEngine } from "../engine/engine.js"
import { queryDocument } from "../query.js"
import { label, qualified, topmost } from "./names.js"

/** A key of an index. */
export interface IndexKey {
  /** The name of the column; null for an expression. */
  column: string | null
  /** As PostgreSQL prints it, a column or an expression over the columns of the table. */
  sql: string
  /** The collation, quoted; null for types without one. */
  collation: string | null
  /** The expression of the generated column that the key is; null for any other key. */
  generation: string | null
}

/** An index, with the constraint that it serves. */
export interface Index {
  name: string
  /** Quoted, with its schema. */
  target: string
  /** The unique constraint or primary key it serves; null for none. */
  constraint: string | null
  unique: boolean
  /** False for an index that CREATE INDEX CONCURRENTLY did not finish. */
  valid: boolean
  /** The access method, such as `btree`. */
  method: string
  keys: IndexKey[]
  /** The condition of a partial index, as PostgreSQL prints it; null for none. */
  predicate: string | null
  nullsNotDistinct: boolean
  /** The operators of an exclusion constraint, one per key; null for other indexes. */
  operators: { sql: string; isEquality: boolean }[] | null
}

/** A unique index or an exclusion constraint, as far as it decides whether a row can change. */
export type RuleIndex = Pick<Index, "keys" | "predicate" | "nullsNotDistinct" | "operators">

/** A table with its indexes. */
export interface IndexedTable {
  oid: number
  /** The name in reports. */
  label: string
  /** Quoted, with its schema. */
  target: string
  /** `relkind` in pg_class. */
  kind: string
  /** The number of rows by the statistics of PostgreSQL; null before the first ANALYZE. */
  rows: number | null
  indexes: Index[]
}

const FROM = "pg_catalog.pg_index join pg_catalog.pg_class index_class on index_class.oid = indexrelid"

/** The fields of {@link RuleIndex} for a row of pg_index. */
const RULE_FIELDS = `
  'keys', (
    select pg_catalog.json_agg(pg_catalog.json_build_object(
      'column', attname,
      'sql', pg_catalog.pg_get_indexdef(indexrelid, position::int, false),
      'collation', (
        select pg_catalog.format('%I.%I', nspname, collname)
        from pg_catalog.pg_collation
        join pg_catalog.pg_namespace on pg_namespace.oid = collnamespace
        where pg_collation.oid = indcollation[position::int - 1]
      ),
      'generation', case when attgenerated <> '' then (
        select pg_catalog.pg_get_expr(adbin, adrelid) from pg_catalog.pg_attrdef where adrelid = indrelid and adnum = key.attnum
      ) end
    ) order by position)
    from pg_catalog.unnest(indkey::int2[]) with ordinality as key (attnum, position)
    left join pg_catalog.pg_attribute on attrelid = indrelid and pg_attribute.attnum = nullif(key.attnum, 0)
    where position <= indnkeyatts
  ),
  'predicate', pg_catalog.pg_get_expr(indpred, indrelid),
  -- Not a column before PostgreSQL 15.
  'nullsNotDistinct', coalesce((pg_catalog.to_jsonb(pg_index) ->> 'indnullsnotdistinct')::boolean, false),
  'operators', case when indisexclusion then (
    select pg_catalog.json_agg(pg_catalog.json_build_object(
      'sql', pg_catalog.format('operator(%I.%s)', nspname, oprname), 'isEquality', oprname = '='
    ) order by position)
    from pg_catalog.pg_constraint
    cross join pg_catalog.unnest(conexclop) with ordinality as excluded (operator, position)
    join pg_catalog.pg_operator on pg_operator.oid = excluded.operator
    join pg_catalog.pg_namespace on pg_namespace.oid = oprnamespace
    where conrelid = indrelid and conindid = indexrelid
  ) end`

/** Builds an expression for a row of pg_index, as JSON of {@link RuleIndex}. */
export const ruleIndex: SQL = sql.raw(`pg_catalog.json_build_object(${RULE_FIELDS})`)

const indexFacts = sql.raw(`pg_catalog.json_build_object(
  'name', index_class.relname,
  'target', pg_catalog.format('%I.%I', (select nspname from pg_catalog.pg_namespace where oid = index_class.relnamespace), index_class.relname),
  'constraint', (
    select conname from pg_catalog.pg_constraint where conrelid = indrelid and conindid = indexrelid and contype in ('p', 'u')
  ),
  'unique', indisunique,
  'valid', indisvalid and indisready,
  'method', (select amname from pg_catalog.pg_am where pg_am.oid = index_class.relam),
  ${RULE_FIELDS}
)`)

const indexesOf = (alias: string): SQL => sql`(
  select coalesce(pg_catalog.json_agg(${indexFacts} order by index_class.relname), '[]')
  from ${sql.raw(FROM)}
  where indrelid = ${sql.raw(alias)}.oid
)`

/**
 * Reads tables with their indexes; of a partitioned table its own, which every partition has.
 * One query.
 * @param isMeant the condition for the table, a row `class` of pg_class
 */
async function readIndexes(db: Database, isMeant: SQL): Promise<IndexedTable[]> {
  const engine = await readEngine(db)
  return queryDocument(
    db,
    sql`
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', class.oid::int8,
      'label', ${label("class")},
      'target', ${qualified("class")},
      'kind', class.relkind,
      'rows', case class.relkind
        when 'p' then (
          select pg_catalog.sum(nullif(leaf.reltuples, -1))::int8 from pg_catalog.pg_class leaf
          where relkind <> 'p' and leaf.oid = any (array(${sql.raw(withPartitions(engine, "class.oid"))}))
        )
        else nullif(class.reltuples, -1)::int8
      end,
      'indexes', ${indexesOf("class")}
    ) order by class.oid), '[]')::text as document
    from pg_catalog.pg_class class
    where ${isMeant}`,
  )
}

/** Reads the indexes of the tables with these oids. One query, or none for no table. */
export async function readIndexesByOid(db: Database, oids: readonly number[]): Promise<IndexedTable[]> {
  return oids.length === 0 ? [] : readIndexes(db, sql.raw(`class.oid in (${oids.join(", ")})`))
}

/**
 * Reads the indexes of the table with this quoted name; undefined where it is missing. One query.
 */
export async function readIndexesByName(db: Database, name: string): Promise<IndexedTable | undefined> {
  const [table] = await readIndexes(db, sql`class.oid = pg_catalog.to_regclass(${name})`)
  return table
}

/**
 * An index, and the partition that alone has it, by its name in reports; null for an index of the
 * whole table.
 */
export type NamedIndex = Index & { partition: string | null }

/**
 * Finds an index by its name, if it is one of a given table or its partitions. Returns that of the
 * whole table for the one that a partition has of it. One query.
 *
 * Takes any index of that name where the table is a view: nothing tells which table is behind it.
 * @param table the quoted name
 */
export async function readIndexNamed(
  db: Database,
  table: string,
  { schema = null, name }: { schema?: string | null | undefined; name: string },
): Promise<NamedIndex | null> {
  const engine = await readEngine(db)
  const oid = topmost(engine, sql`pg_catalog.to_regclass(${table})`)
  const found = await queryDocument<{ index: Index; partition: string | null } | null>(
    db,
    sql`
    select (
      select pg_catalog.json_build_object('index', ${indexFacts}, 'partition', (
        select ${label("class")} from pg_catalog.pg_class class where class.oid = indrelid and class.relispartition
      ))
      from ${sql.raw(FROM)}
      where indexrelid = (
        select ${topmost(engine, sql`named.oid`)}
        from pg_catalog.pg_class named
        join pg_catalog.pg_index own on own.indexrelid = named.oid
        join pg_catalog.pg_namespace on pg_namespace.oid = named.relnamespace
        where named.relname = ${name}::text
          and (${schema}::text is null or nspname = ${schema}::text)
          and (
            ${topmost(engine, sql`own.indrelid`)} = ${oid}
            or (select relkind = 'v' from pg_catalog.pg_class where oid = ${oid})
          )
        limit 1
      )
    )::text as document`,
  )
  return found && { ...found.index, partition: found.partition }
}
