import { sqlState } from "./sql-state.js"

/** The table and the constraint that a statement broke, as far as the database names them. */
export interface Violation {
  schema: string | undefined
  table: string | undefined
  constraint: string | undefined
  column: string | undefined
  /** The domain with the broken constraint, without its schema. */
  dataType: string | undefined
}

/** What a statement broke (class 23 of https://www.postgresql.org/docs/current/errcodes-appendix.html); undefined for any other error. */
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

/** A field of a database error. postgres.js says `table_name`, node-postgres and PGlite say `table`, and Drizzle wraps them all. */
function errorField(error: unknown, name: string): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const fields = cause as unknown as Record<string, unknown>
    const value = fields[`${name}_name`] ?? fields[name]
    if (typeof value === "string") return value
  }
  return undefined
}
