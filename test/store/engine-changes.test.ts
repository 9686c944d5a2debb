import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { LazyAdapter, migrate } from "../../src/drizzle.js"
import { internals } from "../../src/store/lazy-store.js"
import { emptyPostgres, type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { engineClient } from "../setup/engine-client.js"
import { type EngineProfile, profiles, wholeOnCitus } from "../setup/engine-profiles.js"
import { MergeWorld } from "./merge-world.js"

let database: PostgresDatabase
let world: MergeWorld
beforeAll(async () => {
  database = await postgresDatabase()
  world = new MergeWorld(database)
})
afterEach(() => world.reset())
afterAll(() => database.close())

const PLAIN: EngineProfile = { name: "PostgreSQL", says: [], refuses: [] }
const CITUS = profiles.find(({ name }) => name === "Citus") as EngineProfile
/** The coordinator of Citus deletes no row itself, so that its statistics stay as they are. */
const COUNTS_NOTHING: EngineProfile["says"] = [[/pg_catalog\.pg_stat_get_xact_tuples_deleted\(oid\)/g, "0::int8"]]

/** Connects an app to a server that can become another one while the app runs. */
function running(start: EngineProfile = PLAIN, client = database.sql) {
  const now = { ...start }
  const db = drizzle(engineClient(client, now))
  return { db, store: internals(LazyAdapter(db).lazy), become: (next: EngineProfile) => void Object.assign(now, next) }
}

/** Adds a lazy user and a real one, and a note of the lazy one. */
async function people() {
  const { from, into } = await world.people()
  await world.run(`create table if not exists note (id int generated always as identity primary key, owner text references "user" on delete cascade);
    insert into note (owner) values ('${from}')`)
  return { from, into }
}

/** Adds a lazy user who would take another user along. */
async function inviter(): Promise<string> {
  const { from, other } = await world.people()
  await world.run(`alter table "user" add column if not exists inviter text references "user" on delete cascade;
    update "user" set inviter = '${from}' where id = '${other}'`)
  return from
}

const onCitus = { message: expect.stringContaining("on Citus: its tables are spread over machines") }

describe("Citus that is put to use while the app runs", () => {
  it.each([
    { before: "without the extension", start: PLAIN },
    { before: "with the extension, which managed no table", start: wholeOnCitus.local },
  ])("refuses what it lacks, $before", async ({ start }) => {
    const { store, become } = running(start)
    const first = await people()
    expect(await store.merge(first.from, first.into)).toMatchObject({ moved: { note: 1 } })
    expect(await store.deleteLazyUser((await people()).from)).toBe(true)
    expect(await store.purge()).toMatchObject({ purged: 0 })

    become(CITUS)
    const { from, into } = await people()
    const before = await world.everything()
    await expect(store.merge(from, into)).rejects.toMatchObject({ ...onCitus, code: "merge_unsupported" })
    await expect(store.purge()).rejects.toMatchObject(onCitus)
    await expect(store.adopt({ where: sql`false` })).rejects.toMatchObject(onCitus)
    const { details } = await store.stats({ details: true })
    expect(details?.heldBack).toEqual({ unknown: expect.stringContaining("on Citus") })
    expect(await world.everything()).toEqual(before)
  })

  it("works with reference tables, and with its tables moved back to one machine", async () => {
    const { store, become } = running()
    const merge = async () => {
      const { from, into } = await people()
      return store.merge(from, into)
    }
    await merge()
    for (const profile of [wholeOnCitus.reference, CITUS, wholeOnCitus.local, CITUS, PLAIN]) {
      become(profile)
      if (profile === CITUS) await expect(merge()).rejects.toMatchObject(onCitus)
      else expect(await merge()).toMatchObject({ moved: { note: 1 } })
    }
  })

  it("takes no other user along with a deleted one, which its coordinator would not count", async () => {
    for (const [start, next] of [
      [PLAIN, wholeOnCitus.reference],
      [wholeOnCitus.local, wholeOnCitus.reference],
    ] as const) {
      const { store, become } = running(start)
      await store.deleteLazyUser((await people()).from)
      become({ ...next, says: [...next.says, ...COUNTS_NOTHING] })
      const id = await inviter()
      await expect(store.deleteLazyUser(id)).rejects.toMatchObject({ code: "other_users" })
      expect(await world.count(`"user" where id = '${id}' or inviter = '${id}'`)).toBe(2)
      await world.reset()
    }
  })

  it("is no other engine to hooks: a merge that begins again calls onMerge once", async () => {
    const { store, become } = running()
    const first = await people()
    await store.merge(first.from, first.into)
    become(wholeOnCitus.reference)
    const { from, into } = await people()
    let called = 0
    await store.merge(from, into, { onMerge: () => void called++ })
    expect(called).toBe(1)
  })
})

describe("a database that has what tells Aurora DSQL from PostgreSQL", () => {
  /** Plays the only database of Aurora DSQL by its name. */
  const namedPostgres: EngineProfile = {
    ...PLAIN,
    says: [[/(?:pg_catalog\.)?current_database\(\)/g, "'postgres'::text"]],
  }
  const plant = `create schema sys; create table sys.iam_pg_role_mappings (arn text)`

  it.each([
    { name: "of another name", profile: PLAIN },
    { name: "of the same name", profile: namedPostgres },
  ])("is PostgreSQL by its foreign keys or its name: one $name", async ({ profile }) => {
    await world.run(plant)
    const { store } = running(profile)
    const { from, into } = await people()
    expect(await store.merge(from, into)).toMatchObject({ moved: { note: 1 } })
    expect(await store.purge()).toMatchObject({ purged: 0 })
    expect(await store.deleteLazyUser((await people()).from)).toBe(true)
    expect(await store.adopt({ where: sql`false` })).toMatchObject({ adopted: 0 })
  })

  it("works for a role that may not enter that schema", async () => {
    await world.run(plant)
    const { role, url } = await plainRole()
    const client = postgres(url, { max: 1, onnotice: () => {} })
    onTestFinished(() => client.end())
    expect(await client`select has_schema_privilege('sys', 'usage') as may`).toEqual([{ may: false }])
    const { store } = running(PLAIN, client)
    const { from, into } = await people()
    await database.query(`grant all on all tables in schema public to ${role}`)
    expect(await store.merge(from, into)).toMatchObject({ moved: { note: 1 } })
  })

  /** Makes a role without rights of its own, and the address by which it connects. */
  async function plainRole() {
    const role = `engine_${crypto.randomUUID().slice(0, 8)}`
    await database.query(`create role ${role} login password '${role}'`)
    onTestFinished(async () => void (await database.query(`drop owned by ${role}; drop role ${role}`)))
    const url = new URL(database.url)
    Object.assign(url, { username: role, password: role })
    return { role, url: url.href }
  }

  it("is asked again before it is refused, once it has a foreign key", async () => {
    const empty = await emptyPostgres()
    onTestFinished(() => empty.close())
    await empty.sql.unsafe(plant)
    const { db } = running(namedPostgres, empty.sql)
    await expect(migrate(db)).rejects.toThrow("on Aurora DSQL")
    await empty.sql.unsafe("create table one (id int primary key); create table two (one int references one)")
    expect((await migrate(db)).applied).not.toEqual([])
  })
})

it("a connection that counts no deleted rows any more counts them beforehand", async () => {
  const client = postgres(database.url, { max: 1, onnotice: () => {} })
  onTestFinished(() => client.end())
  const { store } = running(PLAIN, client)
  const first = await people()
  await store.merge(first.from, first.into)
  await client`set track_counts = off`
  const { from, into } = await people()
  expect(await store.merge(from, into)).toMatchObject({ moved: { note: 1 } })
  await expect(store.deleteLazyUser(await inviter())).rejects.toMatchObject({ code: "other_users" })
  expect(await store.deleteLazyUser((await people()).from)).toBe(true)
})

it("merges and deletions ask for the engine once for a client, and each purge and adoption anew", async () => {
  let asked = 0
  const debug = (_connection: number, text: string) => void (text.includes("version()") && asked++)
  const client = postgres(database.url, { max: 1, onnotice: () => {}, debug })
  onTestFinished(() => client.end())
  const { lazy } = LazyAdapter(drizzle(client))
  for (let n = 0; n < 2; n++) {
    const { from, into } = await people()
    await lazy.merge(from, into)
    await lazy.deleteLazyUser((await people()).from)
  }
  expect(asked).toBe(1)
  await lazy.purge()
  await lazy.adopt({ where: sql`false` })
  expect(asked).toBe(3)
})

it("a question that fails fails its own purge, and no merge at the same moment", async () => {
  const { store, become } = running()
  const first = await people()
  await store.merge(first.from, first.into)
  const { from, into } = await people()
  become({ ...PLAIN, refuses: [{ pattern: /version\(\)/, what: "This question failed.", code: "54001" }] })
  const [purged, merged] = await Promise.allSettled([store.purge(), store.merge(from, into)])
  expect(purged).toMatchObject({ status: "rejected" })
  expect(merged).toMatchObject({ status: "fulfilled", value: { moved: { note: 1 } } })
})
