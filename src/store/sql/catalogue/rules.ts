import { sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { queryRepeatedDocument } from "../query.js"
import { type RuleIndex, ruleIndex } from "./indexes.js"

/** What decides whether a row of a table can change. */
export interface TableRules {
  oid: number
  /** The unique indexes and exclusion constraints. */
  uniqueIndexes: RuleIndex[]
  /** The expressions of the check constraints. */
  checks: string[]
}

/** Reads what decides whether rows of tables can change. One query, or none for no table. */
export async function readRules(db: Database, oids: readonly number[]): Promise<TableRules[]> {
  if (oids.length === 0) return []
  return queryRepeatedDocument(
    db,
    sql`
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', class.oid::int8,
      'uniqueIndexes', (
        select coalesce(pg_catalog.json_agg(${ruleIndex} order by indexrelid), '[]')
        from pg_catalog.pg_index where indrelid = class.oid and (indisunique or indisexclusion) and indislive
      ),
      'checks', (
        select coalesce(pg_catalog.json_agg(pg_catalog.pg_get_expr(conbin, conrelid) order by conname), '[]')
        from pg_catalog.pg_constraint
        where conrelid = class.oid and contype = 'c'
          -- Not a column before PostgreSQL 18.
          and coalesce((pg_catalog.to_jsonb(pg_constraint) ->> 'conenforced')::boolean, true)
      )
    )), '[]')::text as document
    from pg_catalog.pg_class class
    where class.oid = any (array(select oid::oid from pg_catalog.json_array_elements_text(${JSON.stringify(oids)}::text::json) as given (oid)))`,
  )
}

/** Picks the rules of a table. */
export function rulesOf(all: readonly TableRules[], oid: number): Pick<TableRules, "uniqueIndexes" | "checks"> {
  return all.find((rules) => rules.oid === oid) ?? { uniqueIndexes: [], checks: [] }
}
