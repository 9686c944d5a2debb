import { type SQL, sql } from "drizzle-orm"
import {
  type AnyPgColumn,
  bigint,
  boolean,
  customType,
  integer,
  type PgColumnBuilderBase,
  text,
  timestamp,
  uuid,
  varchar,
} from "drizzle-orm/pg-core"
import type { FoundColumn } from "../sql/read-columns.js"

/** A column in Drizzle as it is in the database; `references` for one that holds ids of users. */
export function columnBuilder(
  { name, type, length, notNull, hasDefault, isKey }: FoundColumn,
  references?: () => AnyPgColumn,
): PgColumnBuilderBase {
  const column = ofType(name, type, length)
  if (isKey) column.primaryKey()
  else if (notNull) column.notNull()
  if (hasDefault) column.default(sql`default`)
  if (references) column.references(references, { onDelete: "cascade" })
  return column
}

/** What the builders of all types have in common. */
type Builder = PgColumnBuilderBase & {
  notNull(): PgColumnBuilderBase
  default(value: SQL): PgColumnBuilderBase
  primaryKey(): PgColumnBuilderBase
  references(column: () => AnyPgColumn, actions: { onDelete: "cascade" }): PgColumnBuilderBase
}

function ofType(name: string, type: string, length: number | null): Builder {
  switch (type) {
    case "text":
    case "bpchar":
    case "citext":
      return text(name)
    case "varchar":
      return length === null ? varchar(name) : varchar(name, { length })
    case "uuid":
      return uuid(name)
    case "timestamptz":
      return timestamp(name, { mode: "date", withTimezone: true })
    case "timestamp":
      return timestamp(name, { mode: "date" })
    case "int2":
    case "int4":
      return integer(name)
    case "int8":
      return bigint(name, { mode: "number" })
    case "bool":
      return boolean(name)
    default:
      // `LazyAdapter` says what it should be instead.
      return customType<{ data: unknown }>({ dataType: () => type })(name)
  }
}

/** A column of a default table, as the database would have it. */
export function standardColumn(column: AnyPgColumn): FoundColumn {
  const { name, notNull, primary: isKey } = column
  const sqlType = column.getSQLType()
  const type = CATALOGUE_NAMES[sqlType] ?? sqlType
  return { name, type, length: null, notNull, hasDefault: false, isKey }
}

const CATALOGUE_NAMES: Record<string, string | undefined> = {
  "timestamp with time zone": "timestamptz",
  integer: "int4",
  boolean: "bool",
}
