import type { AnyPgColumn } from "drizzle-orm/pg-core"

/** Groups of column types that are compared and written alike. `other` is known to fit none. */
export type ColumnFamily = "string" | "uuid" | "moment" | "integer" | "boolean" | "other"

/** The Drizzle types that work. Types that are read or written in another form are left out. */
const DRIZZLE_TYPES: Record<string, ColumnFamily | undefined> = {
  PgText: "string",
  PgVarchar: "string",
  PgChar: "string",
  PgEnumColumn: "string",
  PgUUID: "uuid",
  PgTimestamp: "moment",
  PgInteger: "integer",
  PgBigInt53: "integer",
  PgBoolean: "boolean",
}

/** The PostgreSQL type names that a custom type may have, without length and precision. */
const SQL_TYPES: [ColumnFamily, RegExp][] = [
  ["string", /^(text|citext|varchar|character varying|char|character|bpchar)$/],
  ["uuid", /^uuid$/],
  ["moment", /^(timestamp|timestamptz)( with(out)? time zone)?$/],
  ["integer", /^(int4|int8|integer|int|bigint)$/],
  ["boolean", /^(bool|boolean)$/],
  [
    "other",
    /\[\]$|^(smallint|int2|(small|big)?serial|serial[248]|numeric|decimal|real|float[48]?|double precision|money|bytea|jsonb?|xml|date|timetz|time( with(out)? time zone)?|interval|inet|cidr|macaddr8?|bit|bit varying|varbit|oid|point|line|box|path|polygon|circle|tsvector|tsquery|vector|geometry|geography|hstore)$/,
  ],
]

/** Returns the family of a column; undefined for an unknown type, such as a domain of the app. */
export function familyOf(column: AnyPgColumn): ColumnFamily | undefined {
  if (!isCustom(column)) return DRIZZLE_TYPES[column.columnType] ?? "other"
  return familyOfType(sqlTypeName(column))
}

/**
 * Returns the family of a type by a name that PostgreSQL has for it, without length; undefined for
 * an unknown type.
 */
export function familyOfType(name: string): ColumnFamily | undefined {
  return SQL_TYPES.find(([, names]) => names.test(name))?.[0]
}

/** Tells whether the app defines by `customType` how the column is read and written. */
export const isCustom = ({ columnType }: AnyPgColumn): boolean => columnType === "PgCustomColumn"

function sqlTypeName(column: AnyPgColumn): string {
  return column
    .getSQLType()
    .toLowerCase()
    .replaceAll(/"|^pg_catalog\.|\(.*?\)/g, "")
    .replaceAll(/\s+/g, " ")
    .trim()
}

/** Returns how many characters a column takes; undefined when unlimited or unknown. */
export function lengthOf(column: AnyPgColumn): number | undefined {
  const [, type, length] =
    /^(?:pg_catalog\.)?(char|character|bpchar|varchar|character varying)(?:\((\d+)\))?$/i.exec(column.getSQLType()) ??
    []
  if (type === undefined) return undefined
  // CHAR without a length is CHAR(1). The other types have no limit then.
  return length === undefined ? (/^char(acter)?$/i.test(type) ? 1 : undefined) : Number(length)
}

/** Tells whether PostgreSQL pads the values of a column with blanks. */
export function isPadded(column: AnyPgColumn): boolean {
  return /^(pg_catalog\.)?(char|character|bpchar)(\(\d+\))?$/i.test(column.getSQLType())
}

/** Tells whether the database computes the column, so that no insert can write it. */
export function isGenerated(column: AnyPgColumn): boolean {
  return column.generated !== undefined || column.generatedIdentity !== undefined
}
