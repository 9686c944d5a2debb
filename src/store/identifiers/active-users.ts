import type { Adapter, AdapterUser } from "@auth/core/adapters"
import { and, eq, type SQL, sql } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import type { Tables } from "../tables/resolve-tables.js"
import { completeRow } from "../tables/user-row.js"

/** The name or address under which a user with a password signs in. */
export type UserIdentifier = { username: string } | { email: string }

/** Returns the condition for the active user with this username or address. */
export function identifiedBy({ usersTable, activeUsers }: Tables, identifier: UserIdentifier): SQL | undefined {
  const isNamed =
    "username" in identifier ? eq(usersTable.username, identifier.username) : eq(usersTable.email, identifier.email)
  return and(isNamed, activeUsers)
}

/** The reads in which Auth.js looks for the user of a sign-in. */
type SignInReads = Required<Pick<Adapter, "getUserByEmail" | "getUserByAccount">>

/**
 * Makes the reads of `@auth/drizzle-adapter` find active users only; see
 * `LazyAdapterOptions.activeUsers`. Empty when every user is active.
 */
export function activeReads(db: Database, tables: Tables): Partial<SignInReads> {
  const { usersTable, accountsTable, activeUsers } = tables
  if (!activeUsers) return {}
  return {
    async getUserByEmail(email) {
      const [user] = await db.select().from(usersTable).where(identifiedBy(tables, { email })).limit(1)
      return (completeRow(user) as AdapterUser | undefined) ?? null
    },
    async getUserByAccount(account) {
      const [found] = await db
        .select({ user: usersTable })
        .from(accountsTable)
        .innerJoin(usersTable, eq(accountsTable.userId, usersTable.id))
        .where(and(isAccount(tables, account), activeUsers))
        .limit(1)
      return (completeRow(found?.user) as AdapterUser | undefined) ?? null
    },
  }
}

/** Implements `StoreInternals.isOfInactiveUser`. */
export async function isOfInactiveUser(db: Database, tables: Tables, account: AccountKey): Promise<boolean> {
  const { usersTable, accountsTable, activeUsers } = tables
  const found = await db
    .select({ id: usersTable.id })
    .from(accountsTable)
    .innerJoin(usersTable, eq(accountsTable.userId, usersTable.id))
    .where(and(isAccount(tables, account), sql`(${activeUsers}) is not true`))
    .limit(1)
  return found.length > 0
}

/** The key of an account in Auth.js. */
export interface AccountKey {
  provider: string
  providerAccountId: string
}

function isAccount({ accountsTable }: Tables, { provider, providerAccountId }: AccountKey): SQL | undefined {
  return and(eq(accountsTable.provider, provider), eq(accountsTable.providerAccountId, providerAccountId))
}
