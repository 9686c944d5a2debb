import type { schema } from "./schema.js"

/** A row of the user table, as the store returns it. An app's own columns are there too. */
export type UserRow = typeof schema.usersTable.$inferSelect

/** A row of the session table. */
export type SessionRow = typeof schema.sessionsTable.$inferSelect

/** The one definition of a lazy user for rows in TypeScript; its twin in SQL is `isLazyUser`. */
export function isLazyRow(user: { lazySince?: Date | null; convertedAt?: Date | null }): boolean {
  return user.lazySince != null && user.convertedAt == null
}
