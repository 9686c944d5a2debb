import type { AnyPgColumn } from "drizzle-orm/pg-core"
import type { Column } from "../../store/sql/catalogue/columns.js"
import type { DeclaredKey } from "../../store/sql/catalogue/foreign-keys.js"
import { type ColumnFamily, familyOf, familyOfType } from "../../store/tables/column-family.js"
import type { ColumnRule } from "../../store/tables/column-rules.js"
import type { Finding } from "../finding.js"
import { convertType } from "./convert-type.js"

/** A column of a definition and of the database. */
interface ComparedColumn {
  where: string
  /** The beginning of a statement that changes the column. */
  alter: string
  /** The table, quoted, with its schema. */
  target: string
  /** The foreign keys from or to the column. */
  keys: DeclaredKey[]
  property: string
  column: AnyPgColumn
  found: Column
  rule: ColumnRule | undefined
}

/** Reports a column that can not hold what its definition promises, or that compares otherwise. */
export function checkType({ where, alter, target, keys, property, column, found, rule }: ComparedColumn): Finding[] {
  const finding = (problem: string, fix: string): Finding[] => [
    { code: "column_type", severity: "error", message: `${where} is of type ${found.type}, ${problem}`, fix, where },
  ]
  const [expected, actual] = [familyOf(column), actualFamily(found)]
  if (expected !== undefined && expected !== "other" && actual !== undefined && expected !== actual) {
    const type = column.getSQLType()
    const problem = `but its definition says ${type}, so statements on it fail or compare wrongly.`
    // Foreign keys depend on the type of an id, so the definition must follow it.
    if (actual === "uuid") return finding(problem, `${property}: uuid(${JSON.stringify(found.name)})`)
    return finding(problem, convertType({ target, found, type, family: expected, keys }))
  }
  const needed = Math.max(rule?.length ?? 0, rule?.usualLength ?? 0)
  if (found.length !== null && found.length < needed)
    return finding(`but must hold ${needed} characters.`, `${alter} type varchar(${needed});`)
  return []
}

/** Types that fit, or do not fit, in the database, unlike a definition of that name. */
const IN_THE_DATABASE: Record<string, ColumnFamily | undefined> = { int2: "integer", char: "other" }

/** Returns the family of a column in the database; undefined for a type of the app's own. */
function actualFamily({ baseType, typeKind }: Column): ColumnFamily | undefined {
  return IN_THE_DATABASE[baseType] ?? familyOfType(baseType) ?? (typeKind === "b" ? "other" : undefined)
}
