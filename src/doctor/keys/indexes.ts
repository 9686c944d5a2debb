import type { IndexedTable } from "../../store/sql/catalogue/indexes.js"
import { quoted } from "../../store/sql/identifiers.js"

/**
 * Tells whether an index finds rows with certain values in these columns: it begins with one of
 * them.
 */
export function isIndexed({ indexes }: IndexedTable, columns: string[]): boolean {
  return indexes.some(
    ({ valid, method, keys: [first], predicate }) =>
      valid &&
      ["btree", "hash"].includes(method) &&
      first?.column != null &&
      columns.includes(first.column) &&
      // An index without nulls finds any value.
      (predicate === null || predicate === `(${first.sql} IS NOT NULL)`),
  )
}

/**
 * Writes the statement that creates an index, with CONCURRENTLY, which locks out no writer, except
 * on a partitioned table, where PostgreSQL does not allow it.
 */
export function createIndex({ target, kind }: Pick<IndexedTable, "target" | "kind">, rest: string, name = ""): string {
  return `create index ${kind === "p" ? "" : "concurrently "}${name === "" ? "" : `${quoted(name)} `}on ${target} ${rest};`
}

/** Says how many rows a table has, as part of a sentence. */
export function about({ rows }: IndexedTable): string {
  return rows === null ? "of unknown size" : `about ${rows.toLocaleString("en-US")} rows`
}
