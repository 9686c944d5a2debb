import type { MergeTables } from "../../store/merge/types.js"
import { readLabels } from "../../store/sql/catalogue/tables.js"
import type { Database } from "../../store/sql/database.js"
import type { ConfigFacts } from "../app/read-config.js"
import type { Finding } from "../finding.js"
import { readOnly } from "../server/read-only.js"

/** Finds the names in `mergeTables` without a table. One query, or none without names. */
export async function unknownLabels(db: Database, config: ConfigFacts | undefined): Promise<string[]> {
  const labels = Object.keys(config?.mergeTables ?? {})
  if (labels.length === 0) return []
  const found = await readOnly(db, (tx) => readLabels(tx, labels))
  return labels.filter((label) => !found.includes(label))
}

/** Reports the tables that merges leave alone, and those of them that are missing. */
export function knownTables(
  config: ConfigFacts | undefined,
  unknown: string[],
): { mergeTables: MergeTables; findings: Finding[] } {
  const mergeTables = config?.mergeTables ?? {}
  return {
    mergeTables: Object.fromEntries(Object.entries(mergeTables).filter(([label]) => !unknown.includes(label))),
    findings: unknown.map((label) => ({
      code: "merge_tables",
      severity: "error",
      message: `lazy.mergeTables names ${label}, which is not a table of the database, or a partition of one, so every merge fails. Write tables of the schema public as table, others as schema.table.`,
      fix: `lazy: { mergeTables: {} } // without ${label}`,
      where: "lazy.mergeTables",
    })),
  }
}
