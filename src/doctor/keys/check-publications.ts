import type { UnidentifiedTable } from "../../store/sql/catalogue/publications.js"
import type { Finding } from "../finding.js"

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
