import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { quoted } from "../store/table-names.js"
import type { Finding } from "./finding.js"
import type { ColumnFacts } from "./tables.js"

const ID_LENGTH = 36
/** `guest-` and ten characters. */
const NAME_LENGTH = 16

/** A column as it is defined and as it is. */
interface ComparedColumn {
  where: string
  /** The beginning of a statement that changes it. */
  alter: string
  property: string
  column: AnyPgColumn
  found: ColumnFacts
}

/** Whether a column can hold what its definition promises, and compares as that does. */
export function checkType({ where, alter, property, column, found }: ComparedColumn): Finding[] {
  const finding = (problem: string, fix: string): Finding[] => [
    { code: "column_type", severity: "error", message: `${where} is of type ${found.type}, ${problem}`, fix, where },
  ]
  const [expected, actual] = [FAMILIES[column.columnType], familyOf(found)]
  if (expected !== undefined && actual !== undefined && expected !== actual) {
    const type = column.getSQLType()
    const problem = `but is used as ${type}, so statements on it fail or go wrong.`
    // Foreign keys keep the type of an id where it is: it is the definition that has to follow.
    if (actual === "uuid") return finding(problem, `${property}: uuid(${JSON.stringify(found.name)})`)
    return finding(problem, `${alter} type ${type} using ${quoted(found.name)}::${type};`)
  }
  const needed = /^(id|userId)$/.test(property) ? ID_LENGTH : property === "username" ? NAME_LENGTH : 0
  if (found.length !== null && found.length < needed)
    return finding(`but takes values of ${needed} characters.`, `${alter} type varchar(${needed});`)
  return []
}

type Family = "string" | "uuid" | "moment" | "integer" | "boolean"

const FAMILIES: Record<string, Family | undefined> = {
  PgText: "string",
  PgVarchar: "string",
  PgUUID: "uuid",
  PgTimestamp: "moment",
  PgInteger: "integer",
  PgBigInt53: "integer",
  PgBoolean: "boolean",
}

const BASE_TYPES: Record<string, Family | undefined> = {
  text: "string",
  varchar: "string",
  bpchar: "string",
  citext: "string",
  uuid: "uuid",
  timestamp: "moment",
  timestamptz: "moment",
  int2: "integer",
  int4: "integer",
  int8: "integer",
  bool: "boolean",
}

/** Undefined for types of the app's own, of which nothing is known. */
function familyOf({ baseType, typeKind }: ColumnFacts): Family | "other" | undefined {
  return BASE_TYPES[baseType] ?? (typeKind === "b" ? "other" : undefined)
}
