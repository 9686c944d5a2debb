import { sql } from "drizzle-orm"
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core"
import { label } from "../../store/sql/catalogue.js"
import type { Database } from "../../store/sql/database.js"
import { queryDocument } from "../../store/sql/query.js"
import type { ReadTable } from "../server/unchecked.js"

/** A table as the database has it. */
export interface TableFacts extends ReadTable {
  oid: number
  /** `relkind` of pg_class. */
  kind: string
  columns: ColumnFacts[]
}

/** A column as the database has it. */
export interface ColumnFacts {
  name: string
  /** As SQL writes it, such as `character varying(20)`. */
  type: string
  /** The name of the type in pg_type; of a domain, that of what it is made of. */
  baseType: string
  /** `typtype` of pg_type: `b` for the built-in kind. */
  typeKind: string
  /** How many characters fit; null for types without a bound. */
  length: number | null
  notNull: boolean
  /** The expression it is set to by the database; null for none. */
  default: string | null
  /** Whether the database makes the value: generated, or an identity. */
  made: boolean
}

/** Each of the tables as it is in the database, or null for one that is not there. One query. */
export function readTables(tx: Database, tables: PgTable[]): Promise<(TableFacts | null)[]> {
  const names = tables.map((table, position) => {
    const { schema, name } = getTableConfig(table)
    return sql`(${sql.raw(String(position))}, ${schema ?? null}::text, ${name}::text)`
  })
  // By name from the catalogue: to_regclass() would fail where the role has no rights on a schema. Without a schema, the search path decides.
  const onPath = sql`nspname = any (string_to_array(regexp_replace(current_setting('search_path'), '[" ]', '', 'g'), ','))`
  return queryDocument(
    tx,
    sql`
    select json_agg(facts order by position)::text as document
    from (values ${sql.join(names, sql`, `)}) as named (position, schema_name, table_name)
    left join lateral (
      select json_build_object(
        'oid', class.oid::int8,
        'schema', nspname,
        'label', ${label("class")},
        'target', format('%I.%I', nspname, relname),
        'kind', relkind,
        'enterable', has_schema_privilege(pg_namespace.oid, 'usage'),
        'readable', has_schema_privilege(pg_namespace.oid, 'usage') and has_table_privilege(class.oid, 'select'),
        'columns', ${columnsOf("class")}
      ) as facts
      from pg_class class
      join pg_namespace on pg_namespace.oid = relnamespace
      where relname = table_name and relkind in ('r', 'p', 'v', 'm', 'f')
        and case
          when schema_name is not null then nspname = schema_name
          else pg_table_is_visible(class.oid) or (${onPath} and not has_schema_privilege(pg_namespace.oid, 'usage'))
        end
      order by pg_table_is_visible(class.oid) desc, class.oid
      limit 1
    ) as found on true`,
  )
}

const columnsOf = (alias: string) => sql`(
  select coalesce(json_agg(json_build_object(
    'name', attname,
    'type', format_type(atttypid, atttypmod),
    'baseType', coalesce(base.typname, own.typname),
    'typeKind', coalesce(base.typtype, own.typtype),
    'length', case
      when coalesce(base.typname, own.typname) in ('varchar', 'bpchar')
      then nullif(coalesce(nullif(own.typtypmod, -1), atttypmod), -1) - 4
    end,
    'notNull', attnotnull,
    'default', case when attgenerated = '' then pg_get_expr(adbin, adrelid) end,
    'made', attgenerated <> '' or attidentity <> ''
  ) order by attnum), '[]')
  from pg_attribute
  join pg_type own on own.oid = atttypid
  left join pg_type base on base.oid = nullif(own.typbasetype, 0)
  left join pg_attrdef on adrelid = attrelid and adnum = attnum
  where attrelid = ${sql.raw(alias)}.oid and attnum > 0 and not attisdropped
)`
