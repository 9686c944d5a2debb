import { and, eq, getTableColumns, not, sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { retry, retryTransaction } from "../sql/transactions.js"
import { HASH_FORM, isOwnHash, writtenUsers } from "../tables/legacy-hash.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import type { UserRow } from "../tables/user-row.js"

/**
 * Removes the hash of a user from the column `legacyHash`, so that it opens the account no more.
 * @param hash removes this hash only, and leaves a newer one
 * @returns whether there was one
 * @throws LazySetupError when one stays
 */
export async function removeLegacyHash(tx: Database, tables: Tables, userId: string, hash?: string): Promise<boolean> {
  const { legacyHash } = tables
  if (!legacyHash) return false
  const { column, property, none, isSet } = legacyHash
  const usersTable = writtenUsers(tables)
  const isThere = and(eq(usersTable.id, userId), hash === undefined ? isSet : eq(column, hash))
  const removed = await tx
    .update(usersTable)
    .set({ [property]: none } as Partial<UserRow>)
    .where(isThere)
    .returning({ id: usersTable.id })
  const left = await tx.select({ id: usersTable.id }).from(usersTable).where(isThere).limit(1)
  if (left.length > 0)
    throw new LazySetupError(
      `A trigger, a rule or row-level security keeps a password hash in the column \`${property}\` (legacyHash), which still ` +
        "gives a way into the account. Let UPDATE remove it. Nothing was changed.",
    )
  return removed.length > 0
}

/**
 * Puts a new hash of the same password in the place of an old one, in the passwords table. A
 * password that was changed or removed meanwhile stays as it is.
 * @returns whether the old hash was still there
 */
export async function replaceHash(
  db: Database,
  tables: Tables,
  userId: string,
  { old, hash }: { old: string; hash: string },
): Promise<boolean> {
  const { passwordsTable, legacyHash } = tables
  if (!passwordsTable) return false
  const update = async (db: Database) => {
    const updated = await db
      .update(passwordsTable)
      .set({ hash, updatedAt: new Date() })
      .where(and(eq(passwordsTable.userId, userId), eq(passwordsTable.hash, old)))
      .returning({ userId: passwordsTable.userId })
    return updated.length > 0
  }
  if (!legacyHash) return retry(() => update(db))
  return retryTransaction(db, async (tx) => {
    // Lock the user first, as a change of the password does, to avoid deadlocks.
    const removed = await removeLegacyHash(tx, tables, userId, old)
    if (await update(tx)) return true
    if (!removed) return false
    // Of an app that uses both places, the passwords table counts.
    await tx.insert(passwordsTable).values({ userId, hash, updatedAt: new Date() }).onConflictDoNothing()
    return true
  })
}

/** The longest hash that is read, in characters. */
const MAX_HASH_LENGTH = 1024

/** How long it is known that the database holds no hash of another kind, in milliseconds. */
const KNOWN_FOR = 60 * 60 * 1000

/**
 * Makes the function behind `StoreInternals.otherHash`. One query answers all sign-ins of this
 * process: a hash, once found, serves for good, and the lack of one for an hour.
 */
export function otherHashReader(db: Database, tables: Tables): () => Promise<string | null> {
  let asked: { at: number; found: Promise<string | null> } | undefined
  let known: string | null = null
  const find = async () => {
    known = await findOtherHash(db, tables)
    return known
  }
  return () => {
    if (known === null && (!asked || Date.now() - asked.at > KNOWN_FOR)) {
      const found = find()
      asked = { at: Date.now(), found }
      found.catch(() => {
        asked = undefined
      })
    }
    return known === null && asked ? asked.found : Promise.resolve(known)
  }
}

/**
 * Finds a hash of a real user, one in a known form first: an app may keep other texts in the column
 * for those without a password, which no function takes long to compare.
 */
async function findOtherHash(db: Database, tables: Tables): Promise<string | null> {
  const { passwordsTable, legacyHash } = tables
  const usersTable = writtenUsers(tables)
  const columns = [
    ...(legacyHash ? [{ table: usersTable, column: legacyHash.column, isReal: not(isLazyUser(usersTable)) }] : []),
    ...(passwordsTable
      ? [{ table: passwordsTable, column: getTableColumns(passwordsTable).hash, isReal: sql`true` }]
      : []),
  ]
  for (const form of [HASH_FORM, ""])
    for (const { table, column, isReal } of columns) {
      const isOther = sql`not ${isOwnHash(column)} and length(${column}) between 1 and ${MAX_HASH_LENGTH}`
      const isSample = sql`${isReal} and ${isOther} and ${column}::text ~ ${form}`
      const [found] = await db.select({ hash: column }).from(table).where(isSample).limit(1)
      if (typeof found?.hash === "string") return found.hash
    }
  return null
}
