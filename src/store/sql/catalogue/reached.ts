import { sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { partitionRoot, securesRows } from "../engine/dialect.js"
import { type Engine, readEngine, requireSameEngine, SERVER_NOW, type ServerNow } from "../engine/engine.js"
import { queryRepeatedDocument } from "../query.js"

/** The catalogue around some tables, as PostgreSQL keeps it: one entry for each of its rows. */
export interface ReachedRows {
  /** The oids of the starting tables, of partitions the topmost one; null for a missing table. */
  named: (number | null)[]
  /** The starting tables and all that refer to them, with partitions and children. */
  reached: number[]
  /** The foreign keys of those tables, without those that partitions share with their table. */
  keys: KeyRow[]
  /** Those tables, and those that their keys lead to. */
  tables: TableRow[]
  /** The columns of tables that are no partitions, and of both ends of the keys. */
  columns: ColumnRow[]
  /** The unique and exclusion indexes of the same tables, and those of replica identities. */
  indexes: IndexRow[]
  /** The triggers that are the app's own, can wait, or are disabled. */
  triggers: TriggerRow[]
  /** The tables, of those that are no partitions, that were made with INHERITS. */
  inherited: { parent: number; child: number }[]
  /** The tables with a check constraint. */
  checked: number[]
  engine: Engine
  /** The isolation level of the transaction, such as `read committed`. */
  isolation: string
  /** Whether the session runs no triggers, and so enforces no foreign key. */
  isReplica: boolean
}

/** A row of pg_constraint for a foreign key. */
interface KeyRow {
  oid: number
  name: string
  table: number
  parent: number
  columns: number[]
  parentColumns: number[]
  onDelete: "a" | "r" | "c" | "n" | "d"
  onUpdate: "a" | "r" | "c" | "n" | "d"
  match: string
  deferrable: boolean
  deferred: boolean
  /** Null before PostgreSQL 18, as `enforced` is. */
  period: boolean | null
  enforced: boolean | null
}

/** A row of pg_class. */
export interface TableRow {
  oid: number
  schema: string
  name: string
  /** Quoted, with its schema. */
  qualified: string
  kind: string
  /** The oid of the topmost table of a partition, or its own. */
  root: number
  isPartition: boolean
  /** Whether the role may name anything in its schema. */
  enterable: boolean
  /** Whether the role may read all of its columns, if it may enter the schema. */
  selectable: boolean
  /** Whether row-level security applies to the role. */
  secured: boolean
  hasRewrites: boolean
}

interface ColumnRow {
  table: number
  number: number
  name: string
  sql: string
  type: string
  collation: number
  notNull: boolean
  generation: string | null
  readable: boolean
}

interface IndexRow {
  table: number
  columns: number[]
  /** How many of them are keys, not INCLUDE columns. */
  keys: number
  /** Whether it tells every row apart: `alter table only` makes a key that partitions lack. */
  primary: boolean
  identity: boolean
  /** Whether it keeps rows apart. */
  unique: boolean
  /** Whether it compares plain columns for equality, in all rows. */
  plain: boolean
}

interface TriggerRow {
  table: number
  constraint: number
  deferrable: boolean
  enabled: string
  internal: boolean
}

/**
 * Reads the rows of the catalogue around some tables. One query, which costs what these tables and
 * those that refer to them cost, whatever else the database holds: it walks the dependencies of
 * each table, for which pg_depend has an index, and asks each catalogue once for all of them. So
 * PostgreSQL plans and runs a few simple scans, and the rows are put together here.
 *
 * The statement is the same for all tables, so that connections keep one; see {@link queryRepeated}.
 * @param start the quoted names of the tables to start from, or their oids as text
 * @throws EngineChangedError when the client was told something else of the server
 */
export async function readReached(db: Database, start: readonly string[]): Promise<ReachedRows> {
  const engine = await readEngine(db)
  const root = (oid: string) => sql.raw(`${partitionRoot(engine, oid)}::oid`)
  const { server, ...rows } = await queryRepeatedDocument<Omit<ReachedRows, "engine"> & { server: ServerNow }>(
    db,
    sql`
    with recursive named as materialized (
      select position, case when name ~ '^[0-9]+$' then name::oid else pg_catalog.to_regclass(name)::oid end as oid
      -- PostgreSQL expects ten elements of an array that it can't see, and a hundred of a function.
      from pg_catalog.unnest(array(select pg_catalog.json_array_elements_text(${JSON.stringify(start)}::text::json)))
        with ordinality as given (name, position)
    ), reached (oid) as (
      select coalesce(${root("oid")}, oid) from named where oid is not null
      union
      select step.oid from reached cross join lateral (
        -- PostgreSQL reads all of this small catalogue for each parent, so only for tables that are one.
        select child.oid
        from (
          select pg_class.oid from pg_catalog.pg_class where pg_class.oid = reached.oid and relhassubclass
          offset 0
        ) as parent
        cross join lateral (
          select inhrelid as oid from pg_catalog.pg_inherits where inhparent = parent.oid
          offset 0
        ) as child
        union all
        select coalesce(${root("conrelid")}, conrelid)
        from (
          select objid from pg_catalog.pg_depend
          where refclassid = 'pg_catalog.pg_class'::regclass and refobjid = reached.oid and classid = 'pg_catalog.pg_constraint'::regclass
          offset 0
        ) as dependent
        cross join lateral (
          select conrelid from pg_catalog.pg_constraint
          where pg_constraint.oid = objid and contype = 'f' and confrelid = reached.oid
          offset 0
        ) as referring
      ) as step
    ), own as materialized (
      select *, pg_catalog.to_jsonb(pg_constraint) as declared from pg_catalog.pg_constraint
      where conrelid = any (array(select oid from reached)) and contype = 'f' and conparentid = 0
    ), class as materialized (
      select * from pg_catalog.pg_class where oid = any (array(
        select oid from reached
        union all select confrelid from own
        union all select ${root("confrelid")} from own
      ))
    ), whole (oids) as materialized (
      select array(
        select oid from class where not relispartition
        union all select conrelid from own
        union all select confrelid from own
      )
    )
    select pg_catalog.json_build_object(
      'named', (select pg_catalog.json_agg(coalesce(${root("oid")}, oid)::int8 order by position) from named),
      'reached', array(select oid::int8 from reached),
      'keys', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'oid', oid::int8, 'name', conname, 'table', conrelid::int8, 'parent', confrelid::int8,
          'columns', conkey, 'parentColumns', confkey, 'onDelete', confdeltype, 'onUpdate', confupdtype,
          'match', confmatchtype, 'deferrable', condeferrable, 'deferred', condeferred,
          -- Columns that came with PostgreSQL 18.
          'period', declared -> 'conperiod', 'enforced', declared -> 'conenforced'
        )), '[]')
        from own
      ),
      'tables', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'oid', oid::int8, 'schema', nspname, 'name', relname, 'qualified', pg_catalog.format('%I.%I', nspname, relname),
          'kind', relkind, 'root', coalesce(${root("oid")}, oid)::int8, 'isPartition', relispartition,
          'enterable', pg_catalog.has_schema_privilege(relnamespace, 'usage'), 'selectable', pg_catalog.has_table_privilege(oid, 'select'),
          'secured', ${sql.raw(securesRows(engine, "class"))}, 'hasRewrites', relhasrules
        )), '[]')
        from class cross join lateral (select nspname from pg_catalog.pg_namespace where pg_namespace.oid = relnamespace) as schema
      ),
      'columns', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'table', attrelid::int8, 'number', attnum, 'name', attname, 'sql', pg_catalog.quote_ident(attname),
          'type', pg_catalog.format_type(atttypid, atttypmod), 'collation', attcollation::int8, 'notNull', attnotnull,
          'generation', case when attgenerated <> '' then (
            select pg_catalog.pg_get_expr(adbin, adrelid) from pg_catalog.pg_attrdef where adrelid = attrelid and adnum = attnum
          ) end,
          'readable', pg_catalog.has_column_privilege(attrelid, attnum, 'select')
        )), '[]')
        from pg_catalog.pg_attribute where attrelid = any ((select oids from whole)::oid[]) and attnum > 0 and not attisdropped
      ),
      'indexes', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'table', indrelid::int8, 'columns', indkey::int2[], 'keys', indnkeyatts,
          'primary', indisprimary and indisvalid, 'identity', indisreplident, 'unique', (indisunique or indisexclusion) and indislive,
          'plain', indexprs is null and indpred is null and not indisexclusion
        )), '[]')
        from pg_catalog.pg_index
        where indrelid = any ((select oids from whole)::oid[]) and (indisunique or indisexclusion or indisreplident)
      ),
      'triggers', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'table', tgrelid::int8, 'constraint', tgconstraint::int8, 'deferrable', tgdeferrable, 'enabled', tgenabled,
          'internal', tgisinternal
        )), '[]')
        from pg_catalog.pg_trigger
        where tgrelid = any (array(select oid from class)) and (tgdeferrable or not tgisinternal or tgenabled in ('D', 'R'))
      ),
      'inherited', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('parent', inhparent::int8, 'child', inhrelid::int8)), '[]')
        from pg_catalog.pg_inherits where inhrelid = any (array(select oid from class where not relispartition))
      ),
      'checked', array(
        select conrelid::int8 from pg_catalog.pg_constraint where conrelid = any (array(select oid from reached)) and contype = 'c'
      ),
      'server', ${sql.raw(SERVER_NOW)},
      'isolation', pg_catalog.current_setting('transaction_isolation'),
      'isReplica', pg_catalog.current_setting('session_replication_role') = 'replica'
    )::text as document`,
  )
  return { ...rows, engine: requireSameEngine(engine, server) }
}
