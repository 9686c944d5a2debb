import { sql } from "drizzle-orm"
import { hidesRows, label } from "../../store/sql/catalogue.js"
import type { Database } from "../../store/sql/database.js"
import { quoted } from "../../store/sql/identifiers.js"
import { queryDocument } from "../../store/sql/query.js"
import type { Finding } from "../finding.js"

/** The rights of the role on a table, and what keeps rows from it. */
export interface AccessFacts {
  oid: number
  label: string
  /** Quoted, with its schema. */
  target: string
  hidesRows: boolean
  /** What row-level security keeps the role from doing with some rows, though it sees them. */
  forbids: ("update" | "delete")[]
  /** The rights that the role has not, of those that it needs. */
  missing: Right[]
  /** The rules that take the place of an UPDATE or a DELETE. */
  rules: string[]
}

/** A privilege on a table. */
export type Right = "select" | "insert" | "update" | "delete"

/** A table and what the role has to do with it. */
export interface AccessedTable {
  oid: number
  rights: readonly Right[]
  /** The columns that it has to read; empty: the whole table. */
  reads: readonly string[]
  /** The columns that it has to change; empty: any. */
  changes: readonly string[]
}

/** Reads what keeps a role from the rows of tables. One query. */
export async function readAccess(tx: Database, tables: AccessedTable[]): Promise<AccessFacts[]> {
  if (tables.length === 0) return []
  return queryDocument(
    tx,
    sql`
    select coalesce(json_agg(json_build_object(
      'oid', class.oid::int8,
      'label', ${label("class")},
      'target', format('%I.%I', nspname, relname),
      'hidesRows', ${hidesRows("class")},
      'forbids', (
        select coalesce(json_agg(command order by command desc), '[]')
        from (values ('update', 'w'), ('delete', 'd')) as command (command, letter)
        where row_security_active(class.oid) and (
          not exists (
            select from pg_policy where ${policyFor("letter")} and polpermissive
              and pg_get_expr(polqual, polrelid) = 'true' and coalesce(pg_get_expr(polwithcheck, polrelid), 'true') = 'true'
          )
          or exists (select from pg_policy where ${policyFor("letter")} and not polpermissive)
        )
      ),
      'missing', (
        select coalesce(json_agg(privilege order by position), '[]')
        from json_array_elements_text(wanted.rights) with ordinality as wanted_right (privilege, position)
        where not has_schema_privilege(nspname, 'usage') or not case
          when privilege = 'select' and json_array_length(wanted.reads) > 0 then (
            select bool_and(has_column_privilege(class.oid, name, privilege)) from json_array_elements_text(wanted.reads) as name
          )
          when privilege = 'update' and json_array_length(wanted.changes) > 0 then (
            select bool_and(has_column_privilege(class.oid, name, privilege)) from json_array_elements_text(wanted.changes) as name
          )
          when privilege in ('select', 'delete') then has_table_privilege(class.oid, privilege)
          else has_any_column_privilege(class.oid, privilege)
        end
      ),
      'rules', (
        select coalesce(json_agg(rulename order by rulename), '[]')
        from pg_rewrite
        where ev_class = class.oid and ev_type in ('2', '4') and is_instead
      )
    ) order by class.oid), '[]')::text as document
    from json_to_recordset(${JSON.stringify(tables)}::text::json) as wanted (oid oid, rights json, reads json, changes json)
    join pg_class class on class.oid = wanted.oid
    join pg_namespace on pg_namespace.oid = class.relnamespace`,
  )
}

const policyFor = (letter: string) =>
  sql.raw(`polrelid = class.oid and polcmd::text in (${letter}, '*') and exists (
    select from unnest(polroles) as role where role = 0 or pg_has_role(role, 'usage')
  )`)

/** Whether the role can move the rows of the tables; `sessions` is the oid of the table of sessions, of which the purge has to see every row. */
export function checkAccess(
  tables: AccessFacts[],
  { role, users, own }: { role: string; users: number; own: readonly number[] },
): Finding[] {
  // A role that writes no users is not the app's, but one that looks on.
  const writes = tables.some(({ oid, missing }) => oid === users && !CHANGES.every((right) => missing.includes(right)))
  return tables.flatMap((table) =>
    table.oid === users || own.includes(table.oid)
      ? [...hiddenAccounts(table, role), ...(writes ? deniedAccounts(table, role) : []), ...ruled(table)]
      : [...hidden(table, role), ...denied(table, role), ...ruled(table)],
  )
}

const CHANGES = ["insert", "update", "delete"] as const

const leave = (label: string) => `lazy: { mergeTables: { ${JSON.stringify(label)}: "leave" } }`

function hiddenAccounts({ label, hidesRows, forbids }: AccessFacts, role: string): Finding[] {
  if (!hidesRows && forbids.length === 0) return []
  return [
    {
      code: "row_security",
      severity: "error",
      message: `Row-level security ${what({ hidesRows, forbids }, label)} the role ${role}, so conversions, merges and every purge can be refused: a live session or a way into the account could be left. Use a role that is above it.`,
      fix: `alter role ${quoted(role)} bypassrls;`,
      where: label,
    },
  ]
}

function deniedAccounts({ label, target, missing }: AccessFacts, role: string): Finding[] {
  if (missing.length === 0) return []
  const rights = missing.join(", ")
  return [
    {
      code: "merge_rights",
      severity: "error",
      message: `The role ${role} has no right to ${rights} on ${label}, which lazy users, conversions, merges and purges need.`,
      fix: `grant ${rights} on ${target} to ${quoted(role)};`,
      where: label,
    },
  ]
}

const what = ({ hidesRows, forbids }: Pick<AccessFacts, "hidesRows" | "forbids">, label: string) =>
  hidesRows ? `hides rows of ${label} from` : `forbids to ${forbids.join(" and to ")} rows of ${label} for`

function hidden({ label, hidesRows, forbids }: AccessFacts, role: string): Finding[] {
  if (!hidesRows && forbids.length === 0) return []
  return [
    {
      code: "row_security",
      severity: "error",
      message: `Row-level security ${what({ hidesRows, forbids }, label)} the role ${role}: a lazy user with such rows can't be merged. Give LazyAdapter a connection of its own, as a role that sees all rows, or leave the table out: ${leave(label)}.`,
      fix: `alter role ${quoted(role)} bypassrls;`,
      where: label,
    },
  ]
}

function denied({ label, target, missing }: AccessFacts, role: string): Finding[] {
  if (missing.length === 0) return []
  const rights = missing.join(", ")
  return [
    {
      code: "merge_rights",
      severity: "warning",
      message: `The role ${role} has no right to ${rights} on ${label}: a lazy user with rows there can't be merged, or not where rows are stopped. If it is to be so, leave the table out: ${leave(label)}.`,
      fix: `grant ${rights} on ${target} to ${quoted(role)};`,
      where: label,
    },
  ]
}

function ruled({ label, target, rules }: AccessFacts): Finding[] {
  return rules.map((rule) => ({
    code: "merge_rewritten",
    severity: "warning",
    message: `The rule ${rule} puts something else in the place of changes to ${label}: a lazy user with rows there can't be merged.`,
    fix: `drop rule ${quoted(rule)} on ${target};`,
    where: label,
  }))
}
