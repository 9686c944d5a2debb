import { sqlState } from "./sql-state.js"

/** The table and the constraint that a statement broke, as far as PostgreSQL names them. */
export interface Violation {
  schema: string | undefined
  table: string | undefined
  constraint: string | undefined
  column: string | undefined
  /** The domain with the broken constraint, without its schema. */
  dataType: string | undefined
}

/**
 * Reads which constraint a statement broke; undefined for other errors: class 23 of
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function brokenConstraint(error: unknown): Violation | undefined {
  if (!sqlState(error)?.startsWith("23")) return undefined
  return {
    schema: errorField(error, "schema"),
    table: errorField(error, "table"),
    constraint: errorField(error, "constraint"),
    column: errorField(error, "column"),
    dataType: errorField(error, "dataType") ?? errorField(error, "data type"),
  }
}

/**
 * Reads a field of a database error, which Drizzle may have wrapped. postgres.js calls it
 * `table_name`, node-postgres and PGlite `table`.
 */
function errorField(error: unknown, name: string): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const fields = cause as unknown as Record<string, unknown>
    const value = fields[`${name}_name`] ?? fields[name]
    if (typeof value === "string") return value
  }
  return undefined
}
