import { OPTIONAL_USER_COLUMNS } from "./column-rules.js"
import type { schema } from "./schema.js"

/**
 * A row of the user table, as the store returns it, with the app's own columns. Null stands for a
 * column that the table does without.
 */
export type UserRow = typeof schema.usersTable.$inferSelect

/** Decides whether a user may sign in and have a session. */
export type AcceptUser = (user: UserRow) => boolean | Promise<boolean>

/** A row of the session table. */
export type SessionRow = typeof schema.sessionsTable.$inferSelect

/**
 * Tells whether a row is that of a lazy user, by the one definition in TypeScript. In SQL, see
 * `isLazyUser`.
 */
export function isLazyRow(user: { lazySince?: Date | null; convertedAt?: Date | null }): boolean {
  return user.lazySince != null && user.convertedAt == null
}

/** Tells whether the address of a user was proven, as far as its row says. */
export function isProven({ emailVerified }: { emailVerified?: Date | null }): boolean {
  return emailVerified != null
}

/** Adds null to a row from the database for each column that the user table does without. */
export function completeRow<Row extends object | undefined>(row: Row): Row {
  if (row === undefined) return row
  for (const property of OPTIONAL_USER_COLUMNS) if (!(property in row)) Object.assign(row, { [property]: null })
  return row
}
