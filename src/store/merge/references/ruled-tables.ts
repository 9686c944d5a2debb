import { readRules, rulesOf } from "../../sql/catalogue/rules.js"
import type { Database } from "../../sql/database.js"
import { uniqueRules } from "../unique-rules.js"
import type { ReferencingTable, RuledTable } from "./references.js"

/**
 * Adds the rules that a change of a user id can run into. One query, or none where no table can
 * have such a rule.
 */
export async function withRules(db: Database, tables: readonly ReferencingTable[]): Promise<RuledTable[]> {
  const all = await readRules(
    db,
    tables.filter(({ mayHaveRules }) => mayHaveRules).map(({ oid }) => oid),
  )
  return tables.map((table) => {
    const { uniqueIndexes, checks } = rulesOf(all, table.oid)
    return { ...table, ...uniqueRules(table.columns, table.userColumns, uniqueIndexes, checks) }
  })
}
