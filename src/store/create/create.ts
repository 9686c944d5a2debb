import { and, eq, inArray, or } from "drizzle-orm"
import { LazySetupError, NameExhaustedError } from "../../errors.js"
import { newId } from "../../new-id.js"
import type { Database } from "../sql/database.js"
import { lockOf, readEngine } from "../sql/engine/engine.js"
import { retry, retryTransaction } from "../sql/transactions.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import { completeRow, isLazyRow, type UserRow } from "../tables/user-row.js"
import { changedRow, rowToInsert } from "../tables/written-row.js"
import { isClosed } from "../users/closed-user.js"
import type { NewSession } from "../users/sessions.js"
import { explainCreation, findObstacle, type NewUserRow } from "./explain-creation.js"
import { generatedEmail, NO_ADDRESS } from "./generated-email.js"
import { generateLazyName } from "./generated-name.js"
import { insertUserAndSession, type Made } from "./insert-lazy-user.js"
import type { CreateReport, LazyUserCandidates, NewLazyUser } from "./types.js"

const ATTEMPTS = 8

type EnsureLazyUser = (input: Omit<NewLazyUser, "id"> & LazyUserCandidates) => Promise<CreateReport>

const acceptsAll = () => true

/**
 * Finds the lazy user that has one of the ids, or inserts one under the first. Implements
 * `StoreInternals.ensureUser`.
 */
export function ensureLazyUser(db: Database, tables: Tables): EnsureLazyUser {
  const insert = insertUserAndSession(db, tables)
  return async (candidates) => {
    const { ids, successor = newId, accepts = acceptsAll, session } = candidates
    const { generateName = generateLazyName, generateEmail } = candidates
    let [id, twins] = [ids[0], ids.slice(1)]
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const username = await generatedName(generateName)
      const email = await generatedEmail(generateEmail, { id, username })
      if (email === null && tables.usersTable.email.notNull) throw new LazySetupError(NO_ADDRESS)
      const now = new Date()
      const row = rowToInsert(tables.usersTable, { id, username, email, lazySince: now, seenAt: now })
      const made = await insertOrExplain(() => insert(row, { session, unless: twins }), db, tables, row)
      if (made) {
        const refusal = otherRow(made.user, row) ?? changedRow(made.user, row)
        if (refusal) await undo(db, tables, made, row, refusal)
        return { created: true, ...made }
      }

      const there = await db
        .select()
        .from(tables.usersTable)
        .where(inArray(tables.usersTable.id, [id, ...twins]))
      const open: string[] = []
      for (const user of there) if (isLazyRow(user) && !isClosed(user) && (await accepts(user))) open.push(user.id)
      const lazy = open.length > 0 ? await attachSession(db, tables, open, session) : undefined
      if (lazy) return { created: false, ...lazy }
      // Never give out the id of a user who was converted or signed out meanwhile.
      if (
        there.some((user) => user.id === id) ||
        (there.length === 0 && (await findObstacle(db, tables, row)) === "id")
      )
        id = successor(id)
      if (there.length > 0) twins = []
    }
    throw new NameExhaustedError(`No free username after ${ATTEMPTS} tries. Let generateName choose from more names.`)
  }
}

async function generatedName(generateName: () => string | Promise<string>): Promise<string> {
  const name: unknown = await generateName()
  if (typeof name === "string" && name !== "") return name
  throw new LazySetupError(`generateName must return a name, not ${name === "" ? '""' : `a ${typeof name}`}.`)
}

async function insertOrExplain<Result>(
  insert: () => Promise<Result>,
  db: Database,
  tables: Tables,
  row: NewUserRow,
): Promise<Result> {
  try {
    return await retry(insert)
  } catch (error) {
    throw await explainCreation(db, tables, error, row)
  }
}

/** Deletes what was inserted when a trigger changed or replaced the row, and throws the refusal. */
async function undo(
  db: Database,
  { usersTable, sessionsTable }: Tables,
  { user, session }: Made,
  row: NewUserRow,
  refusal: LazySetupError,
): Promise<never> {
  if (session) await retry(() => db.delete(sessionsTable).where(eq(sessionsTable.sessionToken, session.sessionToken)))
  // On a view, a trigger can return the row of another user, which must stay.
  const isNew = or(eq(usersTable.id, row.id), eq(usersTable.username, row.username))
  await retry(() => db.delete(usersTable).where(and(eq(usersTable.id, user.id), isNew)))
  throw refusal
}

function otherRow(user: UserRow, row: NewUserRow): LazySetupError | undefined {
  if (user.id === row.id || user.username === row.username) return undefined
  return new LazySetupError(
    "LazyAdapter: a trigger of the user table returned the row of another user for the insert of a lazy user. " +
      "Let it insert a row for each lazy user, or raise an error.",
  )
}

/**
 * Gives an existing lazy user the session; undefined when none of the ids is a lazy user any more.
 */
async function attachSession(
  db: Database,
  { usersTable, sessionsTable, activeUsers }: Tables,
  ids: string[],
  session: NewSession | undefined,
): Promise<Made | undefined> {
  const lock = lockOf(await readEngine(db), "share")
  return retryTransaction(db, async (tx) => {
    // Aurora DSQL locks a row by its id alone. There is a second one only where it was asked for twice.
    for (const id of ids) {
      const [user] = await tx
        .select()
        .from(usersTable)
        .where(and(eq(usersTable.id, id), isLazyUser(usersTable), activeUsers))
        // Keeps a conversion or a sign-out, which end every session of the user, from slipping in
        // between.
        .for(lock)
      if (!user || isClosed(user)) continue
      completeRow(user)
      if (!session) return { user, session: undefined }
      const [attached] = await tx
        .insert(sessionsTable)
        .values({ ...session, userId: user.id })
        .returning()
      return { user, session: attached }
    }
    return undefined
  })
}
