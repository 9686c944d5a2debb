import { is, SQL, sql } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig, PgDialect, type PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../../store/sql/database.js"
import { columnName, qualifiedName, quoted } from "../../store/sql/identifiers.js"
import type { Tables } from "../../store/tables/resolve-tables.js"
import { schema } from "../../store/tables/schema.js"

/** The user table and the schemas that a new table refers to. */
export interface Creation {
  /** The user table of the app. */
  users: Tables["usersTable"]
  /** The schemas that are there. */
  schemas: readonly string[]
}

/**
 * Writes the statements that create a table as its definition in Drizzle says, with its schema,
 * foreign keys, unique rules and indexes. Keys of a default table lead to the app's user table.
 */
export function createTable(db: Database, table: PgTable, { users, schemas }: Creation): string {
  const { schema: schemaName, columns, primaryKeys, foreignKeys, uniqueConstraints, indexes } = getTableConfig(table)
  const isDefaultUsers = (parent: PgTable) => parent === schema.usersTable && parent !== (users as PgTable)
  const isUserId = (column: AnyPgColumn) =>
    foreignKeys.some(({ reference }) => isDefaultUsers(reference().foreignTable) && reference().columns[0] === column)
  const isMissing = schemaName !== undefined && !schemas.includes(schemaName)
  const list = (columns: AnyPgColumn[]) => columns.map((column) => quoted(columnName(db, column))).join(", ")
  const parts = [
    ...columns.map((column) => define(db, column, isUserId(column) ? users.id.getSQLType() : undefined)),
    ...primaryKeys.map(({ columns }) => `primary key (${list(columns)})`),
    ...uniqueConstraints.map(({ columns }) => `unique (${list(columns)})`),
    ...foreignKeys.map(({ reference, onDelete }) => {
      const { columns, foreignTable, foreignColumns } = reference()
      const action = onDelete ? ` on delete ${onDelete}` : ""
      const parent = isDefaultUsers(foreignTable) ? { table: users, columns: [users.id] } : undefined
      return `foreign key (${list(columns)}) references ${qualifiedName(parent?.table ?? foreignTable)} (${list(parent?.columns ?? foreignColumns)})${action}`
    }),
  ]
  const plainIndexes = indexes.flatMap(({ config: { name = "", columns: keys, unique, where } }) => {
    const found = keys.flatMap((key) => columns.filter((column) => "name" in key && column.name === key.name))
    if (where !== undefined || unique || found.length < keys.length) return []
    return [`create index ${name && `${quoted(name)} `}on ${qualifiedName(table)} (${list(found)});`]
  })
  return [
    ...(isMissing ? [`create schema if not exists ${quoted(schemaName)};`] : []),
    `create table ${qualifiedName(table)} (${parts.join(", ")});`,
    ...plainIndexes,
  ].join("\n")
}

/**
 * Writes the statement that adds a column as its definition in Drizzle says. PostgreSQL refuses NOT
 * NULL without a default on a table with rows, so that comes later.
 */
export function addColumn(db: Database, target: string, column: AnyPgColumn): string {
  const lacksValues = column.notNull && !column.primary && column.default === undefined
  const added = `alter table ${target} add column ${define(db, column, undefined, { notNull: !lacksValues })};`
  if (!lacksValues) return added
  return `${added}\n-- When every row has a value: alter table ${target} alter column ${quoted(columnName(db, column))} set not null`
}

function define(db: Database, column: AnyPgColumn, type = column.getSQLType(), { notNull = true } = {}): string {
  return [
    quoted(columnName(db, column)),
    type,
    ...(column.default === undefined ? [] : [`default ${literal(column)}`]),
    ...(notNull && column.notNull && !column.primary ? ["not null"] : []),
    ...(column.primary ? ["primary key"] : []),
    ...(column.isUnique ? [`constraint ${quoted(column.uniqueName as string)} unique`] : []),
  ].join(" ")
}

function literal(column: AnyPgColumn): string {
  const value: unknown = column.default
  const expression = is(value, SQL) ? value : sql`${sql.param(value, column)}`
  return new PgDialect().sqlToQuery(expression.inlineParams()).sql
}
