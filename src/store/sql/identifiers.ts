import { type AnyPgColumn, getTableConfig, type PgTable } from "drizzle-orm/pg-core"
import type { Database } from "./database.js"

/** Quotes an identifier for a statement. */
export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** Writes the end of an expression that has this collation, which is quoted; null for its own. */
export const collate = (collation: string | null | undefined) => (collation == null ? "" : ` collate ${collation}`)

const qualifiedNames = new WeakMap<PgTable, string>()

/**
 * Quotes the name of a table for a statement. Without a schema, the search path decides, as it does
 * for Drizzle. Keeps the name, since Drizzle describes the whole table to tell it.
 */
export function qualifiedName(table: PgTable): string {
  const known = qualifiedNames.get(table)
  if (known !== undefined) return known
  const { schema, name } = getTableConfig(table)
  const found = schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`
  qualifiedNames.set(table, found)
  return found
}

/**
 * Returns the name of a column in the database, read from a query that Drizzle builds, so that its
 * `casing` option applies.
 */
export function columnName(db: Database, column: AnyPgColumn): string {
  const query = db
    .select({ column })
    .from(column.table as PgTable)
    .toSQL().sql
  const name = query.match(/^select "((?:[^"]|"")+)"/)?.[1]
  if (name === undefined) throw new Error(`No column name in: ${query}`)
  return name.replaceAll('""', '"')
}
