import { and, eq, getTableColumns, not } from "drizzle-orm"
import { LazySetupError } from "../errors.js"
import { identifiedBy, NO_PASSWORDS } from "./convert.js"
import type { Database, Identifier, VerifyHash } from "./lazy-store.js"
import { isLazyUser } from "./schema.js"
import type { Tables } from "./tables.js"
import type { UserRow } from "./user-row.js"

/** See `LazyStore.checkPassword`. */
export async function checkPassword(
  db: Database,
  { usersTable, passwordsTable }: Tables,
  identifier: Identifier,
  verify: VerifyHash,
): Promise<UserRow | null> {
  if (!passwordsTable) throw new LazySetupError(NO_PASSWORDS)
  const [found] = await db
    .select({ user: getTableColumns(usersTable), hash: passwordsTable.hash })
    .from(usersTable)
    .innerJoin(passwordsTable, eq(passwordsTable.userId, usersTable.id))
    .where(and(identifiedBy(usersTable, identifier), not(isLazyUser(usersTable))))
    .limit(1)
  const { ok, rehashed } = await verify(found?.hash ?? null)
  if (!found || !ok) return null
  if (rehashed !== undefined) {
    await db
      .update(passwordsTable)
      .set({ hash: rehashed, updatedAt: new Date() })
      // A password that was changed or removed while this one was being verified stays as it is.
      .where(and(eq(passwordsTable.userId, found.user.id), eq(passwordsTable.hash, found.hash)))
  }
  return found.user
}

/** See `LazyStore.proveEmail`. */
export function proveEmail(
  db: Database,
  { usersTable, sessionsTable, passwordsTable }: Tables,
  userId: string,
): Promise<{ user: UserRow; passwordRemoved: boolean } | null> {
  return db.transaction(async (tx) => {
    const [before] = await tx.select().from(usersTable).where(eq(usersTable.id, userId)).for("update")
    if (!before) return null
    let passwordRemoved = false
    if (before.emailVerified === null && passwordsTable) {
      const removed = await tx
        .delete(passwordsTable)
        .where(eq(passwordsTable.userId, userId))
        .returning({ userId: passwordsTable.userId })
      passwordRemoved = removed.length > 0
      if (passwordRemoved) await tx.delete(sessionsTable).where(eq(sessionsTable.userId, userId))
    }
    const [user] = await tx
      .update(usersTable)
      .set({ emailVerified: new Date() })
      .where(eq(usersTable.id, userId))
      .returning()
    return user ? { user, passwordRemoved } : null
  })
}
