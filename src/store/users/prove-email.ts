import type { AdapterAccount } from "@auth/core/adapters"
import { and, eq, ne } from "drizzle-orm"
import { isPlaceholderAddress } from "../identifiers/placeholder-address.js"
import { tableExists } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { endRows } from "../sql/end-rows.js"
import { retryTransaction } from "../sql/transactions.js"
import { endCredentials } from "../tables/app-credentials.js"
import { recordsProofs } from "../tables/proof-column.js"
import type { Tables } from "../tables/resolve-tables.js"
import { completeRow, isLazyRow, isProven, type UserRow } from "../tables/user-row.js"
import { removeLegacyHash } from "./legacy-password.js"
import { recordOutcomes } from "./outcomes.js"
import { hasPassword } from "./passwords.js"
import type { NewSession } from "./sessions.js"
import { endSessions } from "./sessions.js"

/** A user whose address was proven, and whether a password was removed. */
type Proven = { user: UserRow; passwordRemoved: boolean }

/** Runs the part of a proof that makes a lazy user real, for telemetry. */
export type Converting = <Result>(prove: () => Promise<Result>) => Promise<Result>

/** Implements `StoreInternals.proveEmail`. */
export function proveEmail(
  db: Database,
  tables: Tables,
  userId: string,
  converting?: Converting,
): Promise<Proven | null> {
  return retryTransaction(db, (tx) => proveEmailWithin(tx, tables, userId, converting))
}

/** Proves the address of a user in a transaction that does more. Not all engines have savepoints. */
export async function proveEmailWithin(
  tx: Database,
  tables: Tables,
  userId: string,
  converting: Converting = (prove) => prove(),
): Promise<Proven | null> {
  const { usersTable } = tables
  const [before] = await tx.select().from(usersTable).where(eq(usersTable.id, userId)).for("update")
  if (!before || isPlaceholderAddress(before.email ?? "")) return null
  const prove = () => proveUser(tx, tables, before as UserRow)
  return isLazyRow(before) ? converting(prove) : prove()
}

async function proveUser(tx: Database, tables: Tables, before: UserRow): Promise<Proven | null> {
  const { usersTable, passwordsTable } = tables
  const { id: userId } = before
  let passwordRemoved = false
  if (!isProven(before)) {
    if (passwordsTable) passwordRemoved = (await endRows(tx, passwordsTable, passwordsTable.userId, userId)).rows > 0
    if (await removeLegacyHash(tx, tables, userId)) passwordRemoved = true
    // An attacker who types the address can make such an account and add identities to it.
    if (passwordRemoved || !(await hasOAuthIdentity(tx, tables, userId))) await removeIdentities(tx, tables, userId)
  }
  // The app may have stored an address for a lazy user who does not own it: end its sessions.
  const wasLazy = isLazyRow(before)
  if (wasLazy) {
    await removeLegacyHash(tx, tables, userId)
    await endSessions(tx, tables, userId)
    await endCredentials(tx, tables, userId)
    const by = { provider: "email", type: "email" }
    await recordOutcomes(tx, tables, [{ outcome: "converted", by, since: before.lazySince as Date, users: 1 }])
  }
  const set = {
    ...(recordsProofs(usersTable) && { emailVerified: new Date() }),
    ...(wasLazy && { convertedAt: new Date(), username: null }),
  }
  // Drizzle can't build an update that sets nothing.
  if (Object.keys(set).length === 0) return { user: completeRow(before), passwordRemoved }
  const [user] = await tx.update(usersTable).set(set).where(eq(usersTable.id, userId)).returning()
  return user ? { user: completeRow(user), passwordRemoved } : null
}

/** Implements `StoreInternals.linkByAddress`. */
export function linkByAddress(
  db: Database,
  tables: Tables,
  userId: string,
  account: AdapterAccount,
  session?: NewSession,
  converting?: Converting,
): Promise<UserRow | null> {
  return retryTransaction(db, async (tx) => {
    const proven = await proveEmailWithin(tx, tables, userId, converting)
    if (!proven) return null
    await tx.insert(tables.accountsTable).values({ ...account, userId })
    if (session) await tx.insert(tables.sessionsTable).values({ ...session, userId })
    return proven.user
  })
}

/** Implements `StoreInternals.endsAtProof`. */
export async function endsAtProof(db: Database, tables: Tables, userId: string): Promise<boolean> {
  return (await hasPassword(db, tables, userId)) || !(await hasOAuthIdentity(db, tables, userId))
}

/**
 * Tells whether an OAuth or e-mail identity leads to the account. A passkey does not count, since
 * any visitor can register one.
 */
async function hasOAuthIdentity(db: Database, { accountsTable }: Tables, userId: string): Promise<boolean> {
  if (!(await tableExists(db, accountsTable))) return false
  const found = await db
    .select({ userId: accountsTable.userId })
    .from(accountsTable)
    .where(and(eq(accountsTable.userId, userId), ne(accountsTable.type, "webauthn")))
    .limit(1)
  return found.length > 0
}

/** Deletes sessions, credentials, linked identities and passkeys: every way into the account. */
async function removeIdentities(tx: Database, tables: Tables, userId: string): Promise<void> {
  const { accountsTable, authenticatorsTable } = tables
  await endSessions(tx, tables, userId)
  await endCredentials(tx, tables, userId)
  await endRows(tx, accountsTable, accountsTable.userId, userId)
  await endRows(tx, authenticatorsTable, authenticatorsTable.userId, userId)
}
