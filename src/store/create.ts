import { and, getTableColumns, inArray, sql } from "drizzle-orm"
import { v7 as uuidv7 } from "uuid"
import { NameExhaustedError } from "../errors.js"
import { insertLists } from "./insert-lists.js"
import type { CreateReport, Database, NewLazyUser, NewSession } from "./lazy-store.js"
import { isLazyUser } from "./schema.js"
import type { Tables } from "./tables.js"
import type { UserRow } from "./user-row.js"

const ATTEMPTS = 8

type EnsureLazyUser = (
  input: Omit<NewLazyUser, "id"> & { ids: readonly [string, ...string[]] },
) => Promise<CreateReport>

/** Finds the lazy user that has one of the ids, or inserts one under the first; see `LazyStore.ensureUser`. */
export function ensureLazyUser(db: Database, tables: Tables): EnsureLazyUser {
  const insert = insertUserAndSession(db, tables)
  return async ({ ids, generateName, generateEmail, session }) => {
    let [id, twins] = [ids[0], ids.slice(1)]
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const username = await generateName()
      const email = (await generateEmail?.({ id, username })) ?? null
      const now = new Date()
      const user = await insert({ id, username, email, lazySince: now, seenAt: now }, { session, unless: twins })
      if (user) return { user, created: true }

      const there = await db
        .select()
        .from(tables.usersTable)
        .where(inArray(tables.usersTable.id, [id, ...twins]))
      const ids = there.map((user) => user.id)
      const lazy = ids.length > 0 ? await attachSession(db, tables, ids, session) : undefined
      if (lazy) return { user: lazy, created: false }
      // The id belongs to a user who has become real meanwhile: no id that can be derived again is safe now.
      if (there.length > 0) [id, twins] = [uuidv7(), []]
    }
    throw new NameExhaustedError(`No free username after ${ATTEMPTS} tries: let generateName draw from more names.`)
  }
}

/**
 * One statement: the user, unless a unique rule stops it or one of the `unless` ids is a lazy user already, and then its session.
 * Both inserts are data-modifying CTEs, see https://www.postgresql.org/docs/current/queries-with.html
 */
function insertUserAndSession(db: Database, { usersTable, sessionsTable }: Tables) {
  const userLists = insertLists(db, usersTable)
  const sessionLists = insertLists(db, sessionsTable)
  return async (
    row: Partial<UserRow>,
    { session, unless }: { session?: NewSession; unless: string[] },
  ): Promise<UserRow | undefined> => {
    const user = userLists(row)
    const twin = sql`select 1 from ${usersTable} where ${and(inArray(usersTable.id, unless), isLazyUser(usersTable))}`
    const condition = unless.length > 0 ? sql`where not exists (${twin})` : sql``
    const newUser = db
      .$with("lazy_user", getTableColumns(usersTable))
      .as(
        sql`insert into ${usersTable} (${user.columns}) select ${user.values} ${condition} on conflict do nothing returning *`,
      )
    if (!session) return (await db.with(newUser).select().from(newUser))[0]

    const { columns, values } = sessionLists({ ...session, userId: newUser.id })
    const newSession = db
      .$with("lazy_session", getTableColumns(sessionsTable))
      .as(sql`insert into ${sessionsTable} (${columns}) select ${values} from ${newUser} returning *`)
    return (await db.with(newUser, newSession).select().from(newUser))[0]
  }
}

/** Gives a lazy user that is there already the session; undefined when none of the ids is a lazy user any more. */
function attachSession(
  db: Database,
  { usersTable, sessionsTable }: Tables,
  ids: string[],
  session: NewSession | undefined,
): Promise<UserRow | undefined> {
  return db.transaction(async (tx) => {
    const [user] = await tx
      .select()
      .from(usersTable)
      .where(and(inArray(usersTable.id, ids), isLazyUser(usersTable)))
      .limit(1)
      // So that a conversion, which ends every session of the user, can't slip in between.
      .for("key share")
    if (user && session) await tx.insert(sessionsTable).values({ ...session, userId: user.id })
    return user
  })
}
