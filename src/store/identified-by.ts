import { and, eq, type SQL } from "drizzle-orm"
import type { Identifier } from "./lazy-store.js"
import type { Tables } from "./tables.js"

/** Returns the condition for the active user with this username or address. */
export function identifiedBy({ usersTable, activeUsers }: Tables, identifier: Identifier): SQL | undefined {
  const isNamed =
    "username" in identifier ? eq(usersTable.username, identifier.username) : eq(usersTable.email, identifier.email)
  return and(isNamed, activeUsers)
}
