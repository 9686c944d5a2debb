import { type SQL, sql } from "drizzle-orm"
import type { PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../database.js"
import { hasPolicies, securesRows } from "../engine/dialect.js"
import { type Engine, readEngine } from "../engine/engine.js"
import { queryDocument, queryRows } from "../query.js"
import { relationOf } from "./assumed-tables.js"
import { hasTriggers, label, qualified } from "./names.js"

/**
 * Builds the condition for the role to read a table, a row of pg_class, and to name it in a
 * statement.
 */
export const readable = (alias: string): SQL =>
  sql.raw(
    `(pg_catalog.has_schema_privilege(${alias}.relnamespace, 'usage') and pg_catalog.has_table_privilege(${alias}.oid, 'select'))`,
  )

/**
 * Builds the condition for row-level security to keep the role from some rows of a table, a row of
 * pg_class. A policy `true` keeps it from none, unless a restrictive policy applies too.
 * @param command the letter of `polcmd` in pg_policy, as an SQL expression
 * @param isFree what a policy that keeps the role from no row must fulfil
 */
const restricts = (engine: Engine, alias: string, command: string, isFree: string) => {
  if (!hasPolicies(engine)) return "false"
  const applies = `polrelid = ${alias}.oid and polcmd::text in (${command}, '*') and exists (
    select from pg_catalog.unnest(polroles) as role where role = 0 or pg_catalog.pg_has_role(role, 'usage')
  )`
  return `(${securesRows(engine, alias)} and (
    not exists (select from pg_catalog.pg_policy where ${applies} and polpermissive and ${isFree})
    or exists (select from pg_catalog.pg_policy where ${applies} and not polpermissive)
  ))`
}

const SHOWS_ALL = "pg_catalog.pg_get_expr(polqual, polrelid) = 'true'"
const TAKES_ALL = `${SHOWS_ALL} and coalesce(pg_catalog.pg_get_expr(polwithcheck, polrelid), 'true') = 'true'`

/** Builds the condition for row-level security to hide rows of a table, a row of pg_class. */
export const hidesRows = (engine: Engine, alias: string): SQL => sql.raw(restricts(engine, alias, "'r'", SHOWS_ALL))

/** What can keep a DELETE from deleting every row that it names. */
export interface DeletionGuards {
  /** Whether row-level security hides rows from the role. */
  hides: boolean
  /** Whether a trigger, a rule or a policy decides over a DELETE. */
  intercepts: boolean
  /** The role, quoted. */
  role: string
  /** The name of the table in reports. */
  label: string
}

/**
 * Reads what guards the rows of a table; undefined where it is missing. One query.
 */
export async function readDeletionGuards(db: Database, table: PgTable): Promise<DeletionGuards | undefined> {
  const engine = await readEngine(db)
  const secures = hasPolicies(engine) ? securesRows(engine, "class") : "false"
  const [found] = await queryRows<DeletionGuards & Record<string, unknown>>(
    db,
    sql`select
        ${hidesRows(engine, "class")} as hides,
        relkind not in ('r', 'p') or ${sql.raw(secures)} or relhasrules or ${hasTriggers(engine, "class")} as intercepts,
        pg_catalog.quote_ident(current_user) as role,
        ${label("class")} as label
      from pg_catalog.pg_class class where class.oid = ${relationOf(table)}`,
  )
  return found
}

/** A table, as far as the role can see it. */
export interface VisibleTable {
  oid: number
  label: string
  /** `relkind` in pg_class. */
  kind: string
  hidesRows: boolean
  /** Whether the role may read the table. */
  readable: boolean
}

/**
 * Reads which tables hide rows from the role, the named one first. One query.
 * @param name the quoted name of a table, or undefined for none
 */
export async function readVisibility(db: Database, name: string | undefined, oids: number[]): Promise<VisibleTable[]> {
  const engine = await readEngine(db)
  const named = sql`(class.oid is not distinct from pg_catalog.to_regclass(${name ?? null}::text)::oid)`
  return queryDocument(
    db,
    sql`select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', class.oid::int8,
      'label', ${label("class")},
      'kind', relkind,
      'hidesRows', ${hidesRows(engine, "class")},
      'readable', ${readable("class")}
    ) order by ${named} desc, class.oid), '[]')::text as document
    from pg_catalog.pg_class class
    where class.oid = pg_catalog.to_regclass(${name ?? null}::text)::oid or class.oid = any (${`{${oids.join(",")}}`}::text::oid[])`,
  )
}

/** The rights of the role on a table, and what keeps rows from it. */
export interface AccessFacts {
  oid: number
  label: string
  /** Quoted, with its schema. */
  target: string
  hidesRows: boolean
  /** What row-level security forbids the role to do with some rows that it sees. */
  forbids: ("update" | "delete")[]
  /** The rights that the role lacks, of those that it needs. */
  missing: Right[]
  /** The rules that take the place of an UPDATE or a DELETE. */
  rules: string[]
}

/** A privilege on a table. */
export type Right = "select" | "insert" | "update" | "delete"

/** A table and what the role needs to do with it. */
export interface AccessedTable {
  oid: number
  rights: readonly Right[]
  /** The columns to read; empty for the whole table. */
  reads: readonly string[]
  /** The columns to change; empty for any. */
  changes: readonly string[]
}

/** Reads what keeps a role from the rows of tables. One query, or none for no table. */
export async function readAccess(db: Database, tables: AccessedTable[]): Promise<AccessFacts[]> {
  if (tables.length === 0) return []
  const engine = await readEngine(db)
  const allColumns = (columns: string) =>
    sql.raw(`(
      select pg_catalog.bool_and(pg_catalog.has_column_privilege(class.oid, name, privilege)) from pg_catalog.json_array_elements_text(${columns}) as name
    )`)
  return queryDocument(
    db,
    sql`
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', class.oid::int8,
      'label', ${label("class")},
      'target', ${qualified("class")},
      'hidesRows', ${hidesRows(engine, "class")},
      'forbids', (
        select coalesce(pg_catalog.json_agg(command order by command desc), '[]')
        from (values ('update', 'w'), ('delete', 'd')) as command (command, letter)
        where ${sql.raw(restricts(engine, "class", "letter", TAKES_ALL))}
      ),
      'missing', (
        select coalesce(pg_catalog.json_agg(privilege order by position), '[]')
        from pg_catalog.json_array_elements_text(wanted.rights) with ordinality as wanted_right (privilege, position)
        where not pg_catalog.has_schema_privilege(class.relnamespace, 'usage') or not case
          when privilege = 'select' and pg_catalog.json_array_length(wanted.reads) > 0 then ${allColumns("wanted.reads")}
          when privilege = 'update' and pg_catalog.json_array_length(wanted.changes) > 0 then ${allColumns("wanted.changes")}
          when privilege in ('select', 'delete') then pg_catalog.has_table_privilege(class.oid, privilege)
          else pg_catalog.has_any_column_privilege(class.oid, privilege)
        end
      ),
      'rules', (
        select coalesce(pg_catalog.json_agg(rulename order by rulename), '[]')
        from pg_catalog.pg_rewrite
        where ev_class = class.oid and ev_type in ('2', '4') and is_instead
      )
    ) order by class.oid), '[]')::text as document
    from pg_catalog.json_to_recordset(${JSON.stringify(tables)}::text::json) as wanted (oid oid, rights json, reads json, changes json)
    join pg_catalog.pg_class class on class.oid = wanted.oid`,
  )
}
