import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { queryDocument } from "../query.js"
import type { RowKeys } from "../row-place.js"
import { partitionRoot } from "./dialect.js"
import { type Engine, readEngine } from "./engine.js"
import { columnNames, label, ownRows, primaryKeyOf, qualified } from "./names.js"
import { readable } from "./rights.js"

/**
 * A foreign key, with its columns in their order. Tables are told apart by their oids, partitions
 * by that of their topmost table.
 */
export interface ForeignKey {
  name: string
  table: number
  /** The name of that table in reports. */
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
  /** The collation, quoted, to compare each pair of columns by; null where PostgreSQL can tell. */
  collations: (string | null)[]
  /** The ON DELETE action; NO ACTION and RESTRICT are `restrict`. */
  onDelete: "cascade" | "set" | "restrict"
  /** Whether it belongs to a single partition, or leads to one. */
  isPartial: boolean
  /** Whether it compares periods of time (PERIOD, since PostgreSQL 18) instead of values. */
  isTemporal: boolean
  /** False for a key declared NOT ENFORCED, or whose triggers are disabled. */
  enforced: boolean
  /** Whether the role may read the table and the one that the key leads to. */
  readable: boolean
}

/** A foreign key with what it takes to declare it again. */
export interface DeclaredKey extends ForeignKey {
  /** The table or partition that has the key: its name in reports, quoted, and its `relkind`. */
  declaredOn: { label: string; target: string; kind: string }
  /** The table or partition that the key leads to. */
  leadsTo: { label: string; target: string }
  /** Whether all of its columns take null. */
  nullable: boolean
  /** Whether one of its columns can never take null: it is part of a primary key, or the like. */
  hasKey: boolean
  /** `confdeltype` in pg_constraint. */
  action: "a" | "r" | "c" | "n" | "d"
  /** What it says beside its columns and ON DELETE, such as ` on update cascade deferrable`. */
  rest: string
}

/** A table made with INHERITS and the one it was made from. */
export interface Inheritance {
  parent: number
  child: number
}

/** The foreign keys around some tables, as {@link readForeignKeys} returns them. */
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
  /** Whether a trigger or a constraint of these tables can wait for the end of the transaction. */
  isDeferrable: boolean
  /** The primary keys of these tables. */
  rowKeys: RowKeys
  engine: Engine
}

/**
 * Builds the step `reached` of a statement: the starting tables and all tables that refer to one of
 * them, directly or through others, with their partitions and children. Walks the dependencies of
 * each table, for which pg_depend has an index, so that tables of other tenants cost nothing.
 * @param start selects the oids to start from
 */
const reached = (engine: Engine, start: SQL): SQL => sql`reached (oid) as (
  ${start}
  union
  select step.oid from reached cross join lateral (
    select inhrelid as oid from pg_inherits where inhparent = reached.oid
    union all
    select coalesce(${sql.raw(partitionRoot(engine, "conrelid"))}::oid, conrelid)
    from pg_depend
    join pg_constraint on pg_constraint.oid = objid
    where refclassid = 'pg_class'::regclass and refobjid = reached.oid and classid = 'pg_constraint'::regclass
      and contype = 'f' and confrelid = reached.oid
    offset 0
  ) as step
)`

/**
 * Builds an expression for {@link ForeignKey.collations}. PostgreSQL can't choose between two that
 * differ, unless one is the default; deterministic ones agree on what is equal.
 */
const collations = sql.raw(`(
  select json_agg(case when of_child.attcollation <> of_parent.attcollation
      -- The default collation.
      and 100 not in (of_child.attcollation, of_parent.attcollation) then (
    select format('%I.%I', nspname, collname)
    from pg_collation
    join pg_namespace on pg_namespace.oid = collnamespace
    where pg_collation.oid in (of_child.attcollation, of_parent.attcollation)
    order by collisdeterministic, pg_collation.oid = of_child.attcollation desc
    limit 1
  ) end order by position)
  from unnest(conkey, confkey) with ordinality as pair (child_column, parent_column, position)
  join pg_attribute of_child on of_child.attrelid = conrelid and of_child.attnum = child_column
  join pg_attribute of_parent on of_parent.attrelid = confrelid and of_parent.attnum = parent_column
)`)

/**
 * Builds an expression for the foreign keys of the tables in `reached`, as JSON, with `more`
 * fields.
 */
const keysOfReached = (engine: Engine, more: SQL = sql``): SQL => sql`(
  select coalesce(json_agg(json_build_object(
    'name', conname,
    'table', child.oid::int8,
    'label', ${label("child")},
    'wholeTarget', ${ownRows("child")},
    'target', ${ownRows("referring")},
    'columns', ${columnNames("conrelid", "conkey")},
    'parent', parent.oid::int8,
    'parentLabel', ${label("parent")},
    'parentTarget', ${ownRows("referenced")},
    'parentColumns', ${columnNames("confrelid", "confkey")},
    'collations', ${collations},
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
    ${more}
  ) order by child.oid, conname), '[]')
  from reached
  cross join lateral (
    select * from pg_constraint
    where conrelid = reached.oid and contype = 'f' and conparentid = 0
    offset 0
  ) as own
  join pg_class referring on referring.oid = conrelid
  join pg_class referenced on referenced.oid = confrelid
  join pg_class child on child.oid = coalesce(${sql.raw(partitionRoot(engine, "conrelid"))}::oid, conrelid)
  join pg_class parent on parent.oid = coalesce(${sql.raw(partitionRoot(engine, "confrelid"))}::oid, confrelid)
)`

/**
 * Reads the foreign keys of the named tables and of every table that refers to them, directly or
 * through others. One query.
 * @param names the quoted names of the tables
 */
export async function readForeignKeys(db: Database, names: string[]): Promise<ForeignKeys> {
  const list = names.map((name, position) => sql`(${sql.raw(String(position))}, ${name}::text)`)
  const engine = await readEngine(db)
  const root = sql.raw(partitionRoot(engine, "to_regclass(name)"))
  const { within, ...found } = await queryDocument<Omit<ForeignKeys, "engine"> & { within: number[] | null }>(
    db,
    sql`
    with recursive named as materialized (
      select position, coalesce(${root}::oid, to_regclass(name)::oid) as oid
      from (values ${sql.join(list, sql`, `)}) as given (position, name)
    ), ${reached(engine, sql`select oid from named where oid is not null`)}
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
      'rowKeys', (
        select coalesce(json_object_agg(oid::text, key) filter (where key is not null), '{}')
        from (select reached.oid, ${primaryKeyOf("reached")} as key from reached) as keyed
      ),
      'foreignKeys', ${keysOfReached(engine)}
    )::text as document`,
  )
  return { ...found, engine, within: within ?? undefined }
}

/**
 * Reads the foreign keys of a table and of every table that refers to it, directly or through
 * others, with their declarations. One query.
 */
export async function readDeclaredKeys(db: Database, table: number): Promise<DeclaredKey[]> {
  const engine = await readEngine(db)
  const keys = await queryDocument<DeclaredKey[]>(
    db,
    sql`
    with recursive ${reached(engine, sql`select ${sql.raw(String(table))}::oid as oid`)}
    select ${keysOfReached(engine, declaration)}::text as document`,
  )
  const place = ({ declaredOn, name }: DeclaredKey) => `${declaredOn.label} ${name}`
  return keys.sort((one, other) => (place(one) < place(other) ? -1 : 1))
}

const declaration = sql`,
  'declaredOn', json_build_object(
    'label', ${label("referring")}, 'target', ${qualified("referring")}, 'kind', referring.relkind
  ),
  'leadsTo', json_build_object('label', ${label("referenced")}, 'target', ${qualified("referenced")}),
  'nullable', not exists (
    select from pg_attribute where attrelid = conrelid and attnum = any (conkey) and attnotnull
  ),
  'hasKey', exists (
    select from pg_index, unnest(conkey) as number
    where indrelid = conrelid and number = any (indkey) and (indisprimary or indisreplident)
  ) or exists (
    select from pg_attribute where attrelid = conrelid and attnum = any (conkey) and attgenerated <> ''
  ),
  'action', confdeltype,
  'rest', concat(
    case confmatchtype when 'f' then ' match full' end,
    case confupdtype
      when 'c' then ' on update cascade' when 'r' then ' on update restrict'
      when 'n' then ' on update set null' when 'd' then ' on update set default'
    end,
    case when condeferrable then ' deferrable' end,
    case when condeferred then ' initially deferred' end
  )`
