import type { Index, IndexedTable } from "../../store/sql/catalogue/indexes.js"
import { quoted } from "../../store/sql/identifiers.js"
import type { Finding } from "../finding.js"

/** Columns that together must be unique in a table. */
export interface UniqueNeed {
  /** Their names in the database. */
  columns: string[]
  /** What happens without the rule. */
  why: string
  /** The name for a constraint that is missing. */
  name: string
  /** Whether many rows have null in them. */
  holdsNulls: boolean
}

/** Reports a missing unique rule, and one that counts nulls as equal where many rows have null. */
export function checkUnique(table: IndexedTable, need: UniqueNeed): Finding[] {
  const { columns, why, name } = need
  const where = `${table.label}.${columns.join(", ")}`
  const list = columns.map(quoted).join(", ")
  const rules = table.indexes.filter((index) => index.unique && index.valid && isAbout(index, columns))
  const strict = rules.find(({ nullsNotDistinct }) => nullsNotDistinct)
  if (need.holdsNulls && strict) {
    return [
      {
        code: "unique_nulls",
        severity: "error",
        message: `The unique rule on ${where} counts nulls as equal, so only one user can be without a value: the second lazy or real user without one can't be made.`,
        fix: withDistinctNulls(table, strict, list),
        where,
      },
    ]
  }
  if (rules.length > 0) return []
  // A CREATE INDEX CONCURRENTLY that met duplicates leaves an index of that name behind.
  const left = table.indexes.find((index) => index.name === name && !index.valid)
  const constraint = `alter table ${table.target} add constraint ${quoted(name)} unique`
  return [
    {
      code: "missing_unique",
      severity: "error",
      message: `There is no unique rule on ${where}: ${why}.`,
      fix:
        table.kind === "p"
          ? `${constraint} (${list});`
          : `${left ? `drop index concurrently ${left.target};\n` : ""}create unique index concurrently ${quoted(name)} on ${table.target} (${list});\n${constraint} using index ${quoted(name)};`,
      where,
    },
  ]
}

/**
 * Tells whether a rule guards the columns. A rule on fewer columns is stricter; one on an
 * expression, such as `lower(email)`, or on some rows is how the app defines uniqueness.
 */
function isAbout({ keys }: Index, columns: string[]): boolean {
  return keys.every(({ column, sql }) =>
    column === null ? columns.some((name) => sql.includes(name)) : columns.includes(column),
  )
}

function withDistinctNulls({ target: table }: IndexedTable, { target, constraint }: Index, list: string): string {
  if (constraint === null) return `drop index ${target};\ncreate unique index concurrently on ${table} (${list});`
  const name = quoted(constraint)
  return `alter table ${table} drop constraint ${name}, add constraint ${name} unique (${list});`
}
