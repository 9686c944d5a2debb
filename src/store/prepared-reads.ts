import type { Adapter, AdapterSession, AdapterUser } from "@auth/core/adapters"
import { and, eq, sql } from "drizzle-orm"
import type { Database } from "./sql/database.js"
import { STATEMENT_NAME } from "./sql/query.js"
import { madeFrom } from "./tables/legacy-hash.js"
import type { Tables } from "./tables/resolve-tables.js"

/** The reads that Auth.js makes in every request. */
export type PreparedReads = Required<Pick<Adapter, "getUser" | "getSessionAndUser">>

/**
 * Makes the reads of `@auth/drizzle-adapter` from statements that are built and prepared once.
 * Building one takes longer than the database takes to answer it.
 */
export function preparedReads(db: Database, tables: Tables): PreparedReads {
  const userById = madeFrom(tables, () => {
    const { usersTable, activeUsers } = tables
    return db
      .select()
      .from(usersTable)
      .where(and(eq(usersTable.id, sql`${sql.param(sql.placeholder("id"), usersTable.id)}`), activeUsers))
      .prepare(STATEMENT_NAME)
  })
  const sessionByToken = madeFrom(tables, () => {
    const { usersTable, sessionsTable, activeUsers } = tables
    return db
      .select({ session: sessionsTable, user: usersTable })
      .from(sessionsTable)
      .innerJoin(usersTable, eq(usersTable.id, sessionsTable.userId))
      .where(
        and(
          eq(sessionsTable.sessionToken, sql`${sql.param(sql.placeholder("token"), sessionsTable.sessionToken)}`),
          activeUsers,
        ),
      )
      .prepare(STATEMENT_NAME)
  })
  return {
    async getUser(id) {
      const [user] = await userById().execute({ id })
      return (user as AdapterUser | undefined) ?? null
    },
    async getSessionAndUser(token) {
      const [found] = await sessionByToken().execute({ token })
      return (found as { session: AdapterSession; user: AdapterUser } | undefined) ?? null
    },
  }
}
