import { WRITTEN_USER_COLUMNS } from "./column-rules.js"
import type { schema } from "./schema.js"

/** A row of the user table, as the store returns it, with the app's own columns. */
export type UserRow = typeof schema.usersTable.$inferSelect

/** A row of the session table. */
export type SessionRow = typeof schema.sessionsTable.$inferSelect

/**
 * Tells whether a row is that of a lazy user, by the one definition in TypeScript. In SQL, see
 * `isLazyUser`.
 */
export function isLazyRow(user: { lazySince?: Date | null; convertedAt?: Date | null }): boolean {
  return user.lazySince != null && user.convertedAt == null
}

const NOTHING_SAID = Object.fromEntries(WRITTEN_USER_COLUMNS.map((property) => [property, null]))

/**
 * Adds null for every meaningful column that is not given, so that no default of the database makes
 * a user lazy, converted or verified. Other columns keep their defaults.
 */
export function rowToInsert<Given extends Partial<UserRow>>(given: Given): Given & Partial<UserRow> {
  const row: Record<string, unknown> = { ...NOTHING_SAID }
  for (const [property, value] of Object.entries(given)) if (value !== undefined) row[property] = value
  return row as Given & Partial<UserRow>
}
