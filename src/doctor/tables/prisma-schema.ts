import { getTableColumns } from "drizzle-orm"
import { type AnyPgColumn, getTableConfig, type PgTable } from "drizzle-orm/pg-core"
import type { Database } from "../../store/sql/database.js"
import { columnName } from "../../store/sql/identifiers.js"
import { type ColumnFamily, familyOf } from "../../store/tables/column-family.js"
import { modelOf } from "../../store/tables/prisma-model.js"

const TYPES: Partial<Record<ColumnFamily, string>> = {
  string: "String",
  uuid: "String",
  moment: "DateTime",
  integer: "Int",
  boolean: "Boolean",
}

/** Returns the model of a table: the one that `prismaTables` was told of, or one of its name. */
export function modelName(table: PgTable): string {
  return modelOf(table) ?? getTableConfig(table).name
}

/** Writes a field of a model as the definition of its column in Drizzle says. */
export function fieldLine(db: Database, property: string, column: AnyPgColumn, isOptional = !column.notNull): string {
  const name = columnName(db, column)
  const type = TYPES[familyOf(column) ?? "other"] ?? `Unsupported("${column.getSQLType()}")`
  return [
    property,
    `${type}${isOptional && !column.primary ? "?" : ""}`,
    ...(column.primary ? ["@id"] : []),
    ...(column.isUnique ? ["@unique"] : []),
    ...(column.onUpdateFn && type === "DateTime" ? ["@updatedAt"] : []),
    ...nativeType(column.getSQLType()),
    ...(name === property ? [] : [`@map("${name}")`]),
  ].join(" ")
}

/** Names the type in PostgreSQL where it is not the usual one of Prisma. */
function nativeType(type: string): string[] {
  if (type === "uuid") return ["@db.Uuid"]
  const [, kind, size] = /^(varchar|char|timestamp)(?: ?\((\d+)\))?/.exec(type) ?? []
  if (kind === "timestamp") {
    const withZone = type.endsWith("with time zone")
    if (!withZone && size === "3") return []
    return [`@db.${withZone ? "Timestamptz" : "Timestamp"}(${size ?? 6})`]
  }
  if (kind === undefined || size === undefined) return []
  return [`@db.${kind === "char" ? "Char" : "VarChar"}(${size})`]
}

/** Writes the model of a table, and the fields that Prisma needs in the related models. */
export function modelBlock(db: Database, table: PgTable): string {
  const { name, foreignKeys, primaryKeys } = getTableConfig(table)
  const model = modelName(table)
  const columns = Object.entries<AnyPgColumn>(getTableColumns(table))
  const fieldsOf = (keys: AnyPgColumn[]) =>
    keys.map((key) => columns.find(([, column]) => column.name === key.name)?.[0] ?? key.name)
  const related = foreignKeys.map(({ reference }) => {
    const { columns: from, foreignColumns, foreignTable } = reference()
    const parent = modelName(foreignTable)
    const isOne = from.length === 1 && (from[0]?.primary || from[0]?.isUnique)
    const parentFields = Object.entries<AnyPgColumn>(getTableColumns(foreignTable))
    const ids = foreignColumns.map(({ name }) => parentFields.find(([, column]) => column.name === name)?.[0] ?? name)
    const fields = fieldsOf(from)
    return {
      line: `${lower(parent)} ${parent} @relation(fields: [${fields.join(", ")}], references: [${ids.join(", ")}], onDelete: Cascade)`,
      index: isOne ? undefined : `@@index([${fields.join(", ")}])`,
      other: `// and in model ${parent}: ${lower(model)}${isOne ? "" : "s"} ${model}${isOne ? "?" : "[]"}`,
    }
  })
  const lines = [
    ...columns.map(([property, column]) => fieldLine(db, property, column)),
    ...related.map(({ line }) => line),
    ...primaryKeys.map(({ columns }) => `@@id([${fieldsOf(columns as AnyPgColumn[]).join(", ")}])`),
    ...related.flatMap(({ index }) => index ?? []),
    ...(name === model ? [] : [`@@map("${name}")`]),
  ]
  return [`model ${model} {`, ...lines.map((line) => `  ${line}`), "}", ...related.map(({ other }) => other)].join("\n")
}

const lower = (name: string) => `${name.charAt(0).toLowerCase()}${name.slice(1)}`
