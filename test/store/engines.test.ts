import { readFileSync } from "node:fs"
import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/postgres-js"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { checkServer, readServer } from "../../src/doctor/server/read-server.js"
import { doctor } from "../../src/doctor.js"
import { LazyAdapter, migrate } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { type EngineOperation, LACKS } from "../../src/store/sql/engine/engine-lacks.js"
import { newAccount } from "../contract/fixtures.js"
import { Conflicts, conflictingClient } from "../setup/conflicting-client.js"
import { emptyPostgres, type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { engineClient } from "../setup/engine-client.js"
import { type EngineProfile, profiles, wholeOnCitus } from "../setup/engine-profiles.js"
import { MergeWorld } from "./merge-world.js"

const by = { provider: "test", type: "credentials" }
const expires = new Date(Date.now() + 86_400_000)

/** Tells whether an engine is known to lack what an operation needs. */
const refuses = ({ name }: Pick<EngineProfile, "name">, operation: EngineOperation): boolean =>
  LACKS[name as keyof typeof LACKS]?.[operation] !== undefined

let database: PostgresDatabase
let world: MergeWorld
beforeAll(async () => {
  database = await postgresDatabase()
  world = new MergeWorld(database)
})
afterEach(() => world.reset())
afterAll(() => database.close())

const playing = (profile: EngineProfile) => drizzle(engineClient(database.sql, profile))
const storeOf = (profile: EngineProfile): StoreInternals => internals(LazyAdapter(playing(profile)).lazy)

/** Adds lazy users who were last seen 90 days ago, each with a note of the same table. */
async function addOldUsers(...ids: string[]): Promise<void> {
  await world.run(
    `create table if not exists note (id int primary key, owner text references "user" on delete cascade)`,
  )
  const old = `now() - interval '90 days'`
  for (const id of ids)
    await world.run(
      `insert into "user" (id, "lazySince", "seenAt") values ('${id}', ${old}, ${old}); insert into note values (ascii('${id}'), '${id}')`,
    )
}

/** Runs each operation on rows of its own. */
const RUN: Record<EngineOperation, (store: StoreInternals) => Promise<unknown>> = {
  async adopt(store) {
    await world.run(`insert into "user" (id, email) values ('g', 'guest-1@example.com'), ('r', 'ada@example.com')`)
    return store.adopt({ where: sql`email like 'guest-%'` })
  },
  async delete(store) {
    await addOldUsers("d")
    return store.deleteLazyUser("d")
  },
  async merge(store) {
    const { from, into } = await world.people()
    await world.run(`create table cart (id int primary key, owner text unique references "user");
      create table item (id int primary key, cart int references cart on delete cascade);
      create table note (id int primary key, owner text references "user");
      insert into cart values (1, '${from}'), (2, '${into}'); insert into item values (1, 1), (2, 2);
      insert into note values (1, '${from}'), (2, '${from}'); insert into session values ('s', '${from}', now())`)
    return store.merge(from, into, { onMerge: ({ tx }) => tx.execute(sql`select 1`).then(() => {}) })
  },
  async migrate() {
    throw new Error("Needs an empty database.")
  },
  async purge(store) {
    await addOldUsers("a", "b", "c")
    return store.purge({ limit: 2 })
  },
}

const DONE: Record<EngineOperation, unknown> = {
  adopt: expect.objectContaining({ adopted: 1, failures: 0 }),
  delete: true,
  merge: expect.objectContaining({ moved: { note: 2, item: 1 }, conflicts: { cart: 1 } }),
  migrate: undefined,
  purge: expect.objectContaining({ purged: 2, deleted: { note: 2 }, failures: 0 }),
}

const OPERATIONS: readonly EngineOperation[] = ["adopt", "delete", "merge", "migrate", "purge"]
const onRows = OPERATIONS.filter((operation) => operation !== "migrate").map((operation) => ({ operation }))

/** Expects a refusal by the name of the engine, from the operation that `start` begins. */
async function expectRefusal(name: string, start: () => Promise<unknown>): Promise<void> {
  const error: unknown = await start().then(
    () => undefined,
    (error) => error,
  )
  expect(error).toMatchObject({ code: expect.stringMatching(/^(setup|merge_unsupported)$/) })
  expect((error as Error).message).toContain(`on ${name}`)
}

describe.each(profiles)("on what $name has of PostgreSQL, by profile", (profile) => {
  it("a lazy user is made, found again, seen, converted, given a password, signed out and counted", async () => {
    const store = storeOf(profile)
    const session = { sessionToken: crypto.randomUUID(), expires }
    const { user } = await store.createLazyUser({ session })
    const second = { sessionToken: crypto.randomUUID(), expires }
    const found = await store.ensureUser({ ids: [crypto.randomUUID(), user.id], session: second })
    expect(found).toMatchObject({ created: false, user: { id: user.id }, session: second })
    expect(await store.touch({ session: { ...session, expires: new Date(+expires + 1000) } }, 0)).toBe(true)
    const { user: real, endedSessions } = await store.convert({
      userId: user.id,
      set: { username: "ada", email: "ada@example.com" },
      passwordHash: "$argon2id$1",
      by,
    })
    expect(endedSessions).toBe(2)
    expect(real).toMatchObject({ id: user.id, username: "ada", convertedAt: expect.any(Date) })
    expect(await store.setPassword(user.id, "$argon2id$2")).toBe(true)
    expect(await store.proveEmail(user.id)).toMatchObject({ passwordRemoved: true })
    expect(await store.linkByAddress(user.id, newAccount(user.id))).toMatchObject({ id: user.id })
    const { user: other } = await store.createLazyUser()
    await expect(store.convert({ userId: other.id, set: { username: "ada" }, by })).rejects.toMatchObject({
      code: "identifier_taken",
    })
    await store.closeLazyUser(other.id)
    expect(await store.stats()).toMatchObject({ conversionRate: 0.5 })
  })

  it("statistics of no user at all are given", async () => {
    expect(await storeOf(profile).stats()).toMatchObject({ lazyUsers: 0 })
  })

  it("the details of the statistics say who is held back, or that the engine has no purge", async () => {
    await addOldUsers("a", "b")
    // A key without ON DELETE holds a user back, and is followed by a recursive query.
    await world.run(`create table chain (id int primary key, owner text references "user");
      insert into chain values (1, 'a')`)
    const { details } = await storeOf(profile).stats({ details: true })
    expect(details?.cohorts.length).toBeGreaterThan(0)
    expect(details?.heldBack).toEqual(
      refuses(profile, "purge")
        ? { unknown: expect.stringContaining(`on ${profile.name}`) }
        : expect.objectContaining({ due: 2, referredTo: 1, tables: { chain: 1 } }),
    )
  })

  it("the doctor names the engine, and what it refuses", async () => {
    const findings = checkServer(await readServer(playing(profile), `"user"`))
    const message = findings.find(({ code }) => code === "engine")?.message ?? ""
    expect(message).toContain(profile.name)
    const [, refused = ""] = message.match(/It refuses to (.*)\. Compare/) ?? []
    for (const operation of OPERATIONS) expect(refused.includes(operation)).toBe(refuses(profile, operation))
    expect(findings.map(({ code, fix }) => [code, fix.includes("purge")])).toEqual([
      ["engine", !refuses(profile, "purge")],
    ])
    const report = await doctor({ db: playing(profile) })
    expect(report.findings.map(({ code }) => code)).toContain("engine")
  })

  it.each(onRows)(
    "$operation works, or is refused by the engine's name before it changes anything",
    async ({ operation }) => {
      if (!refuses(profile, operation)) return expect(await RUN[operation](storeOf(profile))).toEqual(DONE[operation])
      let before: unknown
      const refusing = new Proxy(storeOf(profile), {
        get:
          (store, name) =>
          async (...args: unknown[]) => {
            before = await world.everything()
            return (Reflect.get(store, name) as (...args: unknown[]) => unknown)(...args)
          },
      })
      await expectRefusal(profile.name, () => RUN[operation](refusing))
      expect(await world.everything()).toEqual(before)
    },
  )

  it("the default tables are made, or are refused by the engine's name before it changes anything", async () => {
    const fresh = await emptyPostgres()
    try {
      const db = drizzle(engineClient(fresh.sql, profile))
      if (refuses(profile, "migrate")) await expectRefusal(profile.name, () => migrate(db))
      else expect((await migrate(db)).applied).not.toEqual([])
      const made = await fresh.query("select from pg_class where relname = 'user'")
      expect(made.length).toBe(refuses(profile, "migrate") ? 0 : 1)
    } finally {
      await fresh.close()
    }
  })
})

describe("on an engine that lacks what no documentation tells", () => {
  /** YugabyteDB without something else that a statement mentions. */
  const without = (pattern: RegExp): EngineProfile => {
    const profile = profiles.find(({ name }) => name === "YugabyteDB") as EngineProfile
    const refusal = { what: "not supported", pattern, code: "0A000" }
    return { ...profile, refuses: [...profile.refuses, refusal] }
  }

  it.each([
    { lack: "locks of the purge", pattern: /skip locked/ },
    { lack: "the count beforehand", pattern: /count\(\*\)::float8 as rows/ },
    { lack: "the deletion", pattern: /purge_removed as/ },
    { lack: "the statistics of outcomes", pattern: /insert into "lazyOutcome"/i },
  ])("a purge ends with one refusal for want of $lack, and nobody fails by themselves", async ({ pattern }) => {
    await addOldUsers("a", "b", "c")
    const before = await world.everything()
    await expectRefusal("YugabyteDB", () => storeOf(without(pattern)).purge({ batchSize: 2 }))
    expect(await world.everything()).toEqual(before)
  })

  it("the details of the statistics are given but for who is held back", async () => {
    const { details } = await storeOf(without(/authjs_lazy_aged/)).stats({ details: true })
    expect(details?.heldBack).toEqual({ unknown: expect.stringContaining("YugabyteDB lacks something") })
  })

  it("adopting ends with one refusal, and nobody is adopted", async () => {
    await expectRefusal("YugabyteDB", () => RUN.adopt(storeOf(without(/authjs_lazy_given/))))
    expect(await world.count(`"user" where "lazySince" is not null`)).toBe(0)
  })

  it("a conversion is refused by the engine's name, and rolled back", async () => {
    const store = storeOf(without(/insert into "password"/))
    const { user } = await store.createLazyUser()
    const set = { username: "ada" }
    await expectRefusal("YugabyteDB", () => store.convert({ userId: user.id, set, passwordHash: "$argon2id$1", by }))
    expect(await world.count(`"user" where username = 'ada'`)).toBe(0)
  })

  it("on PostgreSQL, a trigger that raises such an error fails its own user alone", async () => {
    await addOldUsers("a", "b")
    await database.query(`create or replace function no_way() returns trigger language plpgsql as $$ begin
      if old.owner = 'a' then raise exception sqlstate '0A000' using message = 'not a'; end if; return old; end $$;
      create trigger no_way before delete on note for each row execute function no_way()`)
    const store = internals(LazyAdapter(drizzle(database.sql)).lazy)
    expect(await store.purge()).toMatchObject({ purged: 1, failures: 1, failed: [{ userId: "a" }] })
  })
})

it("a purge whose commits fail at random deletes everyone, each counted once", async () => {
  const ids = Array.from({ length: 20 }, (_, n) => String.fromCharCode(97 + n))
  await addOldUsers(...ids)
  const conflicts = new Conflicts(20261129)
  const { lazy } = LazyAdapter(drizzle(conflictingClient(database.sql, conflicts)))
  const called: string[] = []
  const onPurge = ({ userIds }: { userIds: string[] }) => void called.push(...userIds)
  expect(await lazy.purge({ dryRun: true, batchSize: 3 })).toMatchObject({ purged: 20, failures: 0 })
  expect(await lazy.purge({ batchSize: 3, onPurge })).toMatchObject({ purged: 20, deleted: { note: 20 }, failures: 0 })
  expect(new Set(called)).toEqual(new Set(ids))
  expect(await world.count(`"lazyOutcome" where outcome = 'purged'`)).toBeGreaterThan(0)
  expect((await world.run(`select sum(users)::int as n from "lazyOutcome"`))[0]?.n).toBe(20)
  expect(conflicts.failed).toBeGreaterThan(2)
})

describe("on Citus, where tables are whole on each machine", () => {
  it("the doctor says that nothing is refused with reference tables", async () => {
    const [finding] = checkServer(await readServer(playing(wholeOnCitus.reference), `"user"`))
    expect(finding).toMatchObject({ code: "engine", fix: "npx authjs-lazy purge --dry-run" })
    expect(finding?.message).not.toContain("refuses")
  })

  it.each(onRows)(
    "$operation works with reference tables, which Citus copies to all machines",
    async ({ operation }) => {
      expect(await RUN[operation](storeOf(wholeOnCitus.reference))).toEqual(DONE[operation])
    },
  )

  it("an installation that manages no table is PostgreSQL: the server counts deleted rows", async () => {
    const { engine } = await readServer(playing(wholeOnCitus.local), `"user"`)
    expect(engine).toEqual({ name: "PostgreSQL", countsRows: true })
    expect(await RUN.purge(storeOf(wholeOnCitus.local))).toEqual(DONE.purge)
  })
})

it("which engine it is, is asked at most once for a client and its transactions", async () => {
  const asked: string[] = []
  const logger = { logQuery: (text: string) => void (text.includes("version()") && asked.push(text)) }
  const store = internals(LazyAdapter(drizzle(database.sql, { logger })).lazy)
  const { from, into } = await world.people()
  await store.merge(from, into)
  await addOldUsers("a")
  await store.purge()
  const { user } = await store.createLazyUser()
  await store.convert({ userId: user.id, set: {}, by })
  expect(asked.length).toBeLessThan(2)
})

describe("the table of docs/engines.md", () => {
  const page = readFileSync(new URL("../../docs/engines.md", import.meta.url), "utf8")
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split(" | "))

  it.each(profiles)("names each operation that is always refused on $name", ({ name }) => {
    const [, , refused = ""] = rows.find(([engine]) => engine?.includes(name)) ?? []
    const named = [...refused.matchAll(/`(\w+)`/g)].map(([, method]) => method?.replace("deleteLazyUser", "delete"))
    expect(named.sort()).toEqual(OPERATIONS.filter((operation) => refuses({ name }, operation)))
  })

  it("has a row for each engine that lacks something", () => {
    for (const name of Object.keys(LACKS)) expect(rows.filter(([engine]) => engine?.includes(name))).not.toEqual([])
  })
})
