import type { IndexedTable } from "../../store/sql/catalogue/indexes.js"
import { quoted } from "../../store/sql/identifiers.js"

/** Whether rows with certain values in these columns are found by an index: one that begins with any of them will do. */
export function isIndexed({ indexes }: IndexedTable, columns: string[]): boolean {
  return indexes.some(
    ({ valid, method, keys: [first], predicate }) =>
      valid &&
      ["btree", "hash"].includes(method) &&
      first?.column != null &&
      columns.includes(first.column) &&
      // Who looks for a value does not look for null.
      (predicate === null || predicate === `(${first.sql} IS NOT NULL)`),
  )
}

/** Nobody has to wait for an index that is made CONCURRENTLY; of a partitioned table it can't be. */
export function createIndex({ target, kind }: Pick<IndexedTable, "target" | "kind">, rest: string, name = ""): string {
  return `create index ${kind === "p" ? "" : "concurrently "}${name === "" ? "" : `${quoted(name)} `}on ${target} ${rest};`
}

/** For a sentence: how many rows a table has, as far as the server knows. */
export function about({ rows }: IndexedTable): string {
  return rows === null ? "of unknown size" : `about ${rows.toLocaleString("en-US")} rows`
}
