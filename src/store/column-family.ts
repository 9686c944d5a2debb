import type { AnyPgColumn } from "drizzle-orm/pg-core"

/** Kinds of columns that compare, and are written, alike. `other` is known to be none of them. */
export type ColumnFamily = "string" | "uuid" | "moment" | "integer" | "boolean" | "other"

/** The types of Drizzle that work. Those that it reads or writes in another form than the library are not among them. */
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

/** Types of PostgreSQL by the names under which a custom type may have them, without length and precision. */
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

/** The family of a column; undefined for a type of which nothing is known, such as a domain of the app. */
export function familyOf(column: AnyPgColumn): ColumnFamily | undefined {
  if (!isCustom(column)) return DRIZZLE_TYPES[column.columnType] ?? "other"
  const name = sqlTypeName(column)
  return SQL_TYPES.find(([, names]) => names.test(name))?.[0]
}

/** Whether the app has said itself how the column is written and read, by `customType`. */
export const isCustom = ({ columnType }: AnyPgColumn): boolean => columnType === "PgCustomColumn"

function sqlTypeName(column: AnyPgColumn): string {
  return column
    .getSQLType()
    .toLowerCase()
    .replaceAll(/"|^pg_catalog\.|\(.*?\)/g, "")
    .replaceAll(/\s+/g, " ")
    .trim()
}

/** How many characters a column takes; undefined where that is open or not known. */
export function lengthOf(column: AnyPgColumn): number | undefined {
  const [, type, length] =
    /^(?:pg_catalog\.)?(char|character|bpchar|varchar|character varying)(?:\((\d+)\))?$/i.exec(column.getSQLType()) ??
    []
  if (type === undefined) return undefined
  // CHAR without a length is CHAR(1); the others have none then.
  return length === undefined ? (/^char(acter)?$/i.test(type) ? 1 : undefined) : Number(length)
}

/** Whether PostgreSQL fills the values of a column up with blanks. */
export function isPadded(column: AnyPgColumn): boolean {
  return /^(pg_catalog\.)?(char|character|bpchar)(\(\d+\))?$/i.test(column.getSQLType())
}

/** Whether the database makes the value of a column, so that nobody can write one. */
export function isGenerated(column: AnyPgColumn): boolean {
  return column.generated !== undefined || column.generatedIdentity !== undefined
}
