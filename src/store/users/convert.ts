import { and, eq, getTableColumns, ne } from "drizzle-orm"
import { IdentifierTakenError, LazyError, LazySetupError, NotLazyError } from "../../errors.js"
import type { UserIdentifier } from "../identifiers/active-users.js"
import { identifiedBy } from "../identifiers/active-users.js"
import { findRefusal, refusalError, type WrittenUser } from "../identifiers/refused-writes.js"
import { requireUniqueRules } from "../identifiers/require-unique.js"
import type { Database } from "../sql/database.js"
import { sqlState, UNIQUE_VIOLATION } from "../sql/sql-state.js"
import { retryTransaction } from "../sql/transactions.js"
import { brokenConstraint } from "../sql/violation.js"
import { endCredentials } from "../tables/app-credentials.js"
import { writtenUsers } from "../tables/legacy-hash.js"
import { requireRoomForProof, writtenUser } from "../tables/proof-column.js"
import type { Tables } from "../tables/resolve-tables.js"
import { completeRow, isLazyRow, type UserRow } from "../tables/user-row.js"
import { refuseChangedRow, rowToInsert } from "../tables/written-row.js"
import type { Conversion, ConvertReport } from "./conversion.js"
import { removeLegacyHash } from "./legacy-password.js"
import { recordOutcomes } from "./outcomes.js"
import { endSessions } from "./sessions.js"

/** Implements `StoreInternals.convert`. */
export async function convertUser(db: Database, tables: Tables, conversion: Conversion): Promise<ConvertReport> {
  const { usersTable, sessionsTable, accountsTable, authenticatorsTable } = tables
  const { userId, passwordHash, link, session, by, onConvert } = conversion
  const set = withoutUnfitting(usersTable, conversion.set)
  // The new address is unproven, even if the old one was proven.
  if (set.email != null && set.emailVerified === undefined) set.emailVerified = null
  requireRoomForProof(usersTable, set)
  return refuseTakenIdentifiers(db, tables, { ...set, passwordHash }, userId, () =>
    retryTransaction(db, async (tx) => {
      const isUser = and(eq(usersTable.id, userId), tables.activeUsers)
      const [from] = await tx.select().from(usersTable).where(isUser).for("update")
      if (!from || !isLazyRow(completeRow(from))) throw new NotLazyError("This user is not lazy, or not any more.")
      const written = { ...set, convertedAt: new Date() }
      const [user] = await tx
        .update(usersTable)
        .set(writtenUser(usersTable, written))
        .where(eq(usersTable.id, userId))
        .returning()
      if (!user) throw new NotLazyError("This user is gone.")
      refuseChangedRow(completeRow(user), written)
      if (passwordHash !== undefined) await writePassword(tx, tables, userId, passwordHash)
      // No sign-in has accepted the password of a lazy user.
      await removeLegacyHash(tx, tables, userId)
      if (link) await tx.insert(accountsTable).values({ ...link.account, userId })
      if (link?.authenticator) await tx.insert(authenticatorsTable).values({ ...link.authenticator, userId })
      const endedSessions = await endSessions(tx, tables, userId)
      const credentials = await endCredentials(tx, tables, userId)
      const [made] = session
        ? await tx
            .insert(sessionsTable)
            .values({ ...session, userId })
            .returning()
        : []
      await recordOutcomes(tx, tables, [{ outcome: "converted", by, since: from.lazySince as Date, users: 1 }])
      await onConvert?.({ tx, user, from, by })
      return { user, from, endedSessions, ...(made && { session: made }), ...(credentials && { credentials }) }
    }),
  )
}

/** Stores a hash; the user has none yet. */
async function writePassword(tx: Database, { passwordsTable }: Tables, userId: string, hash: string): Promise<void> {
  if (!passwordsTable) throw new LazySetupError(NO_PASSWORDS)
  await tx.insert(passwordsTable).values({ userId, hash, updatedAt: new Date() })
}

export const NO_PASSWORDS =
  'LazyAdapter: with your own usersTable, passwords need a passwordsTable. Add: export const passwords = pgTable("password", ' +
  '{ userId: text("userId").primaryKey().references(() => users.id, { onDelete: "cascade" }), hash: text("hash").notNull(), ' +
  'updatedAt: timestamp("updatedAt", { mode: "date", withTimezone: true }).notNull().defaultNow() }) ' +
  "(with userId of the type of users.id), and pass it as passwordsTable."

/**
 * Drops a name or picture that is too long for its column. The row keeps its own, and the
 * conversion goes on.
 */
function withoutUnfitting(usersTable: Tables["usersTable"], { ...set }: Conversion["set"]): Conversion["set"] {
  for (const property of ["name", "image"] as const) {
    const { length } = (usersTable[property] as { length?: unknown } | undefined) ?? {}
    if (typeof length === "number" && [...(set[property] ?? "")].length > length) delete set[property]
  }
  return set
}

/**
 * Runs a transaction that writes a username or an address, and reports which of them is taken or
 * refused. Before the write, looks for duplicates that no unique rule covers. Afterwards, reads
 * the error, for concurrent requests and rules such as one on `lower(email)`.
 * @throws IdentifierTakenError
 * @throws IdentifierInvalidError
 * @throws LazySetupError where no unique rule guards what is written, or a rule or a column refuses
 * every user
 */
async function refuseTakenIdentifiers<Result>(
  db: Database,
  tables: Tables,
  written: WrittenUser,
  ownerId: string,
  write: () => Promise<Result>,
): Promise<Result> {
  const { username, email } = written
  await requireUniqueRules(db, tables, written)
  const refuse = async (cause?: unknown) => {
    if (username && (await isTaken(db, tables, { username }, ownerId)))
      throw new IdentifierTakenError("username", { cause })
    if (email && (await isTaken(db, tables, { email }, ownerId))) throw new IdentifierTakenError("email", { cause })
  }
  try {
    await refuse()
    return await write()
  } catch (error) {
    if (error instanceof LazyError) throw error
    const refusal = await findRefusal(db, tables, error, written)
    // Some poolers and triggers don't name the rule.
    if (!refusal && sqlState(error) === UNIQUE_VIOLATION && !brokenConstraint(error)?.constraint) await refuse(error)
    throw refusal ? refusalError(refusal, error) : error
  }
}

async function isTaken(db: Database, tables: Tables, identifier: UserIdentifier, ownerId: string): Promise<boolean> {
  const { usersTable } = tables
  const others = await db
    .select({ id: usersTable.id })
    .from(usersTable)
    .where(and(identifiedBy(tables, identifier), ne(usersTable.id, ownerId)))
    .limit(1)
  return others.length > 0
}

/** Implements `StoreInternals.createRealUser`. */
export function insertRealUser(
  db: Database,
  tables: Tables,
  row: Partial<UserRow> & { id: string },
  passwordHash: string,
  session?: { sessionToken: string; expires: Date },
): Promise<UserRow> {
  return refuseTakenIdentifiers(db, tables, { ...row, passwordHash }, row.id, () =>
    retryTransaction(db, async (tx) => {
      const values = rowToInsert(tables.usersTable, row)
      const columns = getTableColumns(tables.usersTable)
      const [user] = await tx.insert(writtenUsers(tables)).values(values).returning(columns)
      if (!user)
        throw new LazySetupError(
          "LazyAdapter: a trigger or a rule of the user table drops the rows of new users. Let it insert them.",
        )
      refuseChangedRow(completeRow(user), values)
      await writePassword(tx, tables, user.id, passwordHash)
      if (session) await tx.insert(tables.sessionsTable).values({ ...session, userId: user.id })
      return user
    }),
  )
}
