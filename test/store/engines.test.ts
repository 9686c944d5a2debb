import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/postgres-js"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { checkServer, readServer } from "../../src/doctor/server/read-server.js"
import { LazyAdapter } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { engineClient } from "../setup/engine-client.js"
import { profiles } from "../setup/engine-profiles.js"
import { MergeWorld } from "./merge-world.js"

const by = { provider: "test", type: "credentials" }
const expires = new Date(Date.now() + 86_400_000)

describe.each(profiles)("on what $name has of PostgreSQL, by profile", (profile) => {
  let database: PostgresDatabase
  let world: MergeWorld
  let store: StoreInternals
  beforeAll(async () => {
    database = await postgresDatabase()
    world = new MergeWorld(database)
    store = internals(LazyAdapter(drizzle(engineClient(database.sql, profile))).lazy)
  })
  afterEach(() => world.reset())
  afterAll(() => database.close())

  it("a lazy user is made, seen, converted, given a password, signed out and counted", async () => {
    const session = { sessionToken: crypto.randomUUID(), expires }
    const { user } = await store.createLazyUser({ session })
    expect(await store.touch({ session: { ...session, expires: new Date(+expires + 1000) } }, 0)).toBe(true)
    const { user: real } = await store.convert({
      userId: user.id,
      set: { username: "ada" },
      passwordHash: "$argon2id$1",
      by,
    })
    expect(real).toMatchObject({ id: user.id, username: "ada", convertedAt: expect.any(Date) })
    expect(await store.setPassword(user.id, "$argon2id$2")).toBe(true)
    const { user: closed } = await store.createLazyUser()
    await store.closeLazyUser(closed.id)
    expect(await store.stats()).toMatchObject({ conversionRate: 0.5 })
  })

  it("the doctor names the engine", async () => {
    const findings = checkServer(await readServer(drizzle(engineClient(database.sql, profile))))
    expect(findings.find(({ code }) => code === "engine")?.message).toContain(profile.name)
  })

  /** Runs work that the engine can do, or refuses before anything is changed. */
  async function doneOrRefused<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    const before = await world.everything()
    try {
      return await work()
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^(setup|merge_unsupported)$/) })
      expect((error as Error).message).toContain(profile.name)
      expect(await world.everything()).toEqual(before)
      return undefined
    }
  }

  it("a merge moves all rows, or is refused by the engine's name before it changes anything", async () => {
    const { from, into } = await world.people()
    await world.run(`create table cart (id int primary key, owner text unique references "user");
      create table item (id int primary key, cart int references cart on delete cascade);
      create table note (id int primary key, owner text references "user");
      insert into cart values (1, '${from}'), (2, '${into}'); insert into item values (1, 1), (2, 2);
      insert into note values (1, '${from}'), (2, '${from}'); insert into session values ('s', '${from}', now())`)
    const report = await doneOrRefused(() =>
      store.merge(from, into, { onMerge: ({ tx }) => tx.execute(sql`select 1`).then(() => {}) }),
    )
    expect(report !== undefined).toBe(MERGES.includes(profile.name))
    if (report) expect(report).toMatchObject({ moved: { note: 2, item: 1 }, conflicts: { cart: 1 } })
  })

  it("a purge and a deletion count what goes, or are refused by the engine's name", async () => {
    await world.run(`create table note (id int primary key, owner text references "user" on delete cascade)`)
    const old = `now() - interval '90 days'`
    for (const id of ["a", "b", "c"])
      await world.run(
        `insert into "user" (id, "lazySince", "seenAt") values ('${id}', ${old}, ${old}); insert into note values (ascii('${id}'), '${id}')`,
      )
    const report = await doneOrRefused(() => store.purge({ limit: 2 }))
    expect(report !== undefined).toBe(PURGES.includes(profile.name))
    if (report) expect(report).toMatchObject({ purged: 2, deleted: { note: 2 } })
    const deleted = await doneOrRefused(() => store.deleteLazyUser("c"))
    if (deleted) expect(await world.count("note where owner = 'c'")).toBe(0)
  })
})

/** The engines on which merges and purges work, as docs/engines.md has it. */
const MERGES = ["CockroachDB", "YugabyteDB"]
const PURGES = MERGES
