import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { sqlState } from "../../src/store/sql/sql-state.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { PurgeProcess } from "./purge-process.js"
import { PurgeWorld } from "./purge-world.js"

const SECONDS = 8
const REAL = ["real-1", "real-2", "real-3"]
/** How many users come at a time. */
const TROOP = 120

/** What was done to a user before the purge came, or just after; and how many had come too late. */
interface Deed {
  done: string[]
  late: number
}

describe("purging while everybody else does everything to the same users", () => {
  let database: PostgresDatabase
  let client: postgres.Sql
  let adapter: LazyAdapter
  let store: StoreInternals
  let world: PurgeWorld

  beforeAll(async () => {
    database = await postgresDatabase()
    client = postgres(database.url, { max: 12, onnotice: () => {} })
    adapter = LazyAdapter(drizzle(client))
    store = internals(adapter.lazy)
    world = new PurgeWorld(database)
    for (const id of REAL) await world.realUser(id)
    await world.run(`
      alter table "user" add column inviter text references "user" on delete set null;
      create index on "user" (inviter);
      create table note (id serial primary key, owner text not null references "user" on delete cascade, body text);
      create index on note (owner);
      create table message (id serial primary key, sender text references "user" on delete cascade, receiver text references "user" on delete cascade, body text);
      create index on message (sender); create index on message (receiver);
      create table hold (owner text references "user"); create index on hold (owner)`)
  })
  afterAll(async () => {
    await client.end()
    await database.close()
  })

  let troops = 0
  /** Dead users, who write to and invite each other and real ones. Some can't be deleted. */
  const newTroop = async (): Promise<string[]> => {
    const troop = troops++
    await client.begin(async (tx) => {
      await tx`insert into "user" (id, username, "lazySince", "seenAt")
        select ${troop} || '-' || n, 'name of ' || ${troop} || '-' || n, now() - interval '50 days', now() - interval '40 days' + random() * interval '1 day'
        from generate_series(1, ${TROOP}) n`
      await tx`update "user" set inviter = ${troop} || '-' || (1 + floor(random() * ${TROOP})) where id like ${`${troop}-%`} and random() < 0.3`
      await tx`insert into note (owner) select ${troop} || '-' || n from generate_series(1, ${TROOP}) n, generate_series(1, 2)`
      await tx`insert into message (sender, receiver)
        select ${troop} || '-' || n, case when random() < 0.5 then ${troop} || '-' || (1 + floor(random() * ${TROOP})) else 'real-' || (1 + n % 3) end
        from generate_series(1, ${TROOP}) n, generate_series(1, 2)`
      await tx`insert into hold select ${troop} || '-' || n from generate_series(1, ${TROOP}, 10) n`
    })
    return Array.from({ length: TROOP }, (_, n) => `${troop}-${n + 1}`)
  }

  it(`lets nobody go who is real, alive or just converted, and nobody else run into a dead-lock, for ${SECONDS} seconds`, async () => {
    const deeds: Record<string, Deed> = {}
    const surprises: string[] = []
    /** Changes a user, or counts the attempt as late if the user is gone. */
    const attempt = async (name: string, id: string, work: () => Promise<unknown>) => {
      deeds[name] ??= { done: [], late: 0 }
      const deed = deeds[name]
      try {
        const result = await work()
        if (result === false) deed.late++
        else deed.done.push(id)
      } catch (error) {
        const isGone = (error as { code?: unknown }).code === "not_lazy" || sqlState(error) === "23503"
        if (isGone) deed.late++
        else surprises.push(`${name}: ${sqlState(error)} ${(error as Error).cause ?? error}`)
      }
    }
    const inAnHour = () => new Date(Date.now() + 3_600_000)
    const fresh: string[] = []
    const cameBackAs: string[] = []
    let tokens = 0
    const acts: ((id: string) => Promise<void>)[] = [
      (id) =>
        attempt("convert", id, () =>
          store.convert({ userId: id, set: { name: "Ada" }, by: { provider: "test", type: "oauth" } }),
        ),
      (id) => attempt("merge", id, () => store.merge(id, REAL[tokens++ % REAL.length] as string)),
      (id) =>
        attempt("sign in", id, async () =>
          adapter.createSession({ sessionToken: `token ${id}`, userId: id, expires: inAnHour() }),
        ),
      (id) => attempt("touch", id, () => store.touch({ userId: id }, 60)),
      (id) =>
        attempt("come back", id, async () => {
          const session = { sessionToken: `token ${id}`, expires: inAnHour() }
          const { user } = await store.ensureUser({
            ids: [id],
            generateName: () => `name ${tokens++} of ${id}`,
            session,
          })
          // Another one where the user went in between.
          cameBackAs.push(user.id)
        }),
      (id) => attempt("add a row", id, () => client`insert into note (owner) values (${id})`),
      (id) => attempt("delete", id, () => store.deleteLazyUser(id)),
      // Locks a row of a user first and then the user, the opposite order of the purge.
      (id) =>
        attempt("change a row and add one", id, () =>
          client.begin(async (tx) => {
            await tx`update note set body = 'changed' where owner = ${id}`
            await tx`insert into note (owner) values (${id})`
          }),
        ),
      (id) =>
        attempt("change messages", id, () =>
          client.begin(async (tx) => {
            await tx`update message set body = 'read' where receiver = ${id}`
            await tx`insert into message (sender, receiver) values ('real-1', ${id})`
          }),
        ),
    ]

    const purgers: PurgeProcess[] = [
      new PurgeProcess(database.url, { batchSize: 40 }, { again: true }),
      new PurgeProcess(database.url, { batchSize: 7 }, { again: true }),
      new PurgeProcess(database.url, { batchSize: 500, cascade: true }, { again: true }),
    ]
    const purgedSoFar = () => purgers.flatMap(({ reports }) => reports).reduce((total, { purged }) => total + purged, 0)
    const isRace = () =>
      purgedSoFar() > TROOP &&
      Object.entries(deeds).every(([name, { done, late }]) => done.length > 5 && (late > 5 || name === "come back"))
    await Promise.all(purgers.map((purger) => purger.line((line) => line === "ready")))
    const end = performance.now() + SECONDS * 1000
    const most = performance.now() + 120_000
    // A slow machine gets more time for the race, not less of a race to pass.
    while (performance.now() < end || (!isRace() && performance.now() < most)) {
      const ids = await newTroop()
      const order = ids.map((id, n) => ({
        id,
        act: acts[n % acts.length] as (id: string) => Promise<void>,
        at: Math.random(),
      }))
      order.sort((a, b) => a.at - b.at)
      // The first report may be of a purge that began before these users were there, the second is not.
      const reported = (purger: PurgeProcess) => purger.line((line) => line.includes("interrupted"))
      const once = purgers.map((purger) => ({ purger, first: reported(purger) }))
      const twice = once.map(({ purger, first }) => first.then(() => reported(purger)))
      const actOn = (from: number, to: number) => order.slice(from * TROOP, to * TROOP).map(({ id, act }) => act(id))
      await Promise.all([
        ...actOn(0, 0.5),
        Promise.race(once.map(({ first }) => first)).then(() => Promise.all(actOn(0.5, 0.75))),
        Promise.race(twice).then(() => Promise.all(actOn(0.75, 1))),
        store.createLazyUser({ generateName: () => `fresh ${tokens++}` }).then(({ user }) => fresh.push(user.id)),
      ])
    }
    await Promise.all(purgers.map((purger) => purger.end("SIGTERM")))
    await store.purge()

    expect(surprises).toEqual([])
    // A purge gives way to a transaction that holds a row, and never deadlocks with it.
    const failed = purgers.flatMap(({ reports }) => reports).flatMap(({ failed }) => failed)
    expect(failed.filter(({ message }) => !message.includes("lock timeout"))).toEqual([])
    const there = new Map(
      (await client`select id, "convertedAt" is not null as real from "user"`).map(({ id, real }) => [id, real]),
    )
    const missing = (ids: string[]) => ids.filter((id) => !there.has(id))
    expect(missing(REAL)).toEqual([])
    expect(missing(fresh)).toEqual([])
    for (const name of ["convert", "sign in", "touch"]) expect(missing(deeds[name]?.done ?? [])).toEqual([])
    expect(deeds.convert?.done.filter((id) => there.get(id) !== true)).toEqual([])
    expect(missing(cameBackAs)).toEqual([])
    expect(deeds.merge?.done.filter((id) => there.has(id))).toEqual([])

    // All of it was a race indeed.
    expect(purgedSoFar()).toBeGreaterThan(TROOP)
    expect(Object.keys(deeds)).toHaveLength(acts.length)
    for (const [name, { done, late }] of Object.entries(deeds)) {
      expect(done.length, name).toBeGreaterThan(5)
      if (name !== "come back") expect(late, name).toBeGreaterThan(5)
    }
  }, 240_000)
})
