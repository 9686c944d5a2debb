import { and, eq, getTableColumns, not } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { UserIdentifier } from "../identifiers/active-users.js"
import { identifiedBy } from "../identifiers/active-users.js"
import type { Database } from "../sql/database.js"
import { sqlState, UNREPRESENTABLE } from "../sql/sql-state.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import { completeRow, isLazyRow, type UserRow } from "../tables/user-row.js"
import { NO_PASSWORDS } from "./convert.js"

/**
 * Compares a typed password with a stored hash, or with null when no user of that name has one. May
 * return a hash to store instead.
 */
export type VerifyHash = (hash: string | null) => Promise<{ ok: boolean; rehashed?: string }>

/**
 * Limits how many users of one name are tried. A partial unique index allows several, and each
 * costs a hash.
 */
const MAX_USERS_PER_NAME = 4

/** Implements `StoreInternals.checkPassword`. */
export async function findByPassword(
  db: Database,
  tables: Tables,
  identifier: UserIdentifier,
  verify: VerifyHash,
): Promise<UserRow | null> {
  const { usersTable, passwordsTable } = tables
  if (!passwordsTable) throw new LazySetupError(NO_PASSWORDS)
  const named = await unlessUnrepresentable(
    db
      .select({ user: getTableColumns(usersTable), hash: passwordsTable.hash })
      .from(usersTable)
      .innerJoin(passwordsTable, eq(passwordsTable.userId, usersTable.id))
      .where(and(identifiedBy(tables, identifier), not(isLazyUser(usersTable))))
      .limit(MAX_USERS_PER_NAME),
  )
  for (const found of named.length > 0 ? named : [undefined]) {
    const { ok, rehashed } = await verify(found?.hash ?? null)
    if (!found || !ok) continue
    if (rehashed !== undefined) {
      await db
        .update(passwordsTable)
        .set({ hash: rehashed, updatedAt: new Date() })
        // A password that was changed or removed while this one was being verified stays as it is.
        .where(and(eq(passwordsTable.userId, found.user.id), eq(passwordsTable.hash, found.hash)))
    }
    return completeRow(found.user)
  }
  return null
}

/** Returns no rows for a name with characters that the database can not store. */
async function unlessUnrepresentable<Row>(rows: PromiseLike<Row[]>): Promise<Row[]> {
  try {
    return await rows
  } catch (error) {
    if (UNREPRESENTABLE.includes(sqlState(error) ?? "")) return []
    throw error
  }
}

/** Implements `LazyStore.hasPassword`. */
export async function hasPassword(db: Database, { passwordsTable }: Tables, userId: string): Promise<boolean> {
  if (!passwordsTable) return false
  const found = await db
    .select({ userId: passwordsTable.userId })
    .from(passwordsTable)
    .where(eq(passwordsTable.userId, userId))
  return found.length > 0
}

/** Implements `LazyStore.setPassword`. */
export async function setPassword(
  db: Database,
  { usersTable, passwordsTable }: Tables,
  userId: string,
  hash: string,
): Promise<boolean> {
  if (!passwordsTable) throw new LazySetupError(NO_PASSWORDS)
  return db.transaction(async (tx) => {
    const [user] = await tx.select().from(usersTable).where(eq(usersTable.id, userId)).for("update")
    if (!user || isLazyRow(user)) return false
    const row = { userId, hash, updatedAt: new Date() }
    await tx.insert(passwordsTable).values(row).onConflictDoUpdate({ target: passwordsTable.userId, set: row })
    return true
  })
}
