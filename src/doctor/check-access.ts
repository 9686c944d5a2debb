import { sql } from "drizzle-orm"
import { hidesRows, label } from "../store/catalogue.js"
import type { Database } from "../store/lazy-store.js"
import { queryDocument } from "../store/raw-query.js"
import { quoted } from "../store/table-names.js"
import type { Finding } from "./finding.js"

/** The rights of the role on a table, and what keeps rows from it. */
export interface AccessFacts {
  oid: number
  label: string
  /** Quoted, with its schema. */
  target: string
  hidesRows: boolean
  /** The missing rights that a merge needs. */
  missing: ("select" | "update" | "delete")[]
  /** The rules that replace an UPDATE or a DELETE. */
  rules: string[]
}

/** Reads what keeps a role from the rows of tables. One query. */
export async function readAccess(tx: Database, oids: number[]): Promise<AccessFacts[]> {
  if (oids.length === 0) return []
  return queryDocument(
    tx,
    sql`
    select coalesce(json_agg(json_build_object(
      'oid', class.oid::int8,
      'label', ${label("class")},
      'target', format('%I.%I', nspname, relname),
      'hidesRows', ${hidesRows("class")},
      'missing', (
        select coalesce(json_agg(privilege order by position), '[]')
        from unnest(array['select', 'update', 'delete']) with ordinality as wanted (privilege, position)
        where not has_schema_privilege(nspname, 'usage') or not case privilege
          when 'delete' then has_table_privilege(class.oid, privilege)
          else has_any_column_privilege(class.oid, privilege)
        end
      ),
      'rules', (
        select coalesce(json_agg(rulename order by rulename), '[]')
        from pg_rewrite
        where ev_class = class.oid and ev_type in ('2', '4') and is_instead
      )
    ) order by class.oid), '[]')::text as document
    from pg_class class
    join pg_namespace on pg_namespace.oid = class.relnamespace
    where class.oid in (${sql.raw(oids.join(", "))})`,
  )
}

/**
 * Reports the tables whose rows the role can not move. `sessions` is the oid of the sessions table,
 * of which the purge must see every row.
 */
export function checkAccess(
  tables: AccessFacts[],
  { role, sessions }: { role: string; sessions: number | undefined },
): Finding[] {
  return tables.flatMap((table) =>
    table.oid === sessions
      ? hiddenSessions(table, role)
      : [...hidden(table, role), ...denied(table, role), ...ruled(table)],
  )
}

const leave = (label: string) => `lazy: { mergeTables: { ${JSON.stringify(label)}: "leave" } }`

function hiddenSessions({ label, hidesRows }: AccessFacts, role: string): Finding[] {
  if (!hidesRows) return []
  return [
    {
      code: "row_security",
      severity: "error",
      message: `Row-level security hides rows of ${label} from the role ${role}, so every purge is refused: a live session could be among them. Purge as a role that sees all.`,
      fix: `alter role ${quoted(role)} bypassrls;`,
      where: label,
    },
  ]
}

function hidden({ label, hidesRows }: AccessFacts, role: string): Finding[] {
  if (!hidesRows) return []
  return [
    {
      code: "row_security",
      severity: "error",
      message: `Row-level security hides rows of ${label} from the role ${role}: a lazy user with such rows can't be merged. Give LazyAdapter a connection of its own, as a role that sees all rows, or leave the table out: ${leave(label)}.`,
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
