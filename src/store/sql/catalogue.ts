import { sql } from "drizzle-orm"
import type { Database } from "./database.js"
import { queryDocument } from "./query.js"

/** Tells whether a `relkind` is a table with foreign keys. */
export const isTable = (kind: string) => kind === "r" || kind === "p"

/** Explains that the user table is a view or a foreign table. */
export const noTable = (label: string) =>
  `the user table, ${label}, is a view or a foreign table, so its foreign keys are unknown. Pass the table behind it: LazyAdapter(db, { usersTable }).`

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
  /** Whether it compares periods of time (PERIOD, since PostgreSQL 18) instead of values. */
  isTemporal: boolean
  /** False for a key declared NOT ENFORCED, or whose triggers are disabled. */
  enforced: boolean
  /** Whether the role may read the table and the one that the key leads to. */
  readable: boolean
}

/** A table made with INHERITS and the one it was made from. */
export interface Inheritance {
  parent: number
  child: number
}

/** A column; `sql` is its name as PostgreSQL quotes it where it prints an expression. */
export interface Column {
  name: string
  sql: string
  /** As SQL writes it, such as `character varying(20)`. */
  type: string
  /** The expression of a generated column. */
  generation: string | null
  /** Whether the role may read it. */
  readable: boolean
}

/**
 * A unique constraint or index, or an exclusion constraint. Expressions name the columns of the table without qualifying them.
 */
export interface UniqueIndex {
  name: string
  keys: {
    /** Null for an expression. */
    column: string | null
    sql: string
  }[]
  predicate: string | null
  nullsNotDistinct: boolean
  /** The operators that exclude two rows, key by key, ready for a statement; null for equality. */
  operators: { sql: string; isEquality: boolean }[] | null
}

/** A table; of a partitioned one the topmost. */
export interface Relation {
  oid: number
  /** As reports name it: `table` in the schema public, `schema.table` elsewhere. */
  label: string
  /** Quoted, ready to select from or to update. */
  target: string
  kind: string
  /** Whether row-level security keeps rows from the role. */
  hidesRows: boolean
  /** Whether it has triggers of the app. */
  hasTriggers: boolean
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

const readable = (alias: string) =>
  sql.raw(`(has_schema_privilege(${alias}.relnamespace, 'usage') and has_table_privilege(${alias}.oid, 'select'))`)

/** What {@link readForeignKeys} returns. */
export interface ForeignKeys {
  /** The oids of the named tables; null where there is no such table. */
  named: (number | null)[]
  foreignKeys: ForeignKey[]
  inherited: Inheritance[]
  /**
   * The tables, including partitions, whose rows can go or change with rows of the named ones;
   * undefined when triggers or rules may reach any table.
   */
  within: number[] | undefined
  /** Whether something about these tables can be left to the end of the transaction: a trigger, or a check of a constraint. */
  isDeferrable: boolean
}

/**
 * Reads the foreign keys of the named tables and of every table that refers to them, directly or
 * through others. Walks the dependencies of each table, for which the catalogue has an index, so
 * that tables of other tenants cost nothing.
 */
export async function readForeignKeys(db: Database, names: string[]): Promise<ForeignKeys> {
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
  const { within, ...found } = await queryDocument<ForeignKeys & { within: number[] | null }>(
    db,
    sql`
    with recursive named as materialized (
      select position, coalesce(pg_partition_root(to_regclass(name)), to_regclass(name))::oid as oid
      from (values ${list}) as given (position, name)
    ), reached (oid) as (
      select oid from named where oid is not null
      union
      select step.oid from reached cross join lateral (
        select inhrelid as oid from pg_inherits where inhparent = reached.oid
        union all
        select coalesce(pg_partition_root(conrelid)::oid, conrelid)
        from pg_depend
        join pg_constraint on pg_constraint.oid = objid
        where refclassid = 'pg_class'::regclass and refobjid = reached.oid and classid = 'pg_constraint'::regclass
          and contype = 'f' and confrelid = reached.oid
        offset 0
      ) as step
    )
    select json_build_object(
      'named', (select json_agg(oid::int8 order by position) from named),
      'within', (
        select case when not bool_or(relhasrules or exists (
          select from pg_trigger where tgrelid = reached.oid and not tgisinternal and tgenabled <> 'D'
        )) then json_agg(reached.oid::int8) end
        from reached
        join pg_class on pg_class.oid = reached.oid
      ),
      'isDeferrable', exists (select from reached join pg_trigger on tgrelid = reached.oid where tgdeferrable),
      'inherited', (
        select coalesce(json_agg(json_build_object('parent', inhparent::int8, 'child', inhrelid::int8)), '[]')
        from reached
        cross join lateral (select * from pg_inherits where inhparent = reached.oid offset 0) as inheritance
        join pg_class on pg_class.oid = inhrelid
        where not relispartition
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
          'readable', ${readable("child")} and ${readable("parent")},
          'isPartial', conrelid <> child.oid or confrelid <> parent.oid,
          -- Columns that came with PostgreSQL 18.
          'isTemporal', coalesce((to_jsonb(own) ->> 'conperiod')::boolean, false),
          'enforced', coalesce((to_jsonb(own) ->> 'conenforced')::boolean, true)
            and current_setting('session_replication_role') <> 'replica'
            and not exists (
              select from pg_trigger where tgconstraint = own.oid and tgrelid = confrelid and tgenabled in ('D', 'R')
            )
        ) order by child.oid, conname), '[]')
        from reached
        cross join lateral (
          select * from pg_constraint
          where conrelid = reached.oid and contype = 'f' and conparentid = 0
          offset 0
        ) as own
        join pg_class referring on referring.oid = conrelid
        join pg_class referenced on referenced.oid = confrelid
        join pg_class child on child.oid = coalesce(pg_partition_root(conrelid), conrelid)
        join pg_class parent on parent.oid = coalesce(pg_partition_root(confrelid), confrelid)
      )
    )::text as document`,
  )
  return { ...found, within: within ?? undefined }
}

/**
 * Tells whether row-level security hides rows of a table (a row of pg_class) from the role. A
 * policy `true` hides nothing, unless a restrictive policy applies too.
 */
export const hidesRows = (alias: string) =>
  sql.raw(`(row_security_active(${alias}.oid) and (
    not exists (select from pg_policy where ${readPolicy(alias)} and polpermissive and pg_get_expr(polqual, polrelid) = 'true')
    or exists (select from pg_policy where ${readPolicy(alias)} and not polpermissive)
  ))`)

const readPolicy = (alias: string) =>
  `polrelid = ${alias}.oid and polcmd in ('r', '*') and exists (
    select from unnest(polroles) as role where role = 0 or pg_has_role(role, 'usage')
  )`

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
      'hidesRows', ${hidesRows("class")},
      'hasTriggers', exists (
        select from pg_trigger
        where tgrelid = any (array(select class.oid union all select relid from pg_partition_tree(class.oid)))
          and not tgisinternal and tgenabled <> 'D'
      ),
      'columns', (
        select json_agg(json_build_object(
          'name', attname,
          'sql', quote_ident(attname),
          'type', format_type(atttypid, atttypmod),
          'generation', case when attgenerated <> '' then pg_get_expr(adbin, adrelid) end,
          'readable', has_schema_privilege(class.relnamespace, 'usage') and has_column_privilege(class.oid, attnum, 'select')
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
          'nullsNotDistinct', coalesce((to_jsonb(pg_index) ->> 'indnullsnotdistinct')::boolean, false),
          'operators', case when indisexclusion then (
            select json_agg(json_build_object(
              'sql', format('operator(%I.%s)', nspname, oprname), 'isEquality', oprname = '='
            ) order by position)
            from pg_constraint
            cross join unnest(conexclop) with ordinality as excluded (operator, position)
            join pg_operator on pg_operator.oid = excluded.operator
            join pg_namespace on pg_namespace.oid = oprnamespace
            where conrelid = indrelid and conindid = indexrelid
          ) end
        ) order by indexrelid), '[]')
        from pg_index
        where indrelid = class.oid and (indisunique or indisexclusion) and indislive
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
