import { type AnyPgColumn, getTableConfig, type PgTable } from "drizzle-orm/pg-core"
import type { Database } from "./database.js"

/** An identifier as it stands in a statement. */
export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** The name of a table as it stands in a statement. Without a schema, the search path decides, as it does for Drizzle. */
export function qualifiedName(table: PgTable): string {
  const { schema, name } = getTableConfig(table)
  return schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`
}

/** The name of a column in the database, read off a query that Drizzle builds, so that its `casing` option is honoured. */
export function columnName(db: Database, column: AnyPgColumn): string {
  const query = db
    .select({ column })
    .from(column.table as PgTable)
    .toSQL().sql
  const name = query.match(/^select "((?:[^"]|"")+)"/)?.[1]
  if (name === undefined) throw new Error(`No column name in: ${query}`)
  return name.replaceAll('""', '"')
}
