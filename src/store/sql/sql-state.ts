// PostgreSQL's codes: https://www.postgresql.org/docs/current/errcodes-appendix.html

/**
 * A foreign key is broken, or a referenced row would go. RESTRICT has a code of its own since
 * PostgreSQL 18.
 */
export const FOREIGN_KEY_VIOLATIONS = ["23503", "23001"]

/** A unique rule is broken. */
export const UNIQUE_VIOLATION = "23505"

/** An exclusion constraint is broken. */
export const EXCLUSION_VIOLATION = "23P01"

/** A unique rule or an exclusion constraint is broken. */
export const TAKEN = [UNIQUE_VIOLATION, EXCLUSION_VIOLATION]

/** A text holds NUL or a character that the encoding of the database lacks. */
export const UNREPRESENTABLE = ["22021", "22P05"]

/** A right is missing, or row-level security forbids something. */
export const INSUFFICIENT_PRIVILEGE = "42501"

/**
 * Returns the SQLSTATE of a database error, also one that a driver or Drizzle has wrapped;
 * undefined for other errors.
 */
export function sqlState(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown }
    // Codes of the operating system can look alike: EPIPE.
    if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !("syscall" in cause)) return code
  }
  return undefined
}
