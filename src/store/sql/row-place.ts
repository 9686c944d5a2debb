import { type SQL, sql } from "drizzle-orm"

/** A column of a primary key: its name, quoted, and its type as SQL writes it. */
export interface KeyColumn {
  sql: string
  type: string
  /** Whether it has another collation than the default one. */
  collated: boolean
}

/** The primary keys of tables, by their oids. Partitions have that of their topmost table. */
export type RowKeys = Readonly<Record<string, readonly KeyColumn[]>>

/** Returns the primary key of a table; no column where it has none. */
export const primaryKey = (keys: RowKeys, oid: number): readonly KeyColumn[] => keys[oid] ?? []

/**
 * Builds an expression for the place of a row in its table, as text: its primary key, or where the
 * table has none, where PostgreSQL keeps it, which stays until the row changes.
 * @param prefix an alias with its dot, or nothing
 */
export function rowPlace(key: readonly KeyColumn[], prefix: string): SQL {
  // PostgreSQL refuses a recursive query whose parts have different collations.
  const [first, ...rest] = key.map(
    ({ sql, collated }) => `${prefix}${sql}::text${collated ? ' collate "default"' : ""}`,
  )
  if (first === undefined) return sql.raw(`(${prefix}tableoid::text || ${prefix}ctid::text)`)
  return sql.raw(rest.length === 0 ? first : `json_build_array(${[first, ...rest].join(", ")})::text`)
}

/**
 * Builds the condition for a row to be at a place, for which PostgreSQL can use the index of the
 * primary key.
 */
export function isRowAt(key: readonly KeyColumn[], prefix: string, place: SQL): SQL {
  const [first, ...rest] = key
  if (!first)
    return sql`(${sql.raw(prefix)}tableoid = split_part(${place}, '(', 1)::oid and ${sql.raw(prefix)}ctid = ('(' || split_part(${place}, '(', 2))::tid)`
  const is = (column: KeyColumn, value: SQL) => sql`${sql.raw(prefix + column.sql)} = ${value}::${sql.raw(column.type)}`
  if (rest.length === 0) return is(first, sql`(${place})`)
  const parts = key.map((column, position) => is(column, sql`(${place}::json ->> ${sql.raw(String(position))})`))
  return sql`(${sql.join(parts, sql` and `)})`
}

/** Builds a list to sort rows by: the columns of their place. */
export function rowOrder(key: readonly KeyColumn[], prefix: string): SQL {
  return sql.raw(
    (key.length === 0 ? ["tableoid", "ctid"] : key.map((column) => column.sql)).map((name) => prefix + name).join(", "),
  )
}
