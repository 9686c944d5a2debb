import { and, eq, getTableColumns, inArray, isSQLWrapper, or, sql } from "drizzle-orm"
import { v7 as uuidv7 } from "uuid"
import { LazySetupError, NameExhaustedError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { STATEMENT_NAME } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import { isLazyRow, rowToInsert, type SessionRow, type UserRow } from "../tables/user-row.js"
import { changedRow } from "../tables/written-row.js"
import { isClosed } from "../users/close-lazy-user.js"
import type { NewSession } from "../users/sessions.js"
import { explainCreation, findObstacle, type NewUserRow } from "./explain-creation.js"
import { generatedEmail, NO_ADDRESS } from "./generated-email.js"
import { generateLazyName } from "./generated-name.js"
import { insertLists, type RowValues, withDefaults } from "./insert-lists.js"
import type { CreateReport, LazyUserCandidates, NewLazyUser } from "./types.js"

const ATTEMPTS = 8

type EnsureLazyUser = (input: Omit<NewLazyUser, "id"> & LazyUserCandidates) => Promise<CreateReport>

/** Finds the lazy user that has one of the ids, or inserts one under the first; see `StoreInternals.ensureUser`. */
export function ensureLazyUser(db: Database, tables: Tables): EnsureLazyUser {
  const insert = insertUserAndSession(db, tables)
  return async ({ ids, successor = () => uuidv7(), generateName = generateLazyName, generateEmail, session }) => {
    let [id, twins] = [ids[0], ids.slice(1)]
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const username = await generatedName(generateName)
      const email = await generatedEmail(generateEmail, { id, username })
      if (email === null && tables.usersTable.email.notNull) throw new LazySetupError(NO_ADDRESS)
      const now = new Date()
      const row = rowToInsert({ id, username, email, lazySince: now, seenAt: now })
      const made = await insertOrExplain(() => insert(row, { session, unless: twins }), db, tables, row)
      if (made) {
        const refusal = otherRow(made.user, row) ?? changedRow(made.user, row)
        if (refusal) await undo(db, tables, made, row, refusal)
        return { ...made, created: true }
      }

      const there = await db
        .select()
        .from(tables.usersTable)
        .where(inArray(tables.usersTable.id, [id, ...twins]))
      const open = there.filter((user) => isLazyRow(user) && !isClosed(user)).map((user) => user.id)
      const lazy = open.length > 0 ? await attachSession(db, tables, open, session) : undefined
      if (lazy) return { ...lazy, created: false }
      // Never give out the id of a user who was converted or signed out meanwhile.
      if (
        there.some((user) => user.id === id) ||
        (there.length === 0 && (await findObstacle(db, tables, row)) === "id")
      )
        id = successor(id)
      if (there.length > 0) twins = []
    }
    throw new NameExhaustedError(`No free username after ${ATTEMPTS} tries: let generateName draw from more names.`)
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
    return await insert()
  } catch (error) {
    throw await explainCreation(db, tables, error, row)
  }
}

/** Deletes what was inserted, where a trigger changed or replaced the row, and says so. */
async function undo(
  db: Database,
  { usersTable, sessionsTable }: Tables,
  { user, session }: Made,
  row: NewUserRow,
  refusal: LazySetupError,
): Promise<never> {
  if (session) await db.delete(sessionsTable).where(eq(sessionsTable.sessionToken, session.sessionToken))
  // In front of a view, a trigger can return the row of another user, who is there to stay.
  const isNew = or(eq(usersTable.id, row.id), eq(usersTable.username, row.username))
  await db.delete(usersTable).where(and(eq(usersTable.id, user.id), isNew))
  throw refusal
}

function otherRow(user: UserRow, row: NewUserRow): LazySetupError | undefined {
  if (user.id === row.id || user.username === row.username) return undefined
  return new LazySetupError(
    "LazyAdapter: a trigger of the user table answered the insertion of a lazy user by the row of another user. " +
      "Let it insert a row for each lazy user, and raise an error where it can't.",
  )
}

/** What one statement made. */
interface Made {
  user: UserRow
  session: SessionRow | undefined
}

type Create = (
  user: Partial<UserRow>,
  rest: { session: NewSession | undefined; unless: string[] },
) => Promise<Made | undefined>

/**
 * One statement: the user, unless a unique rule stops it or one of the `unless` ids is a lazy user already, and then its session. Built and
 * prepared once for each set of columns that is written, of which there are a few: building it takes longer than running it.
 */
function insertUserAndSession(db: Database, tables: Tables): Create {
  const { usersTable, sessionsTable } = tables
  const build = creationStatement(db, tables)
  const prepared = new Map<string, PreparedCreation>()
  return async (givenUser, { session: givenSession, unless }) => {
    const user = withDefaults(usersTable, givenUser)
    const session = givenSession && withDefaults(sessionsTable, { ...givenSession })
    const values = valuesOf({ user, session, unless })
    // A `$default` function may return an expression, which is no value to be bound.
    if (Object.values(values).some((value) => isSQLWrapper(value))) return build({ user, session, unless }).execute()
    const shape = Object.keys(values)
      .map((name) => (values[name] === null ? `${name} is null` : name))
      .join()
    const statement =
      prepared.get(shape) ??
      build({
        user: placeholders("user", user),
        session: session && placeholders("session", session),
        unless: Object.values(placeholders("twin", unless)),
      }).prepare()
    prepared.set(shape, statement)
    return statement(values)
  }
}

type PreparedCreation = (values: RowValues) => Promise<Made | undefined>

/** The values of a statement, or placeholders for them. */
interface CreationValues {
  user: RowValues
  session: RowValues | undefined
  unless: unknown[]
}

interface CreationStatement {
  execute: () => Promise<Made | undefined>
  prepare: () => PreparedCreation
}

/** Both inserts are data-modifying CTEs, see https://www.postgresql.org/docs/current/queries-with.html */
function creationStatement(db: Database, { usersTable, sessionsTable, activeUsers }: Tables) {
  const userLists = insertLists(db, usersTable)
  const sessionLists = insertLists(db, sessionsTable)
  return ({ user, session, unless }: CreationValues): CreationStatement => {
    const { columns, values } = userLists(user)
    const ids = sql`(${sql.join(
      unless.map((id) => sql.param(id, usersTable.id)),
      sql`, `,
    )})`
    // By id alone, behind a fence: of a table without statistics the planner would take all lazy users for a handful, and walk through them.
    const byId = sql`select ${isLazyUser(usersTable)} as is_lazy from ${usersTable} where ${and(inArray(usersTable.id, ids), activeUsers)} offset 0`
    const twin = sql`select 1 from (${byId}) as twin where twin.is_lazy`
    const condition = unless.length > 0 ? sql`where not exists (${twin})` : sql``
    const newUser = db
      .$with("lazy_user", getTableColumns(usersTable))
      .as(sql`insert into ${usersTable} (${columns}) select ${values} ${condition} on conflict do nothing returning *`)
    if (!session) {
      const query = db.with(newUser).select().from(newUser)
      const made = ([user]: UserRow[]) => user && { user, session: undefined }
      return {
        execute: async () => made(await query),
        prepare() {
          const statement = query.prepare(STATEMENT_NAME)
          return async (values) => made(await statement.execute(values))
        },
      }
    }
    const lists = sessionLists({ ...session, userId: newUser.id })
    const newSession = db
      .$with("lazy_session", getTableColumns(sessionsTable))
      .as(sql`insert into ${sessionsTable} (${lists.columns}) select ${lists.values} from ${newUser} returning *`)
    const query = db.with(newUser, newSession).select().from(newUser).innerJoin(newSession, sql`true`)
    const made = ([row]: { lazy_user: UserRow; lazy_session: SessionRow }[]) =>
      row && { user: row.lazy_user, session: row.lazy_session }
    return {
      execute: async () => made(await query),
      prepare() {
        const statement = query.prepare(STATEMENT_NAME)
        return async (values) => made(await statement.execute(values))
      },
    }
  }
}

/** The values of a statement by the names of their placeholders. */
function valuesOf({ user, session = {}, unless }: CreationValues): RowValues {
  const values: RowValues = {}
  for (const name in user) values[`user_${name}`] = user[name]
  for (const name in session) values[`session_${name}`] = session[name]
  for (const [position, id] of unless.entries()) values[`twin_${position}`] = id
  return values
}

const placeholders = (prefix: string, values: RowValues | unknown[]): RowValues =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value === null ? null : sql.placeholder(`${prefix}_${name}`)]),
  )

/** Gives a lazy user that is there already the session; undefined when none of the ids is a lazy user any more. */
function attachSession(
  db: Database,
  { usersTable, sessionsTable, activeUsers }: Tables,
  ids: string[],
  session: NewSession | undefined,
): Promise<Made | undefined> {
  return db.transaction(async (tx) => {
    const [user] = await tx
      .select()
      .from(usersTable)
      .where(and(inArray(usersTable.id, ids), isLazyUser(usersTable), activeUsers))
      .limit(1)
      // Keeps a conversion or a sign-out, which end every session of the user, from slipping in
      // between.
      .for("share")
    if (!user || isClosed(user)) return undefined
    if (!session) return { user, session: undefined }
    const [attached] = await tx
      .insert(sessionsTable)
      .values({ ...session, userId: user.id })
      .returning()
    return { user, session: attached }
  })
}
