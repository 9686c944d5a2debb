import { is, SQL, sql } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig, PgDialect, type PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../../store/sql/database.js"
import { columnName, qualifiedName, quoted } from "../../store/sql/identifiers.js"

/**
 * Writes the statements that create a table as its definition in Drizzle says, with foreign keys,
 * unique rules and indexes.
 */
export function createTable(db: Database, table: PgTable): string {
  const { columns, primaryKeys, foreignKeys, uniqueConstraints, indexes } = getTableConfig(table)
  const list = (columns: AnyPgColumn[]) => columns.map((column) => quoted(columnName(db, column))).join(", ")
  const parts = [
    ...columns.map((column) => define(db, column)),
    ...primaryKeys.map(({ columns }) => `primary key (${list(columns)})`),
    ...uniqueConstraints.map(({ columns }) => `unique (${list(columns)})`),
    ...foreignKeys.map(({ reference, onDelete }) => {
      const { columns, foreignTable, foreignColumns } = reference()
      const action = onDelete ? ` on delete ${onDelete}` : ""
      return `foreign key (${list(columns)}) references ${qualifiedName(foreignTable)} (${list(foreignColumns)})${action}`
    }),
  ]
  const plainIndexes = indexes.flatMap(({ config: { name = "", columns: keys, unique, where } }) => {
    const found = keys.flatMap((key) => columns.filter((column) => "name" in key && column.name === key.name))
    if (where !== undefined || unique || found.length < keys.length) return []
    return [`create index ${name && `${quoted(name)} `}on ${qualifiedName(table)} (${list(found)});`]
  })
  return [`create table ${qualifiedName(table)} (${parts.join(", ")});`, ...plainIndexes].join("\n")
}

/** Writes the statement that adds a column as its definition in Drizzle says. */
export function addColumn(db: Database, target: string, column: AnyPgColumn): string {
  return `alter table ${target} add column ${define(db, column)};`
}

function define(db: Database, column: AnyPgColumn): string {
  return [
    quoted(columnName(db, column)),
    column.getSQLType(),
    ...(column.default === undefined ? [] : [`default ${literal(column)}`]),
    ...(column.notNull && !column.primary ? ["not null"] : []),
    ...(column.primary ? ["primary key"] : []),
    ...(column.isUnique ? [`constraint ${quoted(column.uniqueName as string)} unique`] : []),
  ].join(" ")
}

function literal(column: AnyPgColumn): string {
  const value: unknown = column.default
  const expression = is(value, SQL) ? value : sql`${sql.param(value, column)}`
  return new PgDialect().sqlToQuery(expression.inlineParams()).sql
}
