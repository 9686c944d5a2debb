import type { UnidentifiedTable } from "../../store/sql/catalogue/publications.js"
import type { AccessFacts } from "../../store/sql/catalogue/rights.js"
import { quoted } from "../../store/sql/identifiers.js"
import type { Finding } from "../finding.js"

/**
 * Reports rights that the role lacks and rows that it can not see or change.
 * @param facts.users the oid of the user table
 * @param facts.own the oids of the other tables of Auth.js and this library
 */
export function checkAccess(
  tables: AccessFacts[],
  { role, users, own }: { role: string; users: number; own: readonly number[] },
): Finding[] {
  // A role that can write no users does not belong to the app: it only looks on.
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
      message: `Row-level security ${what({ hidesRows, forbids }, label)} the role ${role}, so conversions, merges and every purge can be refused: a live session or another way into the account could be left behind. Use a role that bypasses it.`,
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
  hidesRows ? `hides rows of ${label} from` : `forbids to ${forbids.join(" and ")} some rows of ${label} for`

function hidden({ label, hidesRows, forbids }: AccessFacts, role: string): Finding[] {
  if (!hidesRows && forbids.length === 0) return []
  return [
    {
      code: "row_security",
      severity: "error",
      message: `Row-level security ${what({ hidesRows, forbids }, label)} the role ${role}: a lazy user with such rows can't be merged. Give LazyAdapter a connection with a role that sees all rows, or leave the table out of merges: ${leave(label)}.`,
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
      message: `The role ${role} has no right to ${rights} on ${label}: a lazy user with rows there can't be merged, or not when a rule stops one of them. If the role must not have it, leave the table out of merges: ${leave(label)}.`,
      fix: `grant ${rights} on ${target} to ${quoted(role)};`,
      where: label,
    },
  ]
}

function ruled({ label, target, rules }: AccessFacts): Finding[] {
  return rules.map((rule) => ({
    code: "merge_rewritten",
    severity: "warning",
    message: `The rule ${rule} replaces changes to ${label} by something else: a lazy user with rows there can't be merged.`,
    fix: `drop rule ${quoted(rule)} on ${target};`,
    where: label,
  }))
}

/** Reports tables whose updates or deletes PostgreSQL refuses because of a publication. */
export function checkPublications(tables: UnidentifiedTable[]): Finding[] {
  return tables.map(({ label, target, refused, hasKey }) => ({
    code: "replica_identity",
    severity: "error",
    message: `${label} is published for logical replication without a replica identity, so PostgreSQL refuses every ${refused.join(" and ")} on it: lazy users with rows there can't be merged, or not be purged.`,
    fix: `alter table ${target} replica identity ${hasKey ? "default" : "full"};`,
    where: label,
  }))
}
