import { and, eq, type SQL } from "drizzle-orm"

import type { Tables } from "../tables/resolve-tables.js"

/** The name or address under which a user with a password signs in. */
export type Identifier = { username: string } | { email: string }

/** Returns the condition for the active user with this username or address. */
export function identifiedBy({ usersTable, activeUsers }: Tables, identifier: Identifier): SQL | undefined {
  const isNamed =
    "username" in identifier ? eq(usersTable.username, identifier.username) : eq(usersTable.email, identifier.email)
  return and(isNamed, activeUsers)
}
