import { type SQL, sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type Database, LazyAdapter, type LazyStore } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { concerned } from "../../src/store/merge/lazy-rows.js"
import { findReferences } from "../../src/store/merge/references/find-references.js"
import { removeLazyUser } from "../../src/store/merge/remove-lazy-user.js"
import { sqlState } from "../../src/store/sql/sql-state.js"
import { resolveTables } from "../../src/store/tables/resolve-tables.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

const by = { provider: "test", type: "credentials" }

/** A promise with the function that settles it. */
function gate() {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe("merging while others are at work", () => {
  let database: PostgresDatabase
  let world: MergeWorld
  let store: StoreInternals

  beforeAll(async () => {
    database = await postgresDatabase()
    world = new MergeWorld(database)
    store = world.store()
  })
  afterEach(() => world.reset())
  afterAll(() => database.close())

  /** Resolves when some connection waits for a lock. */
  const somebodyWaits = async (number = 1) => {
    for (;;) {
      const [row] = await database.sql`
        select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      if (row?.n >= number) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  const codes = (outcomes: PromiseSettledResult<unknown>[]) =>
    outcomes.map((outcome) => (outcome.status === "fulfilled" ? "done" : outcome.reason.code)).sort()

  const notes = (owner: string) => `create table note (id int, owner text references "user" on delete cascade);
    insert into note values (1, '${owner}')`

  it("moves a row that another request was inserting when the merge began", async () => {
    const { from, into } = await world.people()
    await world.run(notes(from))
    let merging: ReturnType<LazyStore["merge"]> | undefined
    await database.sql.begin(async (tx) => {
      await tx`insert into note values (2, ${from})`
      merging = store.merge(from, into)
      await somebodyWaits()
    })
    expect((await merging)?.moved).toEqual({ note: 2 })
    expect(await world.count(`note where owner = '${into}'`)).toBe(2)
  })

  it("moves it in a database whose transactions see only what was there when they began", async () => {
    const { from, into } = await world.people()
    await world.run(notes(from))
    const strict = postgres(database.url, { max: 1, connection: { default_transaction_isolation: "repeatable read" } })
    let merging: ReturnType<LazyStore["merge"]> | undefined
    await database.sql.begin(async (tx) => {
      await tx`insert into note values (2, ${from})`
      merging = LazyAdapter(drizzle(strict)).lazy.merge(from, into)
      await somebodyWaits()
    })
    expect((await merging)?.moved).toEqual({ note: 2 })
    await strict.end()
  })

  it("moves a row that hangs on the user by way of another table and was being inserted", async () => {
    const { from, into } = await world.people()
    await world.run(`create table profile ("userId" text primary key references "user" on delete cascade);
      create table setting ("profileId" text references profile on delete cascade);
      insert into profile values ('${from}')`)
    let merging: ReturnType<LazyStore["merge"]> | undefined
    await database.sql.begin(async (tx) => {
      await tx`insert into setting values (${from})`
      merging = store.merge(from, into)
      await somebodyWaits()
    })
    expect((await merging)?.moved).toEqual({ profile: 1, setting: 1 })
  })

  it("fails a request that inserts a row once the merge has begun", async () => {
    const { from, into } = await world.people()
    await world.run(notes(from))
    let inserting: Promise<unknown> | undefined
    const report = await store.merge(from, into, {
      async onMerge() {
        inserting = database.sql`insert into note values (2, ${from})`.catch((error) => error)
        await somebodyWaits()
      },
    })
    expect(await inserting).toMatchObject({ code: "23503" })
    expect(report).toMatchObject({ moved: { note: 1 }, conflicts: {} })
    expect(await world.run("select id, owner from note")).toEqual([{ id: 1, owner: into }])
  })

  it("fails a request that gives a row to the lazy user once the merge has begun", async () => {
    const { from, into, other } = await world.people()
    await world.run(notes(other))
    let updating: Promise<unknown> | undefined
    await store.merge(from, into, {
      async onMerge() {
        updating = database.sql`update note set owner = ${from}`.catch((error) => error)
        await somebodyWaits()
      },
    })
    expect(await updating).toMatchObject({ code: "23503" })
  })

  it("moves a row in the state in which another request leaves it", async () => {
    const { from, into } = await world.people()
    await world.run(`create table cart (owner text references "user", item text, quantity int, unique (owner, item));
      insert into cart values ('${from}', 'tea', 1), ('${from}', 'milk', 1), ('${into}', 'milk', 1)`)
    let merging: ReturnType<LazyStore["merge"]> | undefined
    let handed: unknown
    await database.sql.begin(async (tx) => {
      await tx`update cart set quantity = 7 where owner = ${from}`
      merging = store.merge(from, into, {
        onMerge: ({ conflicts }) => {
          handed = conflicts.cart
        },
      })
      await somebodyWaits()
    })
    expect(await merging).toMatchObject({ moved: { cart: 1 }, conflicts: { cart: 1 } })
    expect(handed).toEqual([
      { row: { owner: from, item: "milk", quantity: 7 }, by: { owner: into, item: "milk", quantity: 1 } },
    ])
    expect(await world.run(`select quantity from cart where item = 'tea'`)).toEqual([{ quantity: 7 }])
  })

  it("hands over rows that nobody can change any more", async () => {
    const { from, into } = await world.people()
    await world.run(`create table cart (owner text references "user", quantity int, unique (owner));
      insert into cart values ('${from}', 1), ('${into}', 1)`)
    let updating: Promise<postgres.RowList<postgres.Row[]>> | undefined
    await store.merge(from, into, {
      async onMerge() {
        updating = database.sql`update cart set quantity = 9 where owner = ${from}`.execute()
        await somebodyWaits()
      },
    })
    expect((await updating)?.count).toBe(0)
  })

  it("does the same merge once when it is asked for several times at once", async () => {
    const { from, into } = await world.people()
    await world.run(notes(from))
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => store.merge(from, into)))
    expect(codes(outcomes)).toEqual(["done", "not_lazy", "not_lazy", "not_lazy"])
    expect(await world.count(`note where owner = '${into}'`)).toBe(1)
  })

  it("merges a lazy user into one of two real users who want it at once", async () => {
    const { from, into, other } = await world.people()
    await world.run(notes(from))
    const outcomes = await Promise.allSettled([store.merge(from, into), store.merge(from, other)])
    expect(codes(outcomes)).toEqual(["done", "not_lazy"])
    expect(await world.count(`note where owner = '${outcomes[0].status === "fulfilled" ? into : other}'`)).toBe(1)
  })

  it("never dead-locks merges that cross", async () => {
    await world.run(`create table message (id serial, sender text references "user", receiver text references "user");
      create index on message (sender); create index on message (receiver);
      create table follow (a text references "user", b text references "user", primary key (a, b));
      alter table "user" add column "invitedBy" text references "user"`)
    for (let round = 0; round < 12; round++) {
      const lazy = await Promise.all(Array.from({ length: 6 }, () => world.lazyUser()))
      const real = await Promise.all([1, 2, 3].map(() => world.realUser()))
      await world.run(`insert into message (sender, receiver) select a.id, b.id from "user" a, "user" b order by random();
        insert into follow select a.id, b.id from "user" a, "user" b order by random() on conflict do nothing;
        update "user" set "invitedBy" = (select id from "user" u where u.id <> "user".id order by random() limit 1)`)
      const outcomes = await Promise.allSettled(
        lazy.flatMap((from, n) => [store.merge(from, real[n % 3] as string), store.merge(real[n % 3] as string, from)]),
      )
      expect(new Set(codes(outcomes))).toEqual(new Set(["done", "not_lazy"]))
      expect(codes(outcomes).filter((code) => code === "done")).toHaveLength(6)
      await world.run(`truncate message, follow; update "user" set "invitedBy" = null; delete from "user"`)
    }
  })

  /**
   * A request of the app that changes a row of the lazy user and then adds one for the user: the
   * opposite order of a merge.
   */
  const deadlock = async (work: () => Promise<unknown>, { from, into }: { from: string; into: string }) => {
    await world.run(`create table message (id int, sender text references "user" on delete cascade, receiver text references "user" on delete cascade, body text);
      insert into message values (1, '${from}', '${into}', 'new')`)
    let working: Promise<unknown> | undefined
    await database.sql.begin(async (tx) => {
      // So that it is the other one that notices, and is undone.
      await tx`set local deadlock_timeout = '60s'`
      await tx`update message set body = 'read' where id = 1`
      working = work()
      await somebodyWaits()
      await tx`select from "user" where id = ${from} for key share`
    })
    await working
  }

  it("lets a request that has changed a row of the lazy user add one to the real user", async () => {
    const { from, into } = await world.people()
    await world.run(notes(from))
    let merging: ReturnType<LazyStore["merge"]> | undefined
    await database.sql.begin(async (tx) => {
      // Shorter than it takes the server to look for dead-locks.
      await tx`set local lock_timeout = '300ms'`
      await tx`update note set id = 7 where owner = ${from}`
      merging = store.merge(from, into)
      await somebodyWaits()
      await tx`insert into note values (8, ${into})`
    })
    expect((await merging)?.moved).toEqual({ note: 1 })
    expect(await world.run("select id, owner from note order by id")).toEqual([
      { id: 7, owner: into },
      { id: 8, owner: into },
    ])
  })

  it("leaves a row behind whose place another request takes for the real user at that moment", async () => {
    const { from, into } = await world.people()
    await world.run(`create table cart (owner text references "user", item text, unique (owner, item));
      insert into cart values ('${from}', 'tea'), ('${from}', 'milk')`)
    let merging: ReturnType<LazyStore["merge"]> | undefined
    await database.sql.begin(async (tx) => {
      await tx`insert into cart values (${into}, 'tea')`
      merging = store.merge(from, into)
      await somebodyWaits()
    })
    expect(await merging).toMatchObject({ moved: { cart: 1 }, conflicts: { cart: 1 } })
    expect(await world.count(`cart where owner = '${into}'`)).toBe(2)
  })

  it("lets a request that has added a row for either user change the user itself", async () => {
    for (const whose of ["from", "into"] as const) {
      const people = await world.people()
      await world.run(notes(people.from))
      let merging: ReturnType<LazyStore["merge"]> | undefined
      await database.sql.begin(async (tx) => {
        await tx`set local lock_timeout = '300ms'`
        await tx`insert into note values (2, ${people[whose]})`
        merging = store.merge(people.from, people.into, { provesEmail: true })
        await somebodyWaits()
        await tx`update "user" set name = 'with two notes' where id = ${people[whose]}`
      })
      expect((await merging)?.moved).toEqual({ note: whose === "from" ? 2 : 1 })
      await world.run("drop table note")
    }
  })

  it("leaves a row behind whose place is taken at that moment, where the rule is checked at the end", async () => {
    const { from, into } = await world.people()
    await world.run(`create table cart (owner text references "user", item text, unique (owner, item) deferrable initially deferred);
      insert into cart values ('${from}', 'tea'), ('${from}', 'milk')`)
    const rowsHaveMoved = gate()
    const inserted = gate()
    const inserting = database.sql.begin(async (tx) => {
      await tx`insert into cart values (${into}, 'tea')`
      inserted.open()
      await rowsHaveMoved.opened
    })
    await inserted.opened
    let calls = 0
    const report = await store.merge(from, into, {
      async onMerge() {
        calls++
        rowsHaveMoved.open()
        await inserting
      },
    })
    expect(report).toMatchObject({ moved: { cart: 1 }, conflicts: { cart: 1 } })
    expect(calls).toBe(2)
    expect(await world.count(`cart where owner = '${into}'`)).toBe(2)
  })

  it("merges after all where the database ends a dead-lock by undoing the merge", async () => {
    const people = await world.people()
    let calls = 0
    await deadlock(() => store.merge(people.from, people.into, { onMerge: () => void calls++ }), people)
    expect(await world.count(`message where sender = '${people.into}' and body = 'read'`)).toBe(1)
    expect(await world.count(`"user" where id = '${people.from}'`)).toBe(0)
    expect(calls).toBe(1)
  })

  it("deletes a lazy user after all where the database ends a dead-lock by undoing the deletion", async () => {
    const people = await world.people()
    await deadlock(() => store.deleteLazyUser(people.from), people)
    expect(await world.count(`"user" where id = '${people.from}'`)).toBe(0)
    expect(await world.count("message")).toBe(0)
  })

  it("gives up where a merge is undone again and again, and says why", async () => {
    const { from, into } = await world.people()
    let calls = 0
    const onMerge = async ({ tx }: { tx: Database }) => {
      calls++
      await tx.execute(sql`do $$ begin raise 'undone' using errcode = '40001'; end $$`)
    }
    const error = await store.merge(from, into, { onMerge }).catch((error: unknown) => error)
    expect(sqlState(error)).toBe("40001")
    expect(calls).toBe(3)
    expect(await world.count(`"user" where id = '${from}'`)).toBe(1)
  })

  it("lets either the merge or the conversion of the same user win", async () => {
    await world.run(`create table note (id int, owner text references "user" on delete cascade)`)
    for (let round = 0; round < 15; round++) {
      const { from, into } = await world.people()
      await world.run(`insert into note values (1, '${from}')`)
      const merge = () => store.merge(from, into)
      const convert = () => store.convert({ userId: from, set: { name: "Ada" }, by })
      const outcomes = await Promise.allSettled(round % 2 ? [merge(), convert()] : [convert(), merge()])
      expect(codes(outcomes)).toEqual(["done", "not_lazy"])
      const merged = outcomes[round % 2 ? 0 : 1]?.status === "fulfilled"
      expect(await world.count(`note where owner = '${merged ? into : from}'`)).toBe(1)
      expect(await world.count(`"user" where id = '${from}' and "convertedAt" is not null`)).toBe(merged ? 0 : 1)
      await world.run("truncate note")
    }
  })

  it("lets either the merge or the deletion of the same user win", async () => {
    await world.run(`create table note (id int, owner text references "user" on delete cascade)`)
    for (let round = 0; round < 10; round++) {
      const { from, into } = await world.people()
      await world.run(`insert into note values (1, '${from}')`)
      const [merged, deleted] = await Promise.allSettled([store.merge(from, into), store.deleteLazyUser(from)])
      expect(deleted).toMatchObject({ status: "fulfilled", value: merged.status === "rejected" })
      expect(await world.count(`note where owner = '${into}'`)).toBe(merged.status === "fulfilled" ? 1 : 0)
      await world.run("truncate note")
    }
  })

  describe("and the connection is killed", () => {
    let doomed: postgres.Sql
    let killer: postgres.Sql
    const crashes: Error[] = []
    const noteCrash = (error: Error) => void crashes.push(error)
    let listeners: NodeJS.UncaughtExceptionListener[] = []

    // postgres.js throws outside of any promise when it rolls back on a closed connection:
    // https://github.com/porsager/postgres/issues/1208
    beforeEach(() => {
      listeners = process.listeners("uncaughtException")
      process.removeAllListeners("uncaughtException")
      process.on("uncaughtException", noteCrash)
      doomed = postgres(database.url, { max: 1, backoff: 0 as never, onnotice: () => {} })
      killer = postgres(database.url, { max: 1 })
    })
    afterEach(async () => {
      await Promise.all([doomed.end({ timeout: 0 }), killer.end()])
      process.removeAllListeners("uncaughtException")
      for (const listener of listeners) process.on("uncaughtException", listener)
      expect(crashes.filter(({ message }) => !message.includes("reading 'write'"))).toEqual([])
    })

    const scene = async () => {
      const people = await world.people()
      await world.run(`${notes(people.from)};
        create table cart (owner text unique references "user");
        insert into cart values ('${people.from}'), ('${people.into}');
        insert into session values ('lazy', '${people.from}', now())`)
      return people
    }
    const session = { sessionToken: "new", expires: new Date() }
    const processId = async (tx: Database) => {
      const rows = (await tx.execute(sql`select pg_backend_pid() as pid`)) as unknown as [{ pid: number }]
      return rows[0].pid
    }

    it("leaves everything as it was, in a statement of the hook", async () => {
      const { from, into } = await scene()
      const before = await world.everything()
      const merging = internals(LazyAdapter(drizzle(doomed)).lazy).merge(from, into, {
        session,
        onMerge: async ({ tx }) => void (await tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`)),
      })
      await expect(merging).rejects.toThrow()
      expect(await world.everything()).toEqual(before)
      expect((await store.merge(from, into)).moved).toEqual({ note: 1 })
    })

    it("leaves a conversion undone, and says so, when the hook notices nothing", async () => {
      const { from } = await scene()
      const before = await world.everything()
      const converting = internals(LazyAdapter(drizzle(doomed)).lazy).convert({
        userId: from,
        set: { username: "chosen" },
        session,
        by,
        onConvert: async ({ tx }) => void (await killer`select pg_terminate_backend(${await processId(tx)})`),
      })
      await expect(converting).rejects.toThrow()
      expect(await world.everything()).toEqual(before)
    })

    it("leaves everything as it was, while it waits for a lock", async () => {
      const { from, into } = await scene()
      const before = await world.everything()
      await killer.begin(async (other) => {
        await other`select from cart for update`
        const merging = internals(LazyAdapter(drizzle(doomed)).lazy).merge(from, into, { session })
        merging.catch(() => {})
        await somebodyWaits()
        await other`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`
        await expect(merging).rejects.toThrow()
      })
      expect(await world.everything()).toEqual(before)
    })

    it("leaves everything as it was, also when the driver goes on with another connection", async () => {
      const { from, into } = await scene()
      const before = await world.everything()
      const finished = gate()
      let statements = 0
      const logger = { logQuery: () => void statements++ }
      /** Until what is still going on, on the one connection there is, asks for nothing more. */
      const rest = async () => {
        for (let before = -1; before !== statements; ) {
          before = statements
          await doomed`select 'behind whatever was asked before'`
          // The pending statement is answered. Everything that follows without another answer
          // happens first.
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      const merging = internals(LazyAdapter(drizzle(doomed, { logger })).lazy).merge(from, into, {
        session,
        async onMerge({ tx }) {
          try {
            await killer`select pg_terminate_backend(${await processId(tx)})`
            await merging.catch(() => {})
            await doomed`select 'another request makes the driver connect again'`
          } finally {
            // When the hook has returned.
            setImmediate(() => rest().then(finished.open))
          }
        },
      })
      await expect(merging).rejects.toThrow()
      await finished.opened
      expect(await world.everything()).toEqual(before)
    })
  })

  it.each([0, 1, 2])(
    "removes nobody where the driver goes on with another connection after %i statements",
    async (first) => {
      const { from, into } = await world.people()
      await world.run(notes(from))
      const before = await world.everything()
      const tables = resolveTables({})
      const found = await findReferences(database.db, tables)
      const move = { from, into, users: found.users }
      const removal = database.db.transaction(async (tx) => {
        await tx.execute(sql`select from "user" where id = ${from} for update`)
        let statements = 0
        const driver = {
          execute: (statement: SQL) => (statements++ < first ? tx : database.db).execute(statement),
        } as Database
        const stopped = found.tables.map((table) => ({
          ...table,
          condition: (prefix: string) => concerned(table, move, prefix),
        }))
        return removeLazyUser(driver, tables, found, stopped, [], move)
      })
      await expect(removal).rejects.toThrow("The connection was lost in the middle of the transaction.")
      expect(await world.everything()).toEqual(before)
    },
  )

  it("leaves nothing behind on the connection, so a transaction-mode pooler may stand in between", async () => {
    const { from, into } = await world.people()
    await world.run(`${notes(from)};
      create table cart (owner text unique references "user");
      insert into cart values ('${from}'), ('${into}')`)
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
    const report = await LazyAdapter(drizzle(pooled)).lazy.merge(from, into, { onMerge: () => {} })
    expect(report).toMatchObject({ moved: { note: 1 }, conflicts: { cart: 1 } })
    expect(await state()).toEqual(before)
    await pooled.end()
  })

  describe("on a server that does not count what it deletes", () => {
    let blind: postgres.Sql
    beforeEach(() => {
      blind = postgres(database.url, { max: 1, connection: { track_counts: "off" } as never })
    })
    afterEach(() => blind.end())

    it("reports the same", async () => {
      const reports = []
      for (const sql of [blind, database.sql]) {
        const { from, into, other } = await world.people()
        await world.run(`create table cart (id int primary key, owner text unique references "user");
          create table item (cart int references cart on delete cascade, what text unique);
          create table tag (item text references item (what) on delete set null, body text);
          create table share (cart int primary key references cart on delete cascade, with_user text references "user");
          insert into cart values (1, '${from}'), (2, '${into}'); insert into item values (1, 'pear'), (2, 'fig');
          insert into share values (1, '${other}'), (2, '${other}'); insert into tag values ('pear', 'ripe');
          insert into session values ('s${from}', '${from}', now() + interval '1 day')`)
        const { moved, conflicts } = await LazyAdapter(drizzle(sql)).lazy.merge(from, into)
        reports.push({ moved, conflicts, left: await world.count("item") })
        await world.reset()
      }
      expect(reports[0]).toEqual({ moved: { item: 1 }, conflicts: { cart: 1, share: 1 }, left: 2 })
      expect(reports[0]).toEqual(reports[1])
    })

    it("takes no other user along by a row that is stopped", async () => {
      const { from, into, other } = await world.people()
      await world.run(`create table team (id int primary key, owner text unique references "user", size int check (size > 0 or owner is null));
        alter table "user" add team int references team on delete cascade;
        insert into team values (1, '${from}', 1), (2, '${into}', 1)`)
      // Two rows stop the lazy user's, so nobody could say where to the other user should move.
      await world.run(`alter table team add second text references "user", add unique (second);
        update team set second = '${from}' where id = 1; insert into team values (3, null, null, '${into}');
        update "user" set team = 1 where id = '${other}'`)
      await expect(LazyAdapter(drizzle(blind)).lazy.merge(from, into)).rejects.toMatchObject({ code: "merge_conflict" })
      expect(await world.count(`"user" where id in ('${from}', '${other}')`)).toBe(2)
    })

    it("is refused before anything is changed where a trigger could delete unseen", async () => {
      const { from, into } = await world.people()
      await world.run(notes(from))
      await database.query(
        `create or replace function nothing() returns trigger language plpgsql as $$ begin return null; end $$`,
      )
      await world.run(`create trigger after_delete after delete on note for each row execute function nothing()`)
      const before = await world.everything()
      const lazy = LazyAdapter(drizzle(blind)).lazy
      for (const work of [() => lazy.merge(from, into), () => lazy.deleteLazyUser(from)])
        await expect(work()).rejects.toMatchObject({ code: "setup", message: expect.stringContaining("track_counts") })
      expect(await world.everything()).toEqual(before)
    })

    it("deletes no other user with a lazy one", async () => {
      const { from, other } = await world.people()
      await world.run(`alter table "user" add inviter text references "user" on delete cascade;
        update "user" set inviter = '${from}' where id = '${other}'`)
      const { lazy } = LazyAdapter(drizzle(blind))
      await expect(lazy.deleteLazyUser(from)).rejects.toMatchObject({ code: "other_users" })
      expect(await world.count(`"user" where id in ('${from}', '${other}')`)).toBe(2)
      await world.run(`update "user" set inviter = null`)
      expect(await lazy.deleteLazyUser(from)).toBe(true)
    })
  })
})

describe("merging many rows", () => {
  let database: PostgresDatabase
  let world: MergeWorld
  const statements: string[] = []

  beforeAll(async () => {
    database = await postgresDatabase()
    world = new MergeWorld(database)
  })
  afterEach(() => world.reset())
  afterAll(() => database.close())

  const counted = () =>
    LazyAdapter(drizzle(database.sql, { logger: { logQuery: (text) => void statements.push(text) } })).lazy

  const tables = `
    create table note (id int, owner text references "user" on delete cascade);
    create table wish (owner text references "user", item int, unique (owner, item));
    create table follow (a text references "user", b text references "user", primary key (a, b));
    create table profile ("userId" text primary key references "user");
    create table setting ("profileId" text references profile, key int, unique ("profileId", key));
    create table line (wish int, "profileId" text references profile)`

  const fill = (from: string, into: string, rows: number) => `
    insert into profile values ('${from}');
    insert into note select n, '${from}' from generate_series(1, ${rows}) n;
    insert into wish select '${from}', n from generate_series(1, ${rows}) n;
    insert into wish select '${into}', n from generate_series(1, ${rows}, 2) n;
    insert into setting select '${from}', n from generate_series(1, ${rows}) n;
    insert into line select n, '${from}' from generate_series(1, ${rows}) n`

  it("takes a number of statements that depends on the tables, not on the rows", async () => {
    await world.run(tables)
    const numbers: number[] = []
    for (const rows of [2, 2000]) {
      const { from, into } = await world.people()
      await world.run(fill(from, into, rows))
      statements.length = 0
      const report = await counted().merge(from, into, { onMerge: () => {} })
      expect(report.conflicts).toEqual({ wish: rows / 2 })
      numbers.push(statements.length)
    }
    expect(numbers[0]).toBe(numbers[1])
    expect(numbers[0]).toBeLessThan(24)
    expect(statements.filter((text) => /from (pg_catalog\.)?pg_(constraint|index)/.test(text))).toHaveLength(3)
  })

  it("reads the catalogue by two statements however many tables there are, and no table that has no foreign key", async () => {
    const { from, into } = await world.people()
    for (let n = 0; n < 40; n++)
      await world.run(`create table t${n} (id int, owner text references "user"); create table other${n} (owner text)`)
    statements.length = 0
    await counted().merge(from, into)
    expect(statements.filter((text) => /from (pg_catalog\.)?pg_(constraint|index)/.test(text))).toHaveLength(2)
    expect(statements.filter((text) => text.includes("other"))).toEqual([])
    expect(statements.length).toBeLessThan(52)
  })

  it("merges 100,000 rows of each kind without reading them", async () => {
    await world.run(tables)
    const { from, into } = await world.people()
    await world.run(fill(from, into, 100_000))
    await world.run(
      `insert into follow select '${from}', id from (select 'f' || n as id from generate_series(1, 50000) n) f where false`,
    )
    global.gc?.()
    const before = process.memoryUsage()
    const start = performance.now()
    const report = await counted().merge(from, into)
    const after = process.memoryUsage()
    expect(report.moved).toEqual({ note: 100_000, wish: 50_000, setting: 100_000, line: 100_000, profile: 1 })
    expect(report.conflicts).toEqual({ wish: 50_000 })
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(20_000_000)
    expect(performance.now() - start).toBeLessThan(60_000)
  }, 120_000)

  it("merges 20,000 rows with rules that rows of the lazy user can break among themselves", async () => {
    await world.run(
      `create table edge (a text references "user", b text references "user", n int, primary key (a, b, n))`,
    )
    const { from, into, other } = await world.people()
    await world.run(`insert into edge select '${from}', '${into}', n from generate_series(1, 10000) n;
      insert into edge select '${into}', '${from}', n from generate_series(1, 10000) n;
      insert into edge select '${other}', '${from}', n from generate_series(1, 10000) n;
      insert into edge select '${other}', '${into}', n from generate_series(1, 10000, 2) n`)
    const report = await counted().merge(from, into)
    expect(report).toMatchObject({ moved: { edge: 15_000 }, conflicts: { edge: 15_000 } })
  }, 120_000)
})
