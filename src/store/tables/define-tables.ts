import { getTableColumns } from "drizzle-orm"
import {
  type AnyPgColumn,
  getTableConfig,
  type PgColumnBuilderBase,
  type PgTable,
  pgSchema,
  pgTable,
  primaryKey,
} from "drizzle-orm/pg-core"
import type { FoundColumn } from "../sql/read-columns.js"
import { columnBuilder, standardColumn } from "./column-builders.js"
import { matchingColumn } from "./matching-column.js"
import type { LazyAdapterOptions } from "./resolve-tables.js"
import { schema } from "./schema.js"
import { NAMED_TABLES, type NamedTable, ownSchema, type TableNames, tableName } from "./table-place.js"

/** The columns of each table, null where it is not there. */
export type FoundTables = Record<NamedTable, FoundColumn[] | null>

/** Says what a column is like, given the one of the default table and those that are there. */
type ChooseColumn = (property: string, standard: FoundColumn, columns: FoundColumn[]) => FoundColumn

/** Makes tables in Drizzle under the names and with the columns that they have. */
export function defineTables(names: TableNames, found: FoundTables, choose: ChooseColumn): LazyAdapterOptions {
  const idType = idTypeOf(found)
  const tables = new Map<NamedTable, PgTable>()
  const userId = () => (tables.get("usersTable") as typeof schema.usersTable).id
  for (const option of NAMED_TABLES.filter((option) => isUsed(names, option, found))) {
    const columns: Record<string, PgColumnBuilderBase> = {}
    for (const [property, column] of Object.entries<AnyPgColumn>(getTableColumns(schema[option]))) {
      const holdsUser = property === "userId"
      const standard = standardColumn(column)
      const chosen = choose(property, holdsUser ? { ...standard, type: idType } : standard, found[option] ?? [])
      columns[property] = columnBuilder(chosen, holdsUser ? userId : undefined)
    }
    tables.set(option, makeTable(names, option, columns))
  }
  return Object.fromEntries(tables)
}

/** Of the tables of Auth.js, also those that are not there are defined: they must not be looked for in another schema. */
function isUsed(names: TableNames, option: NamedTable, found: FoundTables): boolean {
  const onlyOurs = option === "passwordsTable" || option === "lazyOutcomesTable"
  return !onlyOurs || found[option] !== null || names.tables[option] !== undefined
}

/** The type of the ids of users, as pg_type calls it. */
export function idTypeOf({ usersTable }: FoundTables): string {
  return matchingColumn(usersTable ?? [], "id")?.type === "uuid" ? "uuid" : "text"
}

function makeTable(names: TableNames, option: NamedTable, columns: Record<string, PgColumnBuilderBase>): PgTable {
  const schemaName = ownSchema(names)
  const name = tableName(names, option)
  const keys = keysOf(option)
  const constraints = (table: Record<string, AnyPgColumn>) =>
    keys.map((properties) => primaryKey({ columns: properties.map((property) => table[property]) as [AnyPgColumn] }))
  return schemaName === undefined
    ? pgTable(name, columns, constraints)
    : pgSchema(schemaName).table(name, columns, constraints)
}

/** The primary keys of a default table that have several columns, by the properties of these. */
function keysOf(option: NamedTable): string[][] {
  const properties = Object.entries<AnyPgColumn>(getTableColumns(schema[option]))
  return getTableConfig(schema[option]).primaryKeys.map(({ columns }) =>
    columns.flatMap(({ name }) => properties.find(([, column]) => column.name === name)?.[0] ?? []),
  )
}
