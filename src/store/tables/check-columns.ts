import { getTableColumns, getTableName, is } from "drizzle-orm"
import { type AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { familyOf, isCustom, isGenerated, isPadded, lengthOf } from "./column-family.js"
import { COLUMN_RULES, type ColumnRule, ruleFor } from "./column-rules.js"
import { customTypeProblem } from "./custom-types.js"
import { lazyColumns, type NamedTable, schema } from "./schema.js"

/**
 * Checks the columns that the library needs, and those that every insert must fill.
 * @returns what is wrong, naming the table, the column and the line to add
 */
export function definitionProblems(key: NamedTable, table: unknown): string[] {
  if (!is(table, PgTable)) return [`LazyAdapter: ${key} is not a table made with pgTable().`]
  const problems: string[] = []
  const columns: Record<string, AnyPgColumn> = getTableColumns(table)
  const where = `LazyAdapter: ${key} ("${getTableName(table)}")`
  for (const [property, rule] of Object.entries(COLUMN_RULES[key])) {
    const column = columns[property]
    if (!column) {
      const hint = property in lazyColumns() ? " (or spread lazyColumns() into the table)" : ""
      if (!rule.isOptional) problems.push(`${where} has no column \`${property}\`. Add to it: ${rule.line}${hint}`)
      continue
    }
    const problem = problemOf(property, column, rule)
    if (problem) problems.push(`${where} has a column \`${property}\` ${problem} Use: ${rule.line}`)
    else if (familyOf(column) === undefined)
      warnOnce(
        `${where} has a column \`${property}\` of type ${column.getSQLType()}, which the library does not know. It works if it takes ` +
          `what a ${rule.line.replace(/^\w+: (\w+).*/, "$1")} column takes; npx authjs-lazy doctor looks at the database.`,
      )
  }
  for (const [property, column] of Object.entries(columns)) {
    if (isFilled(key, property, column)) continue
    problems.push(
      `${where} has a column \`${property}\` that is NOT NULL without a default, but no insert gives it a value, so no row could be ` +
        "made. Give it a default (.default(…), .$defaultFn(() => …)), or leave out .notNull().",
    )
  }
  return problems
}

function problemOf(property: string, column: AnyPgColumn, rule: ColumnRule): string | undefined {
  const type = column.getSQLType()
  const family = familyOf(column)
  if (family !== undefined && !rule.families.includes(family))
    return `of type ${type}${modeOf(column)}, which cannot work.`
  if (column.enumValues && column.columnType === "PgEnumColumn") {
    if (!rule.values) return `of type ${type}, which cannot work.`
    const missing = rule.values.filter((value) => !column.enumValues?.includes(value))
    if (missing.length > 0) return `of type ${type}, which lacks ${missing.join(", ")}.`
  }
  const length = lengthOf(column)
  if (length !== undefined && length < (rule.length ?? 0)) {
    return rule.families.includes("uuid")
      ? `of type ${type}, too short for a UUID (36 characters).`
      : `of type ${type}, too short for a password hash (${rule.length} characters or more).`
  }
  if (isPadded(column) && length !== (rule.families.includes("uuid") ? rule.length : undefined))
    return `of type ${type}, which PostgreSQL pads with blanks.`
  const unfit = isCustom(column) ? customTypeProblem(property, column, rule) : undefined
  if (unfit) return `of the custom type ${type}, ${unfit}`
  if (isGenerated(column)) return "that the database generates, so the library can't write it."
  if (rule.isNullable && column.notNull && family !== "boolean") return "that is NOT NULL; not every user has one."
  if (column.onUpdateFn && !rule.changes) return "with $onUpdate, which would change it with every update of the row."
  if (rule.defaultMakes === "lazy" && column.hasDefault)
    return "with a default, which would make users who sign up look lazy or converted."
  return undefined
}

/** Names the mode of a column in Drizzle, where the SQL type alone would not show the problem. */
function modeOf(column: AnyPgColumn): string {
  return column.columnType === "PgTimestampString" ? " in string mode" : ""
}

/**
 * Tells whether every inserted row has a value in this column. `generateEmail` makes the addresses.
 */
function isFilled(key: NamedTable, property: string, column: AnyPgColumn): boolean {
  if (!column.notNull || column.hasDefault || isGenerated(column)) return true
  return Object.hasOwn(getTableColumns(schema[key]), property) && ruleFor(key, property)?.leftOut !== "always"
}

const warned = new Set<string>()

/** Writes a warning to the console, once per process. */
function warnOnce(message: string): void {
  if (warned.has(message)) return
  warned.add(message)
  console.warn(`[authjs-lazy] ${message}`)
}
