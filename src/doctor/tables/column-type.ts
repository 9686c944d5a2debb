import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { quoted } from "../../store/sql/identifiers.js"
import { type ColumnFamily, familyOf } from "../../store/tables/column-family.js"
import type { Finding } from "../finding.js"
import type { ColumnFacts } from "./read-tables.js"

const ID_LENGTH = 36
/** `guest-` and ten characters. */
const NAME_LENGTH = 16
/** An argon2id hash of the default cost. */
const HASH_LENGTH = 97
const LENGTHS: Record<string, number | undefined> = {
  id: ID_LENGTH,
  userId: ID_LENGTH,
  username: NAME_LENGTH,
  hash: HASH_LENGTH,
}

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
  const [expected, actual] = [familyOf(column), actualFamily(found)]
  if (expected !== undefined && expected !== "other" && actual !== undefined && expected !== actual) {
    const type = column.getSQLType()
    const problem = `but is used as ${type}, so statements on it fail or go wrong.`
    // Foreign keys keep the type of an id where it is: it is the definition that has to follow.
    if (actual === "uuid") return finding(problem, `${property}: uuid(${JSON.stringify(found.name)})`)
    return finding(problem, `${alter} type ${type} using ${quoted(found.name)}::${type};`)
  }
  const needed = LENGTHS[property] ?? 0
  if (found.length !== null && found.length < needed)
    return finding(`but takes values of ${needed} characters.`, `${alter} type varchar(${needed});`)
  return []
}

const BASE_TYPES: Record<string, ColumnFamily | undefined> = {
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
function actualFamily({ baseType, typeKind }: ColumnFacts): ColumnFamily | undefined {
  return BASE_TYPES[baseType] ?? (typeKind === "b" ? "other" : undefined)
}
