// PostgreSQL's codes: https://www.postgresql.org/docs/current/errcodes-appendix.html

/** A foreign key is broken, or a row that is referred to would go; since PostgreSQL 18 there is a code of its own for RESTRICT. */
export const FOREIGN_KEY_VIOLATIONS = ["23503", "23001"]

/** A unique rule is broken. */
export const UNIQUE_VIOLATION = "23505"

/** An exclusion constraint is broken. */
export const EXCLUSION_VIOLATION = "23P01"

/** A unique rule or an exclusion constraint is broken. */
export const TAKEN = [UNIQUE_VIOLATION, EXCLUSION_VIOLATION]

/** Two of the characters that a database can't hold: NUL, and those that its encoding lacks. */
export const UNREPRESENTABLE = ["22021", "22P05"]

/** A right is missing, or row-level security forbids something. */
export const INSUFFICIENT_PRIVILEGE = "42501"

/** The SQLSTATE of a database error, wherever a driver or Drizzle has wrapped it; undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown }
    // The system's own codes can look alike: EPIPE.
    if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !("syscall" in cause)) return code
  }
  return undefined
}
