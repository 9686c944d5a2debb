import { and, eq, getTableColumns, isNotNull, not, or, sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { UserIdentifier } from "../identifiers/active-users.js"
import { identifiedBy } from "../identifiers/active-users.js"
import type { Database } from "../sql/database.js"
import { sqlState, UNREPRESENTABLE } from "../sql/sql-state.js"
import { retryTransaction } from "../sql/transactions.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import { type AcceptUser, completeRow, isLazyRow, type UserRow } from "../tables/user-row.js"
import { NO_PASSWORDS } from "./convert.js"
import { removeLegacyHash, replaceHash } from "./legacy-password.js"

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
  accepts: AcceptUser = () => true,
): Promise<UserRow | null> {
  const { usersTable, passwordsTable, legacyHash } = tables
  if (!passwordsTable) throw new LazySetupError(NO_PASSWORDS)
  const hasPassword = or(isNotNull(passwordsTable.userId), legacyHash?.isSet)
  const named = await unlessUnrepresentable(
    db
      .select({
        user: getTableColumns(usersTable),
        hash: passwordsTable.hash,
        ...(legacyHash && { legacy: legacyHash.column }),
      })
      .from(usersTable)
      .leftJoin(passwordsTable, eq(passwordsTable.userId, usersTable.id))
      .where(and(identifiedBy(tables, identifier), not(isLazyUser(usersTable)), hasPassword))
      .limit(MAX_USERS_PER_NAME),
  )
  for (const found of named.length > 0 ? named : [undefined]) {
    // A hash in the passwords table is newer than one in the column of the app.
    const hash = found?.hash ?? (found?.legacy as string | undefined) ?? null
    const { ok, rehashed } = await verify(hash)
    if (!found || hash === null || !ok || !(await accepts(completeRow(found.user)))) continue
    if (rehashed !== undefined) await replaceHash(db, tables, found.user.id, { old: hash, hash: rehashed })
    return found.user
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
export async function hasPassword(db: Database, tables: Tables, userId: string): Promise<boolean> {
  return (await readHash(db, tables, userId)) !== null
}

/** Implements `StoreInternals.readHash`. */
export async function readHash(
  db: Database,
  { usersTable, passwordsTable, legacyHash }: Tables,
  userId: string,
): Promise<string | null> {
  if (!passwordsTable) return null
  const isOfUser = eq(passwordsTable.userId, userId)
  if (!legacyHash) {
    const [found] = await db.select({ hash: passwordsTable.hash }).from(passwordsTable).where(isOfUser)
    return found?.hash ?? null
  }
  // One statement: another sign-in may be moving the hash from the column to the table.
  const [found] = await db
    .select({ hash: passwordsTable.hash, legacy: legacyHash.column, isLazy: sql<boolean>`${isLazyUser(usersTable)}` })
    .from(usersTable)
    .leftJoin(passwordsTable, isOfUser)
    .where(eq(usersTable.id, userId))
  if (!found) return null
  // No sign-in has accepted what is in the column of a lazy user.
  return found.hash ?? ((!found.isLazy && (found.legacy as string | null)) || null)
}

/** Implements `LazyStore.setPassword`. */
export async function setPassword(db: Database, tables: Tables, userId: string, hash: string): Promise<boolean> {
  const { usersTable, passwordsTable } = tables
  if (!passwordsTable) throw new LazySetupError(NO_PASSWORDS)
  return retryTransaction(db, async (tx) => {
    const [user] = await tx.select().from(usersTable).where(eq(usersTable.id, userId)).for("update")
    if (!user || isLazyRow(user)) return false
    // Citus refuses to write the column by which a table is spread, so the id is not set again.
    const set = { hash, updatedAt: new Date() }
    await tx
      .insert(passwordsTable)
      .values({ userId, ...set })
      .onConflictDoUpdate({ target: passwordsTable.userId, set })
    await removeLegacyHash(tx, tables, userId)
    return true
  })
}
