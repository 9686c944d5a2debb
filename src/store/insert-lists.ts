import { getTableColumns, isSQLWrapper, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { Database } from "./lazy-store.js"
import { columnName, quoted } from "./table-names.js"

/** Builds the column list and the value list of an `insert`, for the statements that Drizzle's own builder can't express. */
export type InsertLists = (values: Record<string, unknown>) => { columns: SQL; values: SQL }

/**
 * As Drizzle's `insert().values()` does: columns that are not given take their `$default` function where they have one, and are left to
 * the database otherwise.
 */
export function insertLists(db: Database, table: PgTable): InsertLists {
  const columns = Object.entries(getTableColumns(table)).map(([property, column]): [string, AnyPgColumn, SQL] => [
    property,
    column,
    sql.raw(quoted(columnName(db, column))),
  ])
  return (values) => {
    const given = columns.flatMap(([property, column, name]) => {
      // Not by `hasDefault`, which `$onUpdateFn` sets too.
      const value =
        values[property] ?? column.defaultFn?.() ?? (column.default === undefined ? column.onUpdateFn?.() : undefined)
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
