import { getTableColumns, is, isSQLWrapper, Placeholder, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../sql/database.js"
import { columnName, quoted } from "../sql/identifiers.js"

/** Values by the properties of a table's columns. */
export type RowValues = Record<string, unknown>

/**
 * What Drizzle's `insert().values()` would write: columns that are not given take their `$default` function where they have one, and are left
 * to the database otherwise. Null is written as null.
 */
export function withDefaults(table: PgTable, values: RowValues): RowValues {
  const row: RowValues = {}
  for (const [property, column] of Object.entries<AnyPgColumn>(getTableColumns(table))) {
    // Not by `hasDefault`, which `$onUpdateFn` sets too.
    const given = values[property]
    const value =
      given !== undefined
        ? given
        : (column.defaultFn?.() ?? (column.default === undefined ? column.onUpdateFn?.() : undefined))
    if (value !== undefined) row[property] = value
  }
  return row
}

/** Builds the column list and the value list of an `insert`, for the statements that Drizzle's own builder can't express. */
export type InsertLists = (row: RowValues) => { columns: SQL; values: SQL }

/** See {@link InsertLists}; a placeholder may stand for a value. */
export function insertLists(db: Database, table: PgTable): InsertLists {
  const columns = Object.entries<AnyPgColumn>(getTableColumns(table)).map(
    ([property, column]): [string, AnyPgColumn, SQL] => [property, column, sql.raw(quoted(columnName(db, column)))],
  )
  return (row) => {
    const given = columns.filter(([property]) => property in row)
    return {
      columns: sql.join(
        given.map(([, , name]) => name),
        sql`, `,
      ),
      values: sql.join(
        given.map(([property, column]) => boundValue(row[property], column)),
        sql`, `,
      ),
    }
  }
}

function boundValue(value: unknown, column: AnyPgColumn): SQL {
  // Drizzle would ask the column to encode a null given for a placeholder, which fails for
  // timestamps.
  if (value === null) return sql`null`
  const isExpression = isSQLWrapper(value) && !is(value, Placeholder)
  return isExpression ? sql`${value}` : sql`${sql.param(value, column)}`
}
