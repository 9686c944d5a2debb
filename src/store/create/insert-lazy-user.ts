import { and, getTableColumns, inArray, isSQLWrapper, sql } from "drizzle-orm"
import { commonTable } from "../sql/common-table.js"
import type { Database } from "../sql/database.js"
import { STATEMENT_NAME } from "../sql/query.js"
import { writtenUsers } from "../tables/legacy-hash.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isLazyUser } from "../tables/schema.js"
import { completeRow, type SessionRow, type UserRow } from "../tables/user-row.js"
import type { NewSession } from "../users/sessions.js"
import { insertLists, type RowValues, withDefaults } from "./insert-lists.js"

/** The rows that one statement inserted. */
export interface Made {
  user: UserRow
  session: SessionRow | undefined
}

export type InsertLazyUser = (
  user: Partial<UserRow>,
  rest: { session: NewSession | undefined; unless: string[] },
) => Promise<Made | undefined>

/**
 * Inserts a user and its session by one statement, unless a unique rule stops it or one of the ids
 * `unless` is a lazy user. Prepares a statement once for each set of columns, since building it
 * takes longer than running it.
 */
export function insertUserAndSession(db: Database, tables: Tables): InsertLazyUser {
  const { sessionsTable } = tables
  const build = creationStatement(db, tables)
  const userWithDefaults = withDefaults(writtenUsers(tables))
  const sessionWithDefaults = withDefaults(sessionsTable)
  const prepared = new Map<string, PreparedCreation>()
  return async (givenUser, { session: givenSession, unless }) => {
    const user = userWithDefaults(givenUser)
    const session = givenSession && sessionWithDefaults({ ...givenSession })
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

/**
 * Builds the statement from data-modifying CTEs:
 * https://www.postgresql.org/docs/current/queries-with.html
 */
function creationStatement(db: Database, tables: Tables) {
  const { usersTable, sessionsTable, activeUsers } = tables
  const userLists = insertLists(db, writtenUsers(tables))
  const sessionLists = insertLists(db, sessionsTable)
  return ({ user, session, unless }: CreationValues): CreationStatement => {
    const { columns, values } = userLists(user)
    const ids = sql`(${sql.join(
      unless.map((id) => sql.param(id, usersTable.id)),
      sql`, `,
    )})`
    // OFFSET 0 makes PostgreSQL look up the ids. Without statistics it would read all lazy users.
    const byId = sql`select ${isLazyUser(usersTable)} as is_lazy from ${usersTable} where ${and(inArray(usersTable.id, ids), activeUsers)} offset 0`
    const twin = sql`select 1 from (${byId}) as twin where twin.is_lazy`
    const condition = unless.length > 0 ? sql`where not exists (${twin})` : sql``
    const newUser = commonTable(
      db,
      "lazy_user",
      getTableColumns(usersTable),
      sql`insert into ${usersTable} (${columns}) select ${values} ${condition} on conflict do nothing returning *`,
    )
    if (!session) {
      const query = db.with(newUser).select().from(newUser)
      const made = ([user]: UserRow[]) => user && { user: completeRow(user), session: undefined }
      return {
        execute: async () => made(await query),
        prepare() {
          const statement = query.prepare(STATEMENT_NAME)
          return async (values) => made(await statement.execute(values))
        },
      }
    }
    const lists = sessionLists({ ...session, userId: newUser.id })
    const newSession = commonTable(
      db,
      "lazy_session",
      getTableColumns(sessionsTable),
      sql`insert into ${sessionsTable} (${lists.columns}) select ${lists.values} from ${newUser} returning *`,
    )
    const query = db.with(newUser, newSession).select().from(newUser).innerJoin(newSession, sql`true`)
    const made = ([row]: { lazy_user: UserRow; lazy_session: SessionRow }[]) =>
      row && { user: completeRow(row.lazy_user), session: row.lazy_session }
    return {
      execute: async () => made(await query),
      prepare() {
        const statement = query.prepare(STATEMENT_NAME)
        return async (values) => made(await statement.execute(values))
      },
    }
  }
}

/** Names the values of a statement as its placeholders. */
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
