import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { queryDocument, queryRows } from "../query.js"

/** A column, as far as statements on rows need it. */
export interface TableColumn {
  name: string
  /** The name as PostgreSQL quotes it where it prints an expression. */
  sql: string
  /** The type as SQL writes it, such as `character varying(20)`. */
  type: string
  /** The expression of a generated column; null for any other. */
  generation: string | null
  /** Whether the role may read it. */
  readable: boolean
}

/** A column as the database has it. */
export interface Column extends TableColumn {
  /** The name of the type in pg_type; for a domain, that of the type it is made of. */
  baseType: string
  /** `typtype` in pg_type of that type: `b` for a base type, `e` for an enum. */
  typeKind: string
  /** The name of the domain, without its schema; null for any other type. */
  domain: string | null
  /** How many characters a varchar or char takes; null for an unlimited one and for other types. */
  length: number | null
  notNull: boolean
  /** The default expression; null for none and for a generated column. */
  default: string | null
  isIdentity: boolean
  /** Whether it must stay NOT NULL: a part of the primary key, or of the replica identity. */
  isKey: boolean
}

/**
 * Builds an expression for the columns of a table, a row of pg_class, as JSON of {@link Column}.
 */
export const columnsOf = (alias: string): SQL =>
  sql.raw(`(
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', attname,
      'sql', pg_catalog.quote_ident(attname),
      'type', pg_catalog.format_type(atttypid, atttypmod),
      'baseType', coalesce(base.typname, own.typname),
      'typeKind', coalesce(base.typtype, own.typtype),
      'domain', case own.typtype when 'd' then own.typname end,
      'length', case
        when coalesce(base.typname, own.typname) in ('varchar', 'bpchar')
        then nullif(coalesce(nullif(own.typtypmod, -1), atttypmod), -1) - 4
      end,
      'notNull', attnotnull,
      'default', case when attgenerated = '' then pg_catalog.pg_get_expr(adbin, adrelid) end,
      'generation', case when attgenerated <> '' then pg_catalog.pg_get_expr(adbin, adrelid) end,
      'isIdentity', attidentity <> '',
      'isKey', exists (
        select from pg_catalog.pg_index where indrelid = attrelid and attnum = any (indkey) and (indisprimary or indisreplident)
      ),
      'readable', pg_catalog.has_schema_privilege(${alias}.relnamespace, 'usage') and pg_catalog.has_column_privilege(${alias}.oid, attnum, 'select')
    ) order by attnum), '[]')
    from pg_catalog.pg_attribute
    join pg_catalog.pg_type own on own.oid = atttypid
    left join pg_catalog.pg_type base on base.oid = nullif(own.typbasetype, 0)
    left join pg_catalog.pg_attrdef on adrelid = attrelid and adnum = attnum
    where attrelid = ${alias}.oid and attnum > 0 and not attisdropped
  )`)

/** Reads the columns of tables, given their quoted names; null for a missing table. One query. */
export function readColumns(db: Database, names: readonly string[]): Promise<(Column[] | null)[]> {
  const list = names.map((name, position) => sql`(${sql.raw(String(position))}, ${name}::text)`)
  return queryDocument(
    db,
    sql`select pg_catalog.json_agg((
      select ${columnsOf("class")} from pg_catalog.pg_class class where class.oid = pg_catalog.to_regclass(name)
    ) order by position)::text as document
    from (values ${sql.join(list, sql`, `)}) as named (position, name)`,
  )
}

/** Reads the columns of a table, given its quoted name; none where it is missing. One query. */
export async function readColumnsOf(db: Database, name: string): Promise<Column[]> {
  const [columns] = await readColumns(db, [name])
  return columns ?? []
}

/** Reads the names of the columns that a check constraint of a table is about. One query. */
export function readCheckedColumns(
  db: Database,
  { schema = null, table, constraint }: { schema?: string | null | undefined; table: string; constraint: string },
): Promise<string[]> {
  return queryDocument(
    db,
    sql`select coalesce((
      select pg_catalog.json_agg(attname)
      from pg_catalog.pg_constraint
      join pg_catalog.pg_attribute on attrelid = conrelid and attnum = any (conkey)
      where conname = ${constraint}::text
        and conrelid = pg_catalog.to_regclass(pg_catalog.concat(pg_catalog.quote_ident(${schema}::text) || '.', pg_catalog.quote_ident(${table}::text)))
    ), '[]')::text as document`,
  )
}

/** Reads the SQL types of all columns in a schema, without length, by `table.column`. One query. */
export async function readColumnTypes(db: Database, schema: string): Promise<Map<string, string>> {
  const columns = await queryRows<{ name: string; type: string }>(
    db,
    sql`select relname || '.' || attname as name, pg_catalog.format_type(atttypid, null) as type
      from pg_catalog.pg_attribute
      join pg_catalog.pg_class on pg_class.oid = attrelid
      join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
      where nspname = ${schema} and relkind in ('r', 'p', 'v', 'm', 'f') and attnum > 0 and not attisdropped`,
  )
  return new Map(columns.map(({ name, type }) => [name, type]))
}
