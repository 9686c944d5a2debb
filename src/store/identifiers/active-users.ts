import type { Adapter, AdapterUser } from "@auth/core/adapters"
import { and, eq, type SQL, sql } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import type { Tables } from "../tables/resolve-tables.js"
import { completeRow, type UserRow } from "../tables/user-row.js"

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
 * `LazyAdapterOptions.activeUsers`.
 */
export function activeReads(db: Database, tables: Tables): SignInReads {
  return {
    async getUserByEmail(email) {
      const [user] = await usersByEmail(db, tables, email, 1)
      return (user as AdapterUser | undefined) ?? null
    },
    async getUserByAccount(account) {
      const { usersTable, accountsTable, activeUsers } = tables
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

/** Returns the active users with this address; partial unique rules allow several. */
export async function usersByEmail(db: Database, tables: Tables, email: string, limit: number): Promise<UserRow[]> {
  const found = await db.select().from(tables.usersTable).where(identifiedBy(tables, { email })).limit(limit)
  return found.map(completeRow)
}

/** Implements `StoreInternals.isOfInactiveUser`. */
export async function isOfInactiveUser(db: Database, tables: Tables, proven: ProvenUser): Promise<boolean> {
  const { usersTable, accountsTable, activeUsers } = tables
  // The address of an inactive user is free.
  if ("email" in proven || !activeUsers) return false
  const isInactive = sql`(${activeUsers}) is not true`
  const users = db.select({ id: usersTable.id }).from(usersTable)
  const found = await ("id" in proven
    ? users.where(and(eq(usersTable.id, proven.id), isInactive)).limit(1)
    : users
        .innerJoin(accountsTable, eq(accountsTable.userId, usersTable.id))
        .where(and(isAccount(tables, proven), isInactive))
        .limit(1))
  return found.length > 0
}

/** The key of an account in Auth.js. */
interface AccountKey {
  provider: string
  providerAccountId: string
}

/** The user of a sign-in, by the identity that the sign-in proves. */
export type ProvenUser = AccountKey | { id: string } | { email: string }

function isAccount({ accountsTable }: Tables, { provider, providerAccountId }: AccountKey): SQL | undefined {
  return and(eq(accountsTable.provider, provider), eq(accountsTable.providerAccountId, providerAccountId))
}
