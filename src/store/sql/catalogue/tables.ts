import { sql } from "drizzle-orm"
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../database.js"
import { readEngine } from "../engine/engine.js"
import { qualifiedName } from "../identifiers.js"
import { queryDocument, queryRows } from "../query.js"
import { relationOf } from "./assumed-tables.js"
import { type Column, columnsOf } from "./columns.js"
import { label, qualified, topmost, values } from "./names.js"
import { readable } from "./rights.js"

/** Tells whether a `relkind` is a plain or a partitioned table, which can have foreign keys. */
export const isTable = (kind: string) => kind === "r" || kind === "p"

/** Explains that the user table is a view or a foreign table. */
export const noTable = (label: string) =>
  `the user table, ${label}, is a view or a foreign table, so its foreign keys are unknown. Pass the table behind it: LazyAdapter(db, { usersTable }).`

/** A table as the database has it. */
export interface TableFacts {
  oid: number
  schema: string
  /** The name in reports. */
  label: string
  /** Quoted, with its schema. */
  target: string
  /** `relkind` in pg_class. */
  kind: string
  /** Whether the role may name anything in its schema. */
  enterable: boolean
  /** Whether the role may read all of it. */
  readable: boolean
  columns: Column[]
}

/**
 * Reads tables by their names, also in schemas that the role may not enter; null for a missing one.
 * One query.
 */
export function readTables(db: Database, tables: PgTable[]): Promise<(TableFacts | null)[]> {
  const names = tables.map((table, position) => {
    const { schema, name } = getTableConfig(table)
    return sql`(${sql.raw(String(position))}, ${schema ?? null}::text, ${name}::text)`
  })
  // to_regclass() fails in a schema that the role may not enter, so search_path is read here.
  const onPath = sql`nspname = any (pg_catalog.string_to_array(pg_catalog.regexp_replace(pg_catalog.current_setting('search_path'), '[" ]', '', 'g'), ','))`
  return queryDocument(
    db,
    sql`
    select pg_catalog.json_agg(facts order by position)::text as document
    from (values ${sql.join(names, sql`, `)}) as named (position, schema_name, table_name)
    left join lateral (
      select pg_catalog.json_build_object(
        'oid', class.oid::int8,
        'schema', nspname,
        'label', ${label("class")},
        'target', ${qualified("class")},
        'kind', relkind,
        'enterable', pg_catalog.has_schema_privilege(pg_namespace.oid, 'usage'),
        'readable', ${readable("class")},
        'columns', ${columnsOf("class")}
      ) as facts
      from pg_catalog.pg_class class
      join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
      where relname = table_name and relkind in ('r', 'p', 'v', 'm', 'f')
        and case
          when schema_name is not null then nspname = schema_name
          else pg_catalog.pg_table_is_visible(class.oid) or (${onPath} and not pg_catalog.has_schema_privilege(pg_namespace.oid, 'usage'))
        end
      order by pg_catalog.pg_table_is_visible(class.oid) desc, class.oid
      limit 1
    ) as found on true`,
  )
}

/** Finds a table, for a partition, its topmost table; undefined where it is missing. One query. */
export async function readTable(db: Database, table: PgTable): Promise<{ oid: number; kind: string } | undefined> {
  const engine = await readEngine(db)
  const [found] = await queryRows<{ oid: number; kind: string }>(
    db,
    sql`select ${topmost(engine, sql`oid`)}::int8::float8 as oid, relkind as kind
      from pg_catalog.pg_class where oid = pg_catalog.to_regclass(${qualifiedName(table)})`,
  )
  return found
}

/**
 * Names a table as reports do, if a table that an error names is one of its partitions, or the table
 * itself; undefined for any other. One query.
 */
export async function readWholeOf(
  db: Database,
  { schema = null, table }: { schema?: string | null | undefined; table: string },
  whole: PgTable,
): Promise<string | undefined> {
  const engine = await readEngine(db)
  const [found] = await queryRows<{ label: string }>(
    db,
    sql`select ${label("class")} as label
      from pg_catalog.pg_class part
      join pg_catalog.pg_namespace on pg_namespace.oid = part.relnamespace
      join pg_catalog.pg_class class on class.oid = ${topmost(engine, sql`part.oid`)}
      where part.relname = ${table}::text and (${schema}::text is null or nspname = ${schema}::text)
        and class.oid = ${topmost(engine, sql`pg_catalog.to_regclass(${qualifiedName(whole)})`)}
      limit 1`,
  )
  return found?.label
}

/**
 * Tells whether a table is there: apps leave out tables of Auth.js that they do not use. One query.
 */
export async function tableExists(db: Database, table: PgTable): Promise<boolean> {
  const [found] = await queryRows<{ exists: boolean }>(db, sql`select ${relationOf(table)} is not null as "exists"`)
  return found?.exists === true
}

/** Tells whether a schema has a table, also where the role may not enter the schema. One query. */
export async function schemaHasTable(db: Database, schema: string, table: string): Promise<boolean> {
  const found = await queryRows(
    db,
    sql`select from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
      where nspname = ${schema} and relname = ${table} and relkind in ('r', 'p')`,
  )
  return found.length > 0
}

/** Tells whether a schema is there, also one that the role may not enter. One query. */
export async function schemaExists(db: Database, schema: string): Promise<boolean> {
  const found = await queryRows(db, sql`select from pg_catalog.pg_namespace where nspname = ${schema}`)
  return found.length > 0
}

/** Picks the labels that are names of tables, but not of partitions. One query. */
export function readLabels(db: Database, labels: string[]): Promise<string[]> {
  return queryDocument(
    db,
    sql`select coalesce(pg_catalog.json_agg(${label("class")}), '[]')::text as document from pg_catalog.pg_class class
      where relkind in ('r', 'p') and not relispartition and ${label("class")} in (${values(labels)})`,
  )
}

/** Tells whether the search path finds a quoted name outside of `public`. One query. */
export async function isOutsidePublic(db: Database, name: string): Promise<boolean> {
  const [found] = await queryRows<{ outside: boolean }>(
    db,
    sql`select pg_catalog.to_regclass(${name}) is distinct from pg_catalog.to_regclass(${`public.${name}`}) as outside`,
  )
  return found?.outside === true
}

/**
 * Finds a table that refers to another one and has a column, ignoring case and underscores;
 * undefined for none. One query.
 * @param parent the quoted name of the other table
 */
export async function readReferringTable(db: Database, parent: string, column: string): Promise<string | undefined> {
  const [table] = await queryRows<{ name: string }>(
    db,
    sql`select conrelid::regclass::text as name from pg_catalog.pg_constraint
      where contype = 'f' and confrelid = pg_catalog.to_regclass(${parent}) and exists (
        select from pg_catalog.pg_attribute
        where attrelid = conrelid and not attisdropped and pg_catalog.lower(pg_catalog.replace(attname, '_', '')) = ${column}
      )
      order by 1 limit 1`,
  )
  return table?.name
}

/**
 * Finds the tables and views, outside of PostgreSQL's own schemas, that have all columns of one of
 * the lists. Ignores case and underscores. One query.
 * @returns their names in reports
 */
export async function readTablesWith(db: Database, lists: readonly (readonly string[])[]): Promise<string[]> {
  const hasColumns = lists.map((names) => sql`names @> array[${values(names)}]::text[]`)
  const tables = await queryRows<{ label: string }>(
    db,
    sql`select ${label("class")} as label
      from pg_catalog.pg_class class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace, lateral (
        select pg_catalog.array_agg(pg_catalog.lower(pg_catalog.replace(attname, '_', ''))) as names from pg_catalog.pg_attribute
        where attrelid = class.oid and attnum > 0 and not attisdropped
      ) as columns
      where relkind in ('r', 'p', 'v', 'f') and nspname !~ '^pg_' and nspname <> 'information_schema'
        and (${sql.join(hasColumns, sql` or `)})
      order by 1`,
  )
  return tables.map(({ label }) => label)
}
