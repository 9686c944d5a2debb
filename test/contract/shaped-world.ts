import { count, eq, inArray, type SQL, sql } from "drizzle-orm"
import type { Database, LazyAdapter, schema } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { HASH, newUser, ownSession, unique } from "./fixtures.js"
import { openShape } from "./open-shape.js"
import type { AppOptions, TableShape } from "./table-shapes.js"

const DAY_MS = 24 * 60 * 60 * 1000

/** Makes people in a database with the tables of a shape. */
export class ShapedWorld {
  readonly adapter: LazyAdapter
  readonly store: StoreInternals
  /** The tables; undefined for those that the shape leaves out. */
  readonly tables: typeof schema
  readonly hasSessions: boolean

  private constructor(
    readonly db: Database,
    /** Runs what a test writes itself; no engine is played. */
    readonly own: Database,
    readonly close: () => Promise<void>,
    private readonly shape: TableShape,
  ) {
    this.adapter = shape.adapt(db)
    this.store = internals(this.adapter.lazy)
    this.tables = (shape.tables ?? shape.definitions) as unknown as typeof schema
    this.hasSessions = hasTable(shape, "sessionsTable")
  }

  static async open(shape: TableShape): Promise<ShapedWorld> {
    const { db, own, close } = await openShape(shape)
    return new ShapedWorld(db, own, close, shape)
  }

  /** Makes the adapter with other options. */
  with(options: AppOptions): LazyAdapter {
    return this.shape.adapt(this.db, options)
  }

  /** Options with which a shape that requires an e-mail address makes a user. */
  get naming() {
    const generateEmail = () => `${unique("lazy")}@lazy.invalid`
    return {
      generateName: () => unique("guest"),
      generateEmail: this.shape.emailRequired ? generateEmail : undefined,
    }
  }

  /** Makes a session if the app stores them. Its token is a UUID, which every column type takes. */
  session = () => (this.hasSessions ? ownSession(crypto.randomUUID()) : undefined)

  async lazyUser(session = this.session(), { lazy }: LazyAdapter = this.adapter) {
    return (await lazy.createLazyUser({ ...this.naming, session })).user
  }

  /** Makes a real user with a password. */
  realUser({ username = unique("real"), email }: { username?: string; email?: string } = {}) {
    const address = email ?? (this.shape.emailRequired ? `${username}@example.com` : undefined)
    return this.store.createRealUser({ username, email: address, passwordHash: HASH, session: this.session() })
  }

  /** Makes a real user through the adapter, as Auth.js does. */
  userOfAuth = () => this.adapter.createUser(newUser())

  async passwordOf(userId: string): Promise<string | null> {
    const { passwordsTable } = this.tables
    const [row] = await this.own.select().from(passwordsTable).where(eq(passwordsTable.userId, userId))
    return row?.hash ?? null
  }

  async sessionsOf(userId: string): Promise<string[]> {
    const { sessionsTable } = this.tables
    if (!this.hasSessions) return []
    const rows = await this.own.select().from(sessionsTable).where(eq(sessionsTable.userId, userId))
    return rows.map(({ sessionToken }) => sessionToken).toSorted()
  }

  /** Reads all rows of a user, to compare before and after. */
  async stateOf(userId: string) {
    return {
      user: await this.adapter.getUser(userId),
      password: await this.passwordOf(userId),
      sessions: await this.sessionsOf(userId),
    }
  }

  async countUsers(): Promise<number> {
    return (await this.own.select({ users: count() }).from(this.tables.usersTable))[0]?.users ?? Number.NaN
  }

  /** Sets when lazy users were last seen, or null for never, and when they were made. */
  async age(ids: string[], days: number, seen: "seen" | "unseen" = "seen"): Promise<void> {
    const { usersTable } = this.tables
    const then = new Date(Date.now() - days * DAY_MS)
    const times = { seenAt: seen === "seen" ? then : null, lazySince: then }
    await this.own.update(usersTable).set(times).where(inArray(usersTable.id, ids))
  }

  /** Returns those of the users who exist. */
  async thereOf(ids: string[]): Promise<string[]> {
    const there = await Promise.all(ids.map(async (id) => ((await this.adapter.getUser(id)) ? [id] : [])))
    return there.flat()
  }

  /** Returns the type of a user's id and a reference to users, for the tables of an app. */
  get user(): { type: SQL; table: SQL } {
    const { usersTable } = this.tables
    return { type: sql.raw(usersTable.id.getSQLType()), table: sql`${usersTable}` }
  }

  /** Makes a table of the app whose column `owner` refers to users. */
  async create(name: string, rest = "", onDelete = "on delete cascade"): Promise<void> {
    const { type, table } = this.user
    const columns = sql`owner ${type} references ${table} ${sql.raw(`${onDelete} ${rest}`)}`
    await this.own.execute(sql`create table ${sql.identifier(name)} (${columns})`)
  }

  /** Runs a statement about tables of the app. */
  async run(statement: SQL): Promise<Record<string, unknown>[]> {
    const result: unknown = await this.own.execute(statement)
    return [...(result as Record<string, unknown>[])]
  }

  /** Reads the owners in a table of the app. */
  async ownersIn(name: string): Promise<unknown[]> {
    return (await this.run(sql`select owner from ${sql.identifier(name)} order by 1`)).map(({ owner }) => owner)
  }
}

/** Tells whether a shape has a table that some apps leave out. */
export function hasTable({ definitions }: TableShape, name: keyof typeof schema): boolean {
  return name in definitions
}
