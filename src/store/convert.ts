import { and, eq, ne } from "drizzle-orm"
import { IdentifierTakenError, LazySetupError, NotLazyError } from "../errors.js"
import type { Conversion, ConvertReport, Database, Identifier } from "./lazy-store.js"
import { recordOutcomes } from "./outcomes.js"
import { endSessions } from "./sessions.js"
import { sqlState, UNIQUE_VIOLATION } from "./sql-state.js"
import type { Tables } from "./tables.js"
import { isLazyRow, type UserRow } from "./user-row.js"

/** See `LazyStore.convert`. */
export function convertUser(db: Database, tables: Tables, conversion: Conversion): Promise<ConvertReport> {
  const { usersTable, sessionsTable, accountsTable, authenticatorsTable } = tables
  const { userId, set, passwordHash, link, session, by, onConvert } = conversion
  return refuseTakenIdentifiers(db, tables, set, userId, () =>
    db.transaction(async (tx) => {
      const [from] = await tx.select().from(usersTable).where(eq(usersTable.id, userId)).for("update")
      if (!from || !isLazyRow(from)) throw new NotLazyError("This user is not lazy (any more).")
      const [user] = await tx
        .update(usersTable)
        .set({ ...set, convertedAt: new Date() })
        .where(eq(usersTable.id, userId))
        .returning()
      if (!user) throw new NotLazyError("This user is gone.")
      if (passwordHash !== undefined) await writePassword(tx, tables, userId, passwordHash)
      if (link) await tx.insert(accountsTable).values({ ...link.account, userId })
      if (link?.authenticator) await tx.insert(authenticatorsTable).values({ ...link.authenticator, userId })
      const endedSessions = await endSessions(tx, tables, userId)
      if (session) await tx.insert(sessionsTable).values({ ...session, userId })
      await recordOutcomes(tx, tables, [{ outcome: "converted", by, since: from.lazySince as Date, users: 1 }])
      await onConvert?.({ tx, user, from, by })
      return { user, from, endedSessions }
    }),
  )
}

/** Stores a hash; the user has none yet. */
export async function writePassword(
  tx: Database,
  { passwordsTable }: Tables,
  userId: string,
  hash: string,
): Promise<void> {
  if (!passwordsTable) throw new LazySetupError(NO_PASSWORDS)
  await tx.insert(passwordsTable).values({ userId, hash, updatedAt: new Date() })
}

export const NO_PASSWORDS =
  'LazyAdapter: with your own usersTable, passwords need a passwordsTable. Add: export const passwords = pgTable("password", ' +
  '{ userId: text("userId").primaryKey().references(() => users.id, { onDelete: "cascade" }), hash: text("hash").notNull(), ' +
  'updatedAt: timestamp("updatedAt", { mode: "date", withTimezone: true }).notNull().defaultNow() }) ' +
  "(with userId of the type of users.id), and pass it as passwordsTable."

/**
 * Runs a transaction that writes a username or an address, and says which of them is taken if one is: before it, where a table has no
 * unique rule of its own, and after it, where somebody else was faster.
 * @throws IdentifierTakenError
 */
export async function refuseTakenIdentifiers<Result>(
  db: Database,
  tables: Tables,
  { username, email }: { username?: string | null; email?: string | null },
  ownerId: string,
  write: () => Promise<Result>,
): Promise<Result> {
  const refuse = async (cause?: unknown) => {
    if (username && (await isTaken(db, tables, { username }, ownerId)))
      throw new IdentifierTakenError("username", { cause })
    if (email && (await isTaken(db, tables, { email }, ownerId))) throw new IdentifierTakenError("email", { cause })
  }
  await refuse()
  try {
    return await write()
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) await refuse(error)
    throw error
  }
}

async function isTaken(
  db: Database,
  { usersTable }: Tables,
  identifier: Identifier,
  ownerId: string,
): Promise<boolean> {
  const others = await db
    .select({ id: usersTable.id })
    .from(usersTable)
    .where(and(identifiedBy(usersTable, identifier), ne(usersTable.id, ownerId)))
    .limit(1)
  return others.length > 0
}

/** The condition that picks the user with this username or address. */
export function identifiedBy(usersTable: Tables["usersTable"], identifier: Identifier) {
  return "username" in identifier
    ? eq(usersTable.username, identifier.username)
    : eq(usersTable.email, identifier.email)
}

/** See `LazyStore.createRealUser`. */
export function insertRealUser(
  db: Database,
  tables: Tables,
  id: string,
  row: Partial<UserRow>,
  passwordHash: string,
  session?: { sessionToken: string; expires: Date },
): Promise<UserRow> {
  return refuseTakenIdentifiers(db, tables, row, id, () =>
    db.transaction(async (tx) => {
      const [user] = await tx
        .insert(tables.usersTable)
        .values({ ...row, id })
        .returning()
      if (!user) throw new Error("The insert of a user returned no row.")
      await writePassword(tx, tables, user.id, passwordHash)
      if (session) await tx.insert(tables.sessionsTable).values({ ...session, userId: user.id })
      return user
    }),
  )
}
