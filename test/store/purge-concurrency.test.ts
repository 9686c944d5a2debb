import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { type Database, LazyAdapter, type PurgeReport } from "../../src/drizzle.js"
import { readPurgeGraph } from "../../src/store/deletion/graph.js"
import type { StoreInternals } from "../../src/store/lazy-store.js"
import { internals } from "../../src/store/lazy-store.js"
import { deleting, removeUsers } from "../../src/store/purge/deleting.js"
import { lockCandidates, nextCandidates } from "../../src/store/purge/find-users.js"
import { resolvePurgeOptions } from "../../src/store/purge/options.js"
import { queryRows } from "../../src/store/sql/query.js"
import { resolveTables } from "../../src/store/tables/resolve-tables.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { PurgeProcess } from "./purge-process.js"
import { PurgeWorld } from "./purge-world.js"

const by = { provider: "test", type: "credentials" }

describe("purging while others are at work", () => {
  let database: PostgresDatabase
  let world: PurgeWorld
  let store: StoreInternals

  beforeAll(async () => {
    database = await postgresDatabase()
    world = new PurgeWorld(database)
    store = world.store()
  })
  afterEach(() => world.reset())
  afterAll(() => database.close())

  /** Resolves when some connection waits for a lock. */
  const somebodyWaits = async () => {
    for (;;) {
      const [row] = await database.sql`
        select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      if (row?.n > 0) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  it("keeps who is alive by the database's clock where that of this process is ahead", async () => {
    await world.deadUser("dead")
    await world.deadUser("seen", { seen: "now() - interval '1 day'" })
    await world.deadUser("signed-in")
    await world.session("signed-in", "now() + interval '20 days'")
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 40 * 24 * 60 * 60 * 1000 })
    onTestFinished(() => void vi.useRealTimers())
    expect(await store.purge()).toMatchObject({ purged: 1, failures: 0 })
    expect(await world.users()).toEqual(["seen", "signed-in"])
  })

  describe("on users it has found, and not locked yet", () => {
    /** True for nobody, and stops at each user as long as the test holds the lock. */
    const stop = sql`pg_advisory_xact_lock_shared(42)::text <> ''`

    /**
     * Starts a purge, and does the work after the purge has read the users, whose state then
     * changes.
     */
    const purgeAround = async (work: () => Promise<unknown>, options = {}): Promise<PurgeReport> => {
      let purge: Promise<PurgeReport> | undefined
      await database.sql.begin(async (holder) => {
        await holder`select pg_advisory_xact_lock(42)`
        purge = store.purge({ keep: () => stop, ...options })
        await somebodyWaits()
        await work()
      })
      return purge as Promise<PurgeReport>
    }

    it("lets a conversion win that races the purge", async () => {
      await world.deadUsers(3)
      const report = await purgeAround(() => store.convert({ userId: "d2", set: { name: "Ada" }, by }))
      expect(report).toMatchObject({ purged: 2, skipped: {}, failures: 0 })
      expect(await world.users()).toEqual(["d2"])
    })

    it("lets a merge win that races the purge", async () => {
      await world.deadUsers(3)
      await world.realUser("real")
      const report = await purgeAround(() => store.merge("d2", "real"))
      expect(report).toMatchObject({ purged: 2, skipped: {}, failures: 0 })
      expect(await world.users()).toEqual(["real"])
    })

    it.each([{}, { onPurge: () => {} }])("keeps a user who signs in at that moment (%o)", async (options) => {
      await world.deadUsers(3)
      const session = { sessionToken: "token", userId: "d2", expires: new Date(Date.now() + 60_000) }
      const report = await purgeAround(async () => LazyAdapter(database.db).createSession(session), options)
      expect(report).toMatchObject({ purged: 2, deleted: {}, skipped: {}, failures: 0 })
      expect(await world.users()).toEqual(["d2"])
      expect(await world.count("session")).toBe(1)
    })

    it("keeps a user who is seen at that moment", async () => {
      await world.deadUsers(3)
      const report = await purgeAround(() => store.touch({ userId: "d2" }, 60))
      expect(report).toMatchObject({ purged: 2, failures: 0 })
      expect(await world.users()).toEqual(["d2"])
    })

    it("never hands a user to onPurge who has become alive", async () => {
      await world.deadUsers(3)
      let handed: string[] = []
      await purgeAround(() => world.session("d2", "now() + interval '1 hour'"), {
        onPurge({ userIds }: { userIds: string[] }) {
          handed = userIds
        },
      })
      expect(handed).toEqual(["d1", "d3"])
    })

    it("does not wait for a user who is being converted", async () => {
      await world.deadUsers(3)
      await store.convert({
        userId: "d2",
        set: { name: "Ada" },
        by,
        onConvert: async () => {
          expect(await store.purge()).toMatchObject({ purged: 2, skipped: {}, failures: 0 })
        },
      })
      expect(await world.users()).toEqual(["d2"])
    })

    it("does not wait for a user to whom a row is being added", async () => {
      await world.deadUsers(3)
      await world.run(`create table note (owner text references "user" on delete cascade)`)
      await database.sql.begin(async (other) => {
        await other`insert into note values ('d2')`
        expect(await store.purge()).toMatchObject({ purged: 2, skipped: {}, failures: 0 })
      })
      expect(await world.count("note")).toBe(1)
    })

    it("skips a user to whom a row was added that holds back, after it had looked for such rows", async () => {
      await world.deadUsers(3)
      await world.run(`create table post (id text primary key, owner text references "user" on delete cascade);
        create table hold (post text references post); insert into post values ('p2', 'd2')`)
      // The purge finds the post locked by the transaction that adds the row, and waits.
      let purge: Promise<PurgeReport> | undefined
      await database.sql.begin(async (other) => {
        await other`insert into hold values ('p2')`
        purge = store.purge()
        await somebodyWaits()
      })
      expect(await purge).toMatchObject({ purged: 2, skipped: { hold: 1 }, failures: 0 })
      expect(await world.users()).toEqual(["d2"])
    })
  })

  describe("who hold locks on what hangs on the users", () => {
    beforeEach(async () => {
      await world.deadUsers(20)
      await world.run(`create table note (id int primary key, owner text references "user" on delete cascade);
        insert into note select substr(id, 2)::int, id from "user"`)
    })

    it("gives way soon, takes the others, and says who stayed", async () => {
      await database.sql.begin(async (other) => {
        await other`select from note where owner = 'd7' for update`
        const report = await store.purge()
        expect(report).toMatchObject({ purged: 19, deleted: { note: 19 }, failures: 1 })
        expect(report.failed).toEqual([{ userId: "d7", message: expect.stringContaining("lock timeout") }])
      })
      expect(await store.purge()).toMatchObject({ purged: 1, failures: 0 })
    })

    it("gives way to whoever waits for a user of it, instead of being in a dead-lock with them", async () => {
      const others = postgres(database.url, { max: 10 })
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, n) => `d${n + 1}`).map((id) =>
          others
            .begin(async (other) => {
              await other`update note set id = id + 1000 where owner = ${id}`
              const purging = store.purge({ batchSize: 4, limit: 12 })
              await other`insert into note values (${2000 + Number(id.slice(1))}, ${id})`
              return purging
            })
            .then(
              ({ failed }) => failed.map(({ message }) => message),
              (error) => [error.code],
            ),
        ),
      )
      await others.end()
      // The later transaction fails because the user is gone, and neither sees a deadlock.
      for (const outcome of outcomes.flat()) expect(outcome).toMatch(/^23503$|lock timeout/)
      expect(await store.purge()).toMatchObject({ failures: 0 })
      expect(await world.users()).toEqual([])
    })

    it("does so although its own transaction would wait for longer", async () => {
      const patient = postgres(database.url, { max: 1, connection: { lock_timeout: 60_000 } as never })
      await database.sql.begin(async (other) => {
        await other`select from note where owner = 'd7' for update`
        expect(await LazyAdapter(drizzle(patient)).lazy.purge()).toMatchObject({ purged: 19, failures: 1 })
      })
      await patient.end()
    })
  })

  describe("who wait for nothing", () => {
    const isHeld = `select from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`

    /** Holds a batch open in its hook, or when its users are deleted, while something is done. */
    const holdOpen = {
      "in its hook": async (work: () => Promise<void>) => {
        let release = () => {}
        const released = new Promise<void>((resolve) => {
          release = resolve
        })
        let purge: Promise<PurgeReport> | undefined
        await new Promise<void>((opened) => {
          purge = store.purge({
            onPurge: () => {
              opened()
              return released
            },
          })
        })
        await work().finally(release)
        return purge
      },
      "after its users were deleted": async (work: () => Promise<void>) => {
        await world.run(`create or replace function hold() returns trigger language plpgsql 
            -- A purge waits for no lock as long as this.
            set lock_timeout = 0 as 'begin perform pg_advisory_xact_lock(43); return null; end';
          create trigger hold after delete on "user" for each row when (old.id = 'd3') execute function hold()`)
        let purge: Promise<PurgeReport> | undefined
        await database.sql.begin(async (holder) => {
          await holder`select pg_advisory_xact_lock(43)`
          purge = store.purge()
          while ((await database.query(isHeld)).length === 0);
          await work()
        })
        return purge
      },
    }

    it.each(Object.entries(holdOpen))(
      "sign in, are seen and convert while a batch is held open %s",
      async (_, hold) => {
        await world.deadUsers(3)
        await world.realUser("real")
        for (const id of ["seen", "convert", "merge", "delete"]) await world.aliveUser(id)
        await world.session("seen", "now() + interval '1 hour'")
        await world.run(`update "user" set "seenAt" = now() - interval '1 day' where id = 'seen';
        create table note (owner text references "user" on delete cascade); create index on note (owner);
        insert into note select id from "user"`)
        const impatient = postgres(database.url, { max: 1, connection: { lock_timeout: 500 } as never })
        const adapter = LazyAdapter(drizzle(impatient))
        const { getSessionAndUser, createSession } = adapter
        const lazy = internals(adapter.lazy)
        const [expires, later] = [1, 2].map((hours) => new Date(Date.now() + hours * 3_600_000)) as [Date, Date]
        const report = await hold(async () => {
          const session = { sessionToken: "fresh", expires }
          const { user } = await lazy.createLazyUser({ generateName: () => "fresh", session })
          expect(await getSessionAndUser("fresh")).toMatchObject({ user: { id: user.id } })
          expect((await getSessionAndUser("token of seen"))?.user.id).toBe("seen")
          expect(await lazy.touch({ session: { sessionToken: "token of seen", expires: later } }, 60)).toBe(true)
          expect((await lazy.convert({ userId: "convert", set: { name: "Ada" }, by })).user.name).toBe("Ada")
          expect((await lazy.merge("merge", "real")).moved).toEqual({ note: 1 })
          expect(await lazy.deleteLazyUser("delete")).toBe(true)
          await createSession({ sessionToken: "of real", userId: "real", expires })
        })
        await impatient.end()
        expect(report).toMatchObject({ purged: 3, deleted: { note: 3 }, failures: 0 })
        expect(await world.users()).toHaveLength(4)
      },
    )
  })

  describe("and the connection is lost", () => {
    let doomed: postgres.Sql
    const crashes: Error[] = []
    const noteCrash = (error: Error) => void crashes.push(error)
    let listeners: NodeJS.UncaughtExceptionListener[] = []

    // postgres.js throws outside of any promise when it rolls back on a closed connection:
    // https://github.com/porsager/postgres/issues/1208
    beforeEach(async () => {
      listeners = process.listeners("uncaughtException")
      process.removeAllListeners("uncaughtException")
      process.on("uncaughtException", noteCrash)
      doomed = postgres(database.url, { max: 1, backoff: 0 as never, onnotice: () => {} })
      await world.deadUsers(10)
      await world.run("create table archive (owner text)")
    })
    afterEach(async () => {
      await doomed.end({ timeout: 0 })
      process.removeAllListeners("uncaughtException")
      for (const listener of listeners) process.on("uncaughtException", listener)
      expect(crashes.filter(({ message }) => !message.includes("reading 'write'"))).toEqual([])
    })

    const processId = async (tx: Database) => {
      const rows = (await tx.execute(sql`select pg_backend_pid() as pid`)) as unknown as [{ pid: number }]
      return rows[0].pid
    }

    const finish = async () => {
      expect(await world.users()).toHaveLength(6)
      expect(await store.purge({ batchSize: 2 })).toMatchObject({ purged: 6, failures: 0 })
      expect(await world.count("archive")).toBe(4)
    }

    /** Archives the users of each batch, and does something at the third. */
    const atThird =
      (work: (tx: Database) => Promise<unknown>) =>
      async ({ tx, userIds }: { tx: Database; userIds: string[] }) => {
        if (userIds.includes("d5")) await work(tx)
        for (const id of userIds) await tx.execute(sql`insert into archive values (${id})`)
      }

    it("ends with an error when the server ends it in a statement", async () => {
      const onPurge = atThird((tx) => tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`))
      await expect(LazyAdapter(drizzle(doomed)).lazy.purge({ batchSize: 2, onPurge })).rejects.toThrow()
      await finish()
    })

    it("ends with an error when the hook notices nothing, also where the driver has connected again", async () => {
      const onPurge = async ({ tx, userIds }: { tx: Database; userIds: string[] }) => {
        if (!userIds.includes("d5")) return atThird(async () => {})({ tx, userIds })
        await database.sql`select pg_terminate_backend(${await processId(tx)})`
        await doomed`select 'another request makes the driver connect again'`.catch(() => {})
      }
      await expect(LazyAdapter(drizzle(doomed)).lazy.purge({ batchSize: 2, onPurge })).rejects.toThrow()
      await finish()
    })

    it("ends with an error when the server ends it while it deletes", async () => {
      await world.run(`create or replace function stop() returns trigger language plpgsql as '
          begin if old.id = ''d5'' then perform pg_terminate_backend(pg_backend_pid()); end if; return old; end';
        create trigger stop before delete on "user" for each row execute function stop()`)
      await expect(LazyAdapter(drizzle(doomed)).lazy.purge({ batchSize: 2 })).rejects.toThrow()
      expect(await world.users()).toHaveLength(6)
      await world.run(`drop trigger stop on "user"`)
      expect(await store.purge()).toMatchObject({ purged: 6 })
    })
  })

  it("leaves nothing behind on the connection, so a transaction-mode pooler may stand in between", async () => {
    await world.deadUsers(5)
    await world.run(`create table hold (owner text references "user"); insert into hold values ('d2')`)
    const pooled = postgres(database.url, { max: 1, prepare: false, fetch_types: false })
    const state = async () => {
      const [row] = await pooled.unsafe(`select
        (select json_agg(name order by name) from pg_settings where source = 'session' and name !~ '^transaction_') as settings,
        (select count(*)::int from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as advisory,
        (select count(*)::int from pg_prepared_statements) as prepared,
        (select count(*)::int from pg_class where relpersistence = 't') as temporary`)
      return row
    }
    const before = await state()
    const lazy = internals(LazyAdapter(drizzle(pooled)).lazy)
    expect(await lazy.purge({ onPurge: () => {}, onProgress: () => {} })).toMatchObject({ purged: 4 })
    expect(await lazy.purge({ cascade: true })).toMatchObject({ purged: 1 })
    expect(await state()).toEqual(before)
    await pooled.end()
  })

  it("counts beforehand where the server does not count what it deletes, unless a trigger could delete unseen", async () => {
    await world.deadUsers(5)
    await world.run(`create table note (id int primary key, owner text references "user" on delete cascade);
      create table line (note int references note); insert into note values (1, 'd1'), (2, 'd1'), (3, 'd2'), (4, 'd3');
      insert into line values (1), (2), (2), (4)`)
    const blind = postgres(database.url, { max: 1, connection: { track_counts: "off" } as never })
    onTestFinished(() => blind.end())
    const { lazy } = LazyAdapter(drizzle(blind))
    const { purged, deleted, skipped } = await lazy.purge({ limit: 2 })
    expect({ purged, deleted, skipped }).toEqual({ purged: 2, deleted: { note: 1 }, skipped: { line: 2 } })
    expect(await lazy.purge({ limit: 1, cascade: true })).toMatchObject({ purged: 1, deleted: { note: 2, line: 3 } })

    await database.query("create function nothing() returns trigger language plpgsql as $$ begin return null; end $$")
    await world.run("create trigger after_delete after delete on note for each row execute function nothing()")
    await expect(lazy.purge()).rejects.toMatchObject({
      code: "setup",
      message: expect.stringContaining("track_counts"),
    })
    expect(await world.users()).toHaveLength(2)
  })

  describe("in processes of their own", () => {
    const note = `create table note (id serial, owner text references "user" on delete cascade); create index on note (owner);
      insert into note (owner) select id from "user", generate_series(1, 2)`
    const outcomes = async () =>
      Number((await world.run(`select sum(users) as n from "lazyOutcome" where outcome = 'purged'`))[0]?.n)

    it("purges each user once, four of them at a time", async () => {
      await world.deadUsers(4000)
      await world.realUser("real")
      await world.run(note)
      const purges = [1, 2, 3, 4].map(() => new PurgeProcess(database.url, { batchSize: 50 }))
      await Promise.all(purges.map((purge) => purge.end()))
      const reports = purges.flatMap(({ reports }) => reports)
      const sum = (of: (report: PurgeReport) => number) => reports.reduce((total, report) => total + of(report), 0)
      expect(reports).toHaveLength(4)
      expect(sum(({ purged }) => purged)).toBe(4000)
      expect(sum(({ deleted }) => deleted.note ?? 0)).toBe(8000)
      expect(sum(({ failures }) => failures)).toBe(0)
      expect(await outcomes()).toBe(4000)
      expect(await world.users()).toEqual(["real"])
    }, 60_000)

    it("finishes in a second run what a process had begun that was killed", async () => {
      await world.deadUsers(3000)
      await world.run(note)
      const doomed = new PurgeProcess(database.url, { batchSize: 20 }, { tells: true })
      await doomed.line((line) => line.includes("progress"))
      await doomed.end("SIGKILL")
      // The server notices, and undoes the batch, once it is through with a statement.
      for (;;) {
        const [row] = await database.sql`
          select count(*)::int as n from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`
        if (row?.n === 0) break
      }
      const left = await world.count(`"user"`)
      expect(left).toBeGreaterThan(0)
      expect(left).toBeLessThan(3000)
      expect(left % 20).toBe(0)
      expect(await world.count("note")).toBe(2 * left)
      expect(await outcomes()).toBe(3000 - left)
      expect(await store.purge()).toMatchObject({ purged: left, deleted: { note: 2 * left }, failures: 0 })
      expect(await outcomes()).toBe(3000)
    }, 60_000)
  })

  it.each([true, false])("waits briefly itself, and lets a hook wait as it likes (with one: %s)", async (isThere) => {
    await world.deadUsers(2)
    await database.query(`
      create table waits (longest text);
      create or replace function note_wait() returns trigger language plpgsql as
        $$ begin insert into waits values (current_setting('lock_timeout')); return old; end $$;
      create trigger note_wait before delete on "user" for each statement execute function note_wait()`)
    const inHook: unknown[] = []
    const onPurge = async ({ tx }: { tx: Database }) => {
      inHook.push(...(await queryRows(tx, sql`select current_setting('lock_timeout') as longest`)))
    }
    const connection = postgres(database.url, { max: 1 })
    onTestFinished(() => connection.end())
    const lazy = internals(LazyAdapter(drizzle(connection)).lazy)
    expect(await lazy.purge(isThere ? { onPurge } : {})).toMatchObject({ purged: 2, failures: 0 })
    expect(inHook).toEqual(isThere ? [{ longest: "0" }] : [])
    expect(await database.query("select longest from waits")).toEqual([{ longest: "50ms" }])
    expect([...(await connection`select current_setting('lock_timeout') as longest`)]).toEqual([{ longest: "0" }])
  })

  it("deletes nothing outside of the transaction that has locked the users", async () => {
    await world.deadUsers(3)
    await world.run(`create table note (owner text references "user"); insert into note values ('d1')`)
    const tables = resolveTables({})
    const search = { tables, settings: resolvePurgeOptions({}, tables), hasSessions: true }
    const graph = await readPurgeGraph(database.db, tables, true)
    // Each connection has counts of its own of what was deleted.
    const connection = postgres(database.url, { max: 1 })
    onTestFinished(() => connection.end())
    const db = drizzle(connection)
    const job = { db, search, graph, strategy: deleting }
    const { users } = await db.transaction((tx) => nextCandidates(tx, job, { pass: "seen", after: undefined, size: 9 }))
    expect(users).toHaveLength(3)
    expect((await removeUsers(db, search, graph, { users })).purged).toBe(0)
    expect(await world.count("note")).toBe(1)
    const removal = await db.transaction(async (tx) =>
      removeUsers(tx, search, graph, await lockCandidates(tx, job, users)),
    )
    expect(removal).toEqual({ purged: 3, deleted: { note: 1 } })
  })
})
