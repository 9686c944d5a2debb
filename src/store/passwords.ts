import { and, eq, getTableColumns, not } from "drizzle-orm"
import { LazySetupError } from "../errors.js"
import { NO_PASSWORDS } from "./convert.js"
import { identifiedBy } from "./identified-by.js"
import type { Database, Identifier, VerifyHash } from "./lazy-store.js"
import { isLazyUser } from "./schema.js"
import { sqlState, UNREPRESENTABLE } from "./sql-state.js"
import type { Tables } from "./tables.js"
import { isLazyRow, type UserRow } from "./user-row.js"

/** Where a unique rule is about some of the users only, several can have one name. Each costs a hash, so that there is an end to it. */
const MOST_NAMESAKES = 4

/** See `LazyStore.checkPassword`. */
export async function checkPassword(
  db: Database,
  tables: Tables,
  identifier: Identifier,
  verify: VerifyHash,
): Promise<UserRow | null> {
  const { usersTable, passwordsTable } = tables
  if (!passwordsTable) throw new LazySetupError(NO_PASSWORDS)
  const namesakes = await unlessUnrepresentable(
    db
      .select({ user: getTableColumns(usersTable), hash: passwordsTable.hash })
      .from(usersTable)
      .innerJoin(passwordsTable, eq(passwordsTable.userId, usersTable.id))
      .where(and(identifiedBy(tables, identifier), not(isLazyUser(usersTable))))
      .limit(MOST_NAMESAKES),
  )
  for (const found of namesakes.length > 0 ? namesakes : [undefined]) {
    const { ok, rehashed } = await verify(found?.hash ?? null)
    if (!found || !ok) continue
    if (rehashed !== undefined) {
      await db
        .update(passwordsTable)
        .set({ hash: rehashed, updatedAt: new Date() })
        // A password that was changed or removed while this one was being verified stays as it is.
        .where(and(eq(passwordsTable.userId, found.user.id), eq(passwordsTable.hash, found.hash)))
    }
    return found.user
  }
  return null
}

/** Nobody is called by characters that the database can't hold. */
async function unlessUnrepresentable<Row>(rows: PromiseLike<Row[]>): Promise<Row[]> {
  try {
    return await rows
  } catch (error) {
    if (UNREPRESENTABLE.includes(sqlState(error) ?? "")) return []
    throw error
  }
}

/** See `LazyStore.hasPassword`. */
export async function hasPassword(db: Database, { passwordsTable }: Tables, userId: string): Promise<boolean> {
  if (!passwordsTable) return false
  const found = await db
    .select({ userId: passwordsTable.userId })
    .from(passwordsTable)
    .where(eq(passwordsTable.userId, userId))
  return found.length > 0
}

/** See `LazyStore.setPassword`. */
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
