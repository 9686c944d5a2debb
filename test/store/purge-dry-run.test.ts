import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, type PurgeOptions } from "../../src/drizzle.js"
import { oneDriver, type PostgresDatabase, postgresDatabase, type TestDatabase } from "../setup/databases.js"
import { withoutPgbouncer } from "../setup/left-out.js"
import { startPooler } from "./pgbouncer.js"
import { PurgeWorld } from "./purge-world.js"

/** Rows that two users have, of whom one goes in an earlier batch. */
const messages = `create table message (id serial, sender text references "user" on delete cascade, receiver text references "user" on delete cascade)`

describe.each(oneDriver)("a dry run where rows hang on several users ($driver)", ({ open }) => {
  let database: TestDatabase
  let world: PurgeWorld
  beforeAll(async () => {
    database = await open()
    world = new PurgeWorld(database)
  })
  afterEach(() => world.reset())
  afterAll(() => database.close())

  /**
   * Returns the report of a dry run, after checking that it changes nothing and equals that of the
   * run that follows.
   */
  const compare = async (options: PurgeOptions) => {
    const before = await world.everything()
    const dry = await world.store().purge({ ...options, dryRun: true })
    expect(await world.everything()).toEqual(before)
    const report = await world.store().purge(options)
    expect(dry).toEqual({ ...report, dryRun: true, before: expect.any(Date) })
    return dry
  }

  it.each([1, 2, 1000])("counts a row once, in batches of %i", async (batchSize) => {
    await world.deadUsers(4)
    await world.realUser("real")
    await world.run(`${messages};
      insert into message (sender, receiver) values ('d1', 'd2'), ('d1', 'd4'), ('d3', 'd3'), ('d4', 'real'), ('real', 'real')`)
    expect(await compare({ batchSize })).toMatchObject({ purged: 4, deleted: { message: 4 }, skipped: {} })
  })

  it("takes a user whom only a row holds back that went in an earlier batch", async () => {
    await world.deadUsers(4)
    await world.run(`create table post (id text primary key, owner text references "user" on delete cascade);
      create table note (post text references post, owner text references "user" on delete cascade);
      insert into post values ('p2', 'd2'), ('p3', 'd3'); insert into note values ('p2', 'd1'), ('p3', 'd4')`)
    expect(await compare({ batchSize: 1 })).toMatchObject({
      purged: 3,
      deleted: { post: 1, note: 2 },
      skipped: { note: 1 },
    })
  })

  it("takes a user whom only a user holds back who went in an earlier batch", async () => {
    await world.deadUsers(3)
    await world.realUser("real")
    await world.run(`alter table "user" add column inviter text references "user";
      update "user" set inviter = 'd2' where id = 'd1'; update "user" set inviter = 'd3' where id = 'real'`)
    expect(await compare({ batchSize: 1 })).toMatchObject({ purged: 2, skipped: { user: 1 } })
  })

  it("takes a user whose live session goes with another one in an earlier batch, and no other", async () => {
    await world.deadUsers(3)
    await world.run(`alter table session add column "actingAs" text references "user" on delete cascade;
      insert into session values ('1', 'd1', now() + interval '1 hour', 'd2'), ('3', 'd3', now() + interval '1 hour', 'd2')`)
    try {
      expect(await compare({ batchSize: 1 })).toMatchObject({ purged: 2, deleted: { session: 2 } })
    } finally {
      await world.run(`alter table session drop column "actingAs"`)
    }
  })

  it("follows circles of tables, and tables that refer to themselves, over the batches", async () => {
    await world.deadUsers(4)
    await world.run(`create table page (id int primary key, owner text references "user" on delete cascade, parent int references page on delete cascade);
      insert into page values (1, 'd1', null), (2, 'd2', 1), (3, null, 2), (4, 'd3', 3), (5, 'd4', null), (6, null, 5)`)
    expect(await compare({ batchSize: 1 })).toMatchObject({ purged: 4, deleted: { page: 6 } })
  })

  it("knows rows of partitions apart, and keys of several columns", async () => {
    await world.deadUsers(4)
    await world.run(`create table post (id int, owner text references "user" on delete cascade, reader text references "user" on delete cascade, primary key (id, owner)) partition by hash (id);
      create table post_0 partition of post for values with (modulus 2, remainder 0);
      create table post_1 partition of post for values with (modulus 2, remainder 1);
      create table note (post int, owner text, foreign key (post, owner) references post on delete cascade);
      insert into post select n, 'd' || 1 + n % 4, 'd' || 1 + n % 3 from generate_series(1, 20) n; insert into note select id, owner from post, generate_series(1, 2)`)
    expect(await compare({ batchSize: 1 })).toMatchObject({ purged: 4, deleted: { post: 20, note: 40 } })
  })

  it("ends at a signal, between batches", async () => {
    await world.deadUsers(6)
    await world.run(messages)
    const controller = new AbortController()
    const { signal } = controller
    const onProgress = ({ purged }: { purged: number }) => purged === 4 && controller.abort()
    const report = await world.store().purge({ dryRun: true, batchSize: 2, signal, onProgress })
    expect(report).toMatchObject({ purged: 4, interrupted: true })
    expect(await world.users()).toHaveLength(6)
  })
})

describe("a dry run where rows hang on several users", () => {
  let database: PostgresDatabase
  let world: PurgeWorld
  beforeAll(async () => {
    database = await postgresDatabase()
    world = new PurgeWorld(database)
  })
  afterEach(() => world.reset())
  afterAll(() => database.close())

  const scene = async () => {
    await world.deadUsers(9)
    await world.run(
      `${messages}; insert into message (sender, receiver) select 'd' || n, 'd' || n + 4 from generate_series(1, 5) n`,
    )
  }

  /** Does something with a connection of its own to the database. */
  const connected = async <Result>(
    url: string,
    connection: object,
    work: (client: postgres.Sql) => Promise<Result>,
  ) => {
    const client = postgres(url, { max: 1, prepare: false, connection: connection as never, onnotice: () => {} })
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  const dryRun = (client: postgres.Sql, options = {}) =>
    LazyAdapter(drizzle(client)).lazy.purge({ dryRun: true, batchSize: 2, ...options })

  it("needs no more than one connection, and leaves nothing behind on it", async () => {
    await scene()
    await connected(database.url, {}, async (client) => {
      expect(await dryRun(client, { onProgress: () => {} })).toMatchObject({ purged: 9, deleted: { message: 5 } })
      expect(await dryRun(client)).toMatchObject({ purged: 9, deleted: { message: 5 } })
      expect(await client`select relname from pg_class where relpersistence = 't'`).toEqual([])
      expect(await client`show transaction_read_only`).toMatchObject([{ transaction_read_only: "off" }])
    })
  })

  it.skipIf(withoutPgbouncer)("works through a pooler in transaction mode, several at once", async () => {
    await scene()
    const pooler = await startPooler(database.url, 2)
    const pooled = postgres(pooler.url, { max: 6, prepare: false, onnotice: () => {} })
    const reports = await Promise.all([1, 2, 3, 4, 5, 6].map(() => dryRun(pooled)))
    await pooled.end()
    await pooler.close()
    for (const report of reports) expect(report).toMatchObject({ purged: 9, deleted: { message: 5 } })
  })

  it("keeps nobody from anything, and counts what was there when it began", async () => {
    await scene()
    let dry: Promise<unknown> | undefined
    await database.sql.begin(async (holder) => {
      await holder`select pg_advisory_xact_lock(42)`
      dry = world
        .store()
        .purge({ dryRun: true, batchSize: 2, keep: () => sql`pg_advisory_xact_lock_shared(42)::text <> ''` })
      for (let waiting = 0; waiting === 0; )
        waiting = (
          await database.sql`select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`
        ).length
      await connected(database.url, { lock_timeout: 1000 }, async (other) => {
        await other`update "user" set name = 'Ada'`
        await other`delete from message`
        await other`delete from "user" where id = 'd1'`
      })
    })
    expect(await dry).toMatchObject({ purged: 9, deleted: { message: 5 } })
    expect(await world.users()).toHaveLength(8)
  })

  it("writes nothing, also where a condition to keep users does", async () => {
    await scene()
    await world.run(`create or replace function note_down(id text) returns boolean language plpgsql as '
      begin insert into message (sender) values (id); return false; end'`)
    await connected(database.url, {}, async (client) => {
      const keep = () => sql`note_down(id)`
      await expect(dryRun(client, { keep })).rejects.toMatchObject({ cause: { code: "25006" } })
    })
    expect(await world.count("message")).toBe(5)
  })

  it("says what to do where the server or the role only reads, and needs to write nothing where no rows are shared", async () => {
    await world.deadUsers(3)
    await connected(database.url, { default_transaction_read_only: true }, async (client) => {
      expect(await dryRun(client)).toMatchObject({ purged: 3 })
      await world.run(messages)
      await expect(dryRun(client)).rejects.toMatchObject({
        code: "setup",
        message: expect.stringContaining("Run it on the primary"),
      })
    })
  })

  it("says what to do where the role may not make temporary tables", async () => {
    await world.run(messages)
    const role = `counter_${process.pid}`
    const [{ name }] = (await world.run("select current_database() as name")) as [{ name: string }]
    await world.run(`revoke temporary on database ${name} from public; create role ${role} login password 'counter';
      grant select on all tables in schema public to ${role}`)
    const url = new URL(database.url)
    url.username = role
    url.password = "counter"
    try {
      await connected(url.href, {}, async (client) => {
        await expect(dryRun(client)).rejects.toMatchObject({
          code: "setup",
          message: expect.stringContaining("Grant it TEMPORARY"),
        })
        await world.run(`grant temporary on database ${name} to ${role}`)
        expect(await dryRun(client)).toMatchObject({ purged: 0 })
      })
    } finally {
      await world.run(
        `revoke temporary on database ${name} from ${role}; drop owned by ${role}; drop role ${role}; grant temporary on database ${name} to public`,
      )
    }
  })

  it("ends with the error of a statement that fails", async () => {
    await scene()
    await database.sql.begin(async (holder) => {
      await holder`lock table message in access exclusive mode`
      await connected(database.url, { lock_timeout: 50 }, async (client) => {
        await expect(dryRun(client)).rejects.toMatchObject({ cause: { code: "55P03" } })
      })
    })
    expect(await world.store().purge({ dryRun: true })).toMatchObject({ purged: 9, deleted: { message: 5 } })
  })
})
