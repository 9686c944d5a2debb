import { eq } from "drizzle-orm"
import { bigint, pgSchema, pgTable, text, uuid } from "drizzle-orm/pg-core"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, type LazyAdapterOptions, schema } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { HASH, ownSession, unique } from "../contract/fixtures.js"
import { drivers, type TestDatabase } from "../setup/databases.js"

const users = schema.usersTable
const apiKeys = pgTable("api_key", {
  key: text("key").primaryKey(),
  owner: text("owner")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" }),
})
const feeds = pgSchema("feeds").table("token", { token: text("token").primaryKey(), userId: text("user_id").notNull() })
const by = { provider: "convert", type: "credentials" }

describe.each(drivers)("credentials of the app on $driver", ({ open }) => {
  let database: TestDatabase
  let store: StoreInternals
  const left = async (table: string) => (await database.query(`select * from ${table}`)).length

  beforeAll(async () => {
    database = await open()
    await database.query(
      `create table api_key (key text primary key, owner text not null references "user" on delete cascade)`,
    )
    await database.query(
      `create table key_use (id int primary key, key text references api_key on delete cascade, "userId" text references "user" on delete cascade)`,
    )
    await database.query("create schema feeds")
    await database.query("create table feeds.token (token text primary key, user_id text not null)")
    await database.query(`create table note (text text, "userId" text references "user" on delete cascade)`)
    store = internals(LazyAdapter(database.db, { credentials: [apiKeys, feeds] }).lazy)
  })
  afterAll(() => database.close())
  afterEach(async () => {
    await database.query(`delete from feeds.token`)
    await database.query(`delete from "user"`)
  })

  /** Makes a lazy user whose cookie an attacker planted, and used to create API keys. */
  const planted = async (username = unique("guest")) => {
    const { user } = await store.createLazyUser({ generateName: () => username, session: ownSession(unique("t")) })
    await database.db.insert(apiKeys).values([
      { key: unique("key"), owner: user.id },
      { key: unique("key"), owner: user.id },
    ])
    await database.db.insert(feeds).values({ token: unique("feed"), userId: user.id })
    await database.query(`insert into note values ('kept', '${user.id}')`)
    return user
  }

  it("end when the lazy user converts, and are reported", async () => {
    const user = await planted()
    const report = await store.convert({ userId: user.id, set: { username: unique("ada") }, passwordHash: HASH, by })
    expect(report.credentials).toEqual({ api_key: 2, "feeds.token": 1 })
    expect([await left("api_key"), await left("feeds.token"), await left("note")]).toEqual([0, 0, 1])
  })

  it("end when it is merged, and are not moved", async () => {
    const user = await planted()
    const real = await store.createRealUser({ username: unique("ada"), passwordHash: HASH })
    await database.db.insert(apiKeys).values({ key: "of the real user", owner: real.id })
    const report = await store.merge(user.id, real.id)
    expect(report).toMatchObject({ moved: { note: 1 }, conflicts: {}, credentials: { api_key: 2, "feeds.token": 1 } })
    expect(await database.db.select().from(apiKeys)).toEqual([{ key: "of the real user", owner: real.id }])
    expect(await left("feeds.token")).toBe(0)
  })

  it("end when the address of a lazy user, or of one with a password, is proven", async () => {
    const user = await planted()
    await database.query(`update "user" set email = 'kept@example.com' where id = '${user.id}'`)
    await store.proveEmail(user.id)
    expect(await left("api_key")).toBe(0)

    const real = await store.createRealUser({ email: "ada@example.com", passwordHash: HASH })
    await database.db.insert(apiKeys).values({ key: "of whoever registered", owner: real.id })
    await store.proveEmail(real.id)
    expect(await left("api_key")).toBe(0)
  })

  it("stay with everything else when a hook throws", async () => {
    const user = await planted()
    const real = await store.createRealUser({ username: unique("ada"), passwordHash: HASH })
    const fail = () => {
      throw new Error("no")
    }
    await expect(store.convert({ userId: user.id, set: {}, by, onConvert: fail })).rejects.toThrow("no")
    await expect(store.merge(user.id, real.id, { onMerge: fail })).rejects.toThrow("no")
    expect([await left("api_key"), await left("feeds.token")]).toEqual([2, 1])
  })

  it("that the hook makes for the real user stay", async () => {
    const user = await planted()
    await store.convert({
      userId: user.id,
      set: {},
      by,
      onConvert: async ({ tx, user }) => void (await tx.insert(apiKeys).values({ key: "new", owner: user.id })),
    })
    expect(await database.db.select().from(apiKeys).where(eq(apiKeys.owner, user.id))).toHaveLength(1)
  })

  it("are missed before a merge where the database has no such table", async () => {
    const { lazy } = LazyAdapter(database.db, { credentials: [pgTable("gone", { userId: text("userId") })] })
    const user = await planted()
    const real = await store.createRealUser({ username: unique("ada"), passwordHash: HASH })
    await expect(lazy.merge(user.id, real.id)).rejects.toMatchObject({ code: "setup" })
    expect(await left("note")).toBe(1)
  })
})

describe("which column says whose they are", () => {
  const refusal = (credentials: unknown[], options: LazyAdapterOptions = {}) => {
    try {
      LazyAdapter({ constructor: {} } as never, { ...options, credentials: credentials as never })
      return null
    } catch (error) {
      return (error as { code?: string }).code === "setup" ? (error as Error).message : `not refused: ${error}`
    }
  }
  const reference = (name: string) => text(name).references(() => users.id)

  it.each([
    ["neither a key nor a name", pgTable("t", { owner: text("owner") })],
    ["two keys", pgTable("t", { madeBy: reference("made_by"), owner: reference("owner") })],
    ["a key to another table", pgTable("t", { key: text("key").references(() => apiKeys.key) })],
  ])("can't be told by %s", (_, table) => {
    expect(refusal([table])).toContain(`the user column of "t" can't be determined`)
  })

  it.each([
    ["that is too short", pgTable("t", { userId: text("userId"), id: uuid("id") }).id, "of type uuid"],
    ["of numbers", pgTable("t", { userId: bigint("userId", { mode: "number" }) }).userId, "of type bigint"],
    ["of Auth.js", schema.sessionsTable.userId, "belongs to Auth.js"],
    ["of the user table", users.id, "belongs to Auth.js"],
  ])("is refused where it is one %s", (_, column, why) => {
    expect(refusal([column])).toContain(why)
  })

  it.each([
    ["nothing", undefined],
    ["a name", "api_key"],
  ])("is refused where it is %s", (_, given) => {
    expect(refusal([given])).toContain("credentials[0] is neither a table")
  })

  it("can't be moved as a reference as well", () => {
    expect(refusal([apiKeys], { references: [apiKeys.owner] })).toContain("never move")
  })
})
