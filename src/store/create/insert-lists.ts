import { getTableColumns, is, isSQLWrapper, Placeholder, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../sql/database.js"
import { columnName, quoted } from "../sql/identifiers.js"

/** Values by the properties of a table's columns. */
export type RowValues = Record<string, unknown>

/**
 * Makes the function that adds the values that `insert().values()` of Drizzle would: a missing
 * column gets that of its `$default` function, if it has one. Null stays null.
 */
export function withDefaults(table: PgTable): (values: RowValues) => RowValues {
  const columns = Object.entries<AnyPgColumn>(getTableColumns(table))
  return (values) => {
    const row: RowValues = {}
    for (const [property, column] of columns) {
      // Drizzle sets `hasDefault` for `$onUpdateFn` too.
      const given = values[property]
      const value =
        given !== undefined
          ? given
          : (column.defaultFn?.() ?? (column.default === undefined ? column.onUpdateFn?.() : undefined))
      if (value !== undefined) row[property] = value
    }
    return row
  }
}

/**
 * The column list and the value list of an `insert`, for statements beyond the builder of Drizzle.
 */
export type InsertLists = (row: RowValues) => { columns: SQL; values: SQL }

/** Makes the builder of {@link InsertLists} for a table; placeholders may stand for values. */
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
  // Drizzle asks the column to encode a null given for a placeholder; timestamps fail at that.
  if (value === null) return sql`null`
  const isExpression = isSQLWrapper(value) && !is(value, Placeholder)
  return isExpression ? sql`${value}` : sql`${sql.param(value, column)}`
}
