import { getTableColumns, isSQLWrapper, type SQL, sql } from "drizzle-orm"
import type { PgColumn, PgTable } from "drizzle-orm/pg-core"
import type { Database } from "./lazy-store.js"

/** Builds the column list and the value list of an `insert`, for the statements that Drizzle's own builder can't express. */
export type InsertLists = (values: Record<string, unknown>) => { columns: SQL; values: SQL }

/**
 * As Drizzle's `insert().values()` does: columns that are not given take their `$default` function where they have one, and are left to
 * the database otherwise. Names are read off a query that Drizzle builds, so that its `casing` option is honoured.
 */
export function insertLists(db: Database, table: PgTable): InsertLists {
  const columns: [string, PgColumn, SQL][] = Object.entries(getTableColumns(table)).map(([property, column]) => {
    const query = db.select({ column }).from(table).toSQL().sql
    return [property, column, sql.raw(query.slice("select ".length, query.lastIndexOf(" from ")))]
  })
  return (values) => {
    const given = columns.flatMap(([property, column, name]) => {
      const value = values[property] ?? column.defaultFn?.() ?? (column.hasDefault ? undefined : column.onUpdateFn?.())
      return value === undefined || value === null
        ? []
        : [{ name, value: isSQLWrapper(value) ? sql`${value}` : sql.param(value, column) }]
    })
    return {
      columns: sql.join(
        given.map(({ name }) => name),
        sql`, `,
      ),
      values: sql.join(
        given.map(({ value }) => value),
        sql`, `,
      ),
    }
  }
}
