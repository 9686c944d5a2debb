import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, type PurgeReport } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { since } from "../setup/server-version.js"
import { PurgeWorld } from "./purge-world.js"

/** Users are `a`, `b` and `c`, dead and in this order; `alive`, lazy and alive; and `real`. */
interface Scene {
  name: string
  tables: string
  /** Which of `a`, `b` and `c` stay, and because of which tables. */
  stay?: string[]
  skipped?: PurgeReport["skipped"]
  deleted?: PurgeReport["deleted"]
  /** The same for `cascade`; default: nobody stays. */
  cascade?: { stay?: string[]; skipped?: PurgeReport["skipped"]; deleted?: PurgeReport["deleted"] }
  /** Shows only when it is tried, so that a dry run can't know. */
  unforeseen?: boolean
}

const scenes: Scene[] = [
  {
    name: "NO ACTION",
    tables: `create table note (owner text references "user"); insert into note values ('b'), ('b'), ('real'), ('alive'), (null)`,
    stay: ["b"],
    skipped: { note: 1 },
    cascade: { deleted: { note: 2 } },
  },
  {
    name: "RESTRICT",
    tables: `create table note (owner text references "user" on delete restrict); insert into note values ('a'), ('c'), ('real')`,
    stay: ["a", "c"],
    skipped: { note: 2 },
    cascade: { deleted: { note: 2 } },
  },
  {
    name: "several tables that hold the same user back",
    tables: `create table note (owner text references "user"); create table vote (voter text references "user");
      insert into note values ('a'), ('b'); insert into vote values ('b')`,
    stay: ["a", "b"],
    skipped: { note: 2, vote: 1 },
    cascade: { deleted: { note: 2, vote: 1 } },
  },
  {
    name: "NO ACTION further down",
    tables: `create table post (id text primary key, owner text references "user" on delete cascade);
      create table page (id text primary key, post text references post on delete cascade);
      create table scan (page text references page);
      insert into post values ('pa', 'a'), ('pb', 'b'), ('pr', 'real');
      insert into page values ('ga', 'pa'), ('gb', 'pb'), ('gr', 'pr'); insert into scan values ('ga'), ('gr')`,
    stay: ["a"],
    skipped: { scan: 1 },
    deleted: { post: 1, page: 1 },
    cascade: { deleted: { post: 2, page: 2, scan: 1 } },
  },
  {
    name: "NO ACTION on NO ACTION, through several levels",
    tables: `create table post (id text primary key, owner text references "user");
      create table page (id text primary key, post text references post);
      create table scan (id text primary key, page text references page on delete restrict);
      create table dust (scan text references scan on delete cascade);
      insert into post values ('pa', 'a'), ('pr', 'real'); insert into page values ('ga', 'pa'), ('gr', 'pr');
      insert into scan values ('sa', 'ga'), ('sr', 'gr'); insert into dust values ('sa'), ('sa'), ('sr')`,
    stay: ["a"],
    skipped: { post: 1 },
    cascade: { deleted: { post: 1, page: 1, scan: 1, dust: 2 } },
  },
  {
    name: "a row that is referred to by NO ACTION from one that goes with the same user",
    tables: `create table post (id text primary key, owner text references "user" on delete cascade);
      create table note (post text references post, owner text references "user" on delete cascade);
      insert into post values ('pa', 'a'), ('pb', 'b'); insert into note values ('pa', 'a'), ('pb', 'real')`,
    stay: ["b"],
    skipped: { note: 1 },
    deleted: { post: 1, note: 1 },
    cascade: { deleted: { post: 2, note: 2 } },
  },
  {
    name: "a row that is referred to by RESTRICT from one that goes with the same user",
    tables: `create table post (id text primary key, owner text references "user" on delete cascade);
      create table note (post text references post on delete restrict, owner text references "user" on delete cascade);
      insert into post values ('pa', 'a'), ('pb', 'b'); insert into note values ('pa', 'a'), ('pb', 'real')`,
    stay: ["b"],
    skipped: { note: 1 },
    deleted: { post: 1, note: 1 },
    cascade: { deleted: { post: 2, note: 2 } },
  },
  {
    name: "NO ACTION from a row that goes with the user by way of another one, for which PostgreSQL alone would refuse",
    tables: `create table post (id text primary key, owner text references "user" on delete cascade);
      create table note (post text references post on delete cascade, author text references "user");
      insert into post values ('pa', 'a'), ('pb', 'b'), ('pr', 'real');
      insert into note values ('pa', 'a'), ('pa', 'real'), ('pr', 'b')`,
    stay: ["b"],
    skipped: { note: 1 },
    deleted: { post: 1, note: 2 },
    cascade: { deleted: { post: 2, note: 3 } },
  },
  {
    name: "rows of two users that refer to each other",
    tables: `create table post (id text primary key, owner text references "user" on delete cascade);
      create table note (post text references post, owner text references "user" on delete cascade);
      insert into post values ('pa', 'a'), ('pb', 'b'); insert into note values ('pa', 'b'), ('pb', 'a')`,
    deleted: { post: 2, note: 2 },
    cascade: { deleted: { post: 2, note: 2 } },
  },
  {
    name: "a row that goes with another user, who is held back",
    tables: `create table post (id text primary key, owner text references "user" on delete cascade);
      create table note (post text references post, owner text references "user" on delete cascade);
      create table hold (owner text references "user");
      insert into post values ('pa', 'a'), ('pb', 'b'); insert into note values ('pa', 'b'); insert into hold values ('b')`,
    stay: ["a", "b"],
    skipped: { note: 1, hold: 1 },
    cascade: { deleted: { post: 2, note: 1, hold: 1 } },
  },
  {
    name: "keys of several columns",
    tables: `alter table "user" add column tenant int default 7; alter table "user" add unique (tenant, id);
      create table note (tenant int, owner text, foreign key (tenant, owner) references "user" (tenant, id));
      create table task (tenant int, owner text, foreign key (owner, tenant) references "user" (id, tenant) on delete cascade);
      create table step (tenant int, owner text, foreign key (tenant, owner) references "user" (tenant, id) match full);
      insert into note values (7, 'a'), (null, 'b'), (7, null); insert into task values (7, 'a'), (7, 'b'); insert into step values (7, 'c'), (null, null)`,
    stay: ["a", "c"],
    skipped: { note: 1, step: 1 },
    deleted: { task: 1 },
    cascade: { deleted: { note: 1, task: 2, step: 1 } },
  },
  {
    name: "a key to another column than the id",
    tables: `create table note (name text references "user" (username)); insert into note values ('name of a'), (null)`,
    stay: ["a"],
    skipped: { note: 1 },
    cascade: { deleted: { note: 1 } },
  },
  {
    name: "a table that refers to itself",
    tables: `create table note (id int primary key, owner text references "user" on delete cascade, parent int references note);
      insert into note values (1, 'a', null), (2, 'a', 1), (3, 'b', null), (4, 'real', 3), (5, null, 4)`,
    stay: ["b"],
    skipped: { note: 1 },
    deleted: { note: 2 },
    cascade: { deleted: { note: 5 } },
  },
  {
    name: "tables that refer to each other in a circle",
    tables: `create table post (id int primary key, owner text references "user", note int);
      create table note (id int primary key, post int references post);
      alter table post add foreign key (note) references note;
      insert into post values (1, 'a', null), (2, 'real', null), (3, null, null); insert into note values (1, 1), (2, 2), (3, 3);
      update post set note = 1 where id = 3; update post set note = 3 where id = 1; update post set note = 2 where id = 2`,
    stay: ["a"],
    skipped: { post: 1 },
    cascade: { deleted: { post: 2, note: 2 } },
  },
  {
    name: "partitioned tables",
    tables: `create table post (id int, owner text references "user" on delete cascade, primary key (id)) partition by hash (id);
      create table post_0 partition of post for values with (modulus 2, remainder 0);
      create table post_1 partition of post for values with (modulus 2, remainder 1);
      create table note (id int, post int references post) partition by list (id);
      create table note_odd partition of note for values in (1, 3, 5);
      create table note_even partition of note for values in (2, 4, 6) partition by range (post);
      create table note_even_low partition of note_even for values from (0) to (100);
      insert into post select n, owner from generate_series(1, 9) n, (values (1, 'a'), (2, 'b'), (3, 'c')) owners (k, owner) where n % 3 = k % 3;
      insert into note values (1, 1), (2, 5), (3, null), (4, 4)`,
    stay: ["a", "b"],
    skipped: { note: 2 },
    deleted: { post: 3 },
    cascade: { deleted: { post: 9, note: 3 } },
  },
  {
    name: "keys that lead to one partition, whose rows have twins in another one",
    tables: `create table post (id int, kind text, owner text references "user" on delete cascade) partition by list (kind);
      create table post_x partition of post for values in ('x'); alter table post_x add primary key (id);
      create table post_y partition of post for values in ('y'); alter table post_y add primary key (id);
      create table note (post int references post_x on delete restrict);
      insert into post values (1, 'x', 'real'), (1, 'y', 'a'), (2, 'x', 'b'), (2, 'y', 'real'), (3, 'x', 'alive'); insert into note values (1), (2), (3)`,
    stay: ["b"],
    skipped: { note: 1 },
    deleted: { post: 1 },
    cascade: { deleted: { post: 2, note: 1 } },
  },
  {
    name: "other schemas and odd names",
    tables: `create schema "My ""own"" schema";
      create table "My ""own"" schema"."Post's %" ("The ""id""" text primary key, "select" text references public."user" on delete cascade);
      create table "My ""own"" schema"."user" ("Post" text references "My ""own"" schema"."Post's %");
      insert into "My ""own"" schema"."Post's %" values ('pa', 'a'), ('pb', 'b'); insert into "My ""own"" schema"."user" values ('pb')`,
    stay: ["b"],
    skipped: { 'My "own" schema.user': 1 },
    deleted: { 'My "own" schema.Post\'s %': 1 },
    cascade: { deleted: { 'My "own" schema.Post\'s %': 2, 'My "own" schema.user': 1 } },
  },
  {
    name: "a table with a child that inherits from it",
    tables: `create table note (owner text references "user"); create table memo () inherits (note);
      insert into memo values ('a'); insert into note values ('b')`,
    stay: ["b"],
    skipped: { note: 1 },
    cascade: { deleted: { note: 1 } },
  },
  {
    name: "deferred constraints",
    tables: `create table post (id text primary key, owner text references "user" deferrable initially deferred);
      create table note (post text references post deferrable initially deferred);
      insert into post values ('pa', 'a'); insert into note values ('pa')`,
    stay: ["a"],
    skipped: { post: 1 },
    cascade: { deleted: { post: 1, note: 1 } },
  },
  {
    name: "SET NULL and SET DEFAULT",
    tables: `create table note (id int, owner text references "user" on delete set null, reader text default 'real' references "user" on delete set default);
      insert into note values (1, 'a', 'b'), (2, 'c', 'alive')`,
    cascade: {},
  },
  {
    name: "SET NULL where null can't be",
    tables: `create table note (owner text not null references "user" on delete set null); insert into note values ('b')`,
    stay: ["b"],
    cascade: { stay: ["b"] },
    unforeseen: true,
  },
  {
    name: "SET DEFAULT to a user who goes as well",
    tables: `create table note (owner text default 'c' references "user" on delete set default); insert into note values ('b')`,
    stay: ["c"],
    skipped: { note: 1 },
    cascade: { stay: ["c"], skipped: { note: 1 } },
    unforeseen: true,
  },
  ...since(18, [
    {
      name: "a constraint that is for information only",
      tables: `create table note (owner text, foreign key (owner) references "user" not enforced); insert into note values ('a')`,
      cascade: {},
    },
  ]),
  {
    name: "users who were invited by others, NO ACTION",
    tables: `alter table "user" add column inviter text references "user";
      update "user" set inviter = 'a' where id = 'real'; update "user" set inviter = 'b' where id = 'alive'; update "user" set inviter = 'b' where id = 'c'`,
    stay: ["a", "b"],
    skipped: { user: 2 },
    cascade: { stay: ["a", "b"], skipped: { user: 2 } },
  },
  {
    name: "dead users who were invited by each other, NO ACTION",
    tables: `alter table "user" add column inviter text references "user";
      update "user" set inviter = 'a' where id = 'b'; update "user" set inviter = 'b' where id = 'c'; update "user" set inviter = 'c' where id = 'a'`,
    cascade: {},
  },
  {
    name: "dead users who were invited by each other, and the last of them has invited a real one",
    tables: `alter table "user" add column inviter text references "user";
      update "user" set inviter = 'a' where id = 'b'; update "user" set inviter = 'b' where id = 'c'; update "user" set inviter = 'c' where id = 'real'`,
    stay: ["a", "b", "c"],
    skipped: { user: 3 },
    cascade: { stay: ["a", "b", "c"], skipped: { user: 3 } },
  },
  {
    name: "users who would go with others, CASCADE",
    tables: `alter table "user" add column parent text references "user" on delete cascade;
      update "user" set parent = 'a' where id = 'real'; update "user" set parent = 'b' where id = 'c'`,
    stay: ["a"],
    skipped: { user: 1 },
    cascade: { stay: ["a"], skipped: { user: 1 } },
  },
  {
    name: "users who would go with others by way of a table, CASCADE",
    tables: `create table team (id text primary key, owner text references "user" on delete cascade);
      create table room (id text primary key, team text references team);
      insert into team values ('ta', 'a'), ('tb', 'b'), ('tc', 'c'); insert into room values ('r', 'tb');
      alter table "user" add column team text references team on delete cascade, add column room text references room on delete cascade;
      update "user" set team = 'ta' where id in ('a', 'alive'); update "user" set room = 'r' where id = 'real'; update "user" set team = 'tc' where id in ('b', 'c')`,
    // The team of c would go, and b is in it.
    stay: ["a", "b", "c"],
    skipped: { user: 2, room: 1 },
    cascade: { stay: ["a", "b", "c"], skipped: { user: 3 } },
  },
  {
    name: "users who refer to others by SET NULL",
    tables: `alter table "user" add column inviter text references "user" on delete set null; update "user" set inviter = 'a'`,
    cascade: {},
  },
  {
    name: "a row that has several users",
    tables: `create table message (sender text references "user" on delete cascade, receiver text references "user");
      insert into message values ('a', 'b'), ('b', 'real'), ('real', 'c'), ('a', 'alive')`,
    stay: ["c"],
    skipped: { message: 1 },
    deleted: { message: 3 },
    cascade: { deleted: { message: 4 } },
  },
]

describe("purging users whom rows refer to", () => {
  let database: PostgresDatabase
  let world: PurgeWorld

  beforeAll(async () => {
    database = await postgresDatabase()
    world = new PurgeWorld(database)
  })
  afterEach(() => world.reset())
  afterAll(() => database.close())

  const people = async () => {
    for (const [days, id] of [
      [43, "a"],
      [42, "b"],
      [41, "c"],
    ])
      await world.deadUser(`${id}`, { seen: `now() - interval '${days} days'` })
    await world.aliveUser("alive")
    await world.realUser("real")
  }

  describe.each(scenes)("$name", ({ tables, stay = [], skipped = {}, deleted = {}, cascade = {}, unforeseen }) => {
    it.each([
      { options: { cascade: false }, expected: { stay, skipped, deleted } },
      { options: { cascade: true }, expected: { stay: [], skipped: {}, deleted: {}, ...cascade } },
    ])("$options", async ({ options, expected }) => {
      await people()
      await world.run(tables)
      const dry = await world.store().purge({ ...options, dryRun: true })
      const report = await world.store().purge(options)
      expect(await world.users()).toEqual([...expected.stay, "alive", "real"].sort())
      expect(report.purged).toBe(3 - expected.stay.length)
      expect(report.skipped).toEqual(expected.skipped)
      expect(report.deleted).toEqual(expected.deleted)
      if (!unforeseen) expect(dry).toEqual({ ...report, dryRun: true, before: expect.any(Date) })
    })
  })

  /** A name for a role, which all databases of a server share. */
  const purger = `purger_${process.pid}`

  it("leaves rows that go by CASCADE to the database, and needs no right to their tables", async () => {
    await people()
    await world.run(`create table note (owner text references "user" on delete cascade); insert into note values ('a');
      create role ${purger} login password 'purger';
      grant select, update, delete on "user" to ${purger}; grant select on session to ${purger}; grant insert on "lazyOutcome" to ${purger}`)
    const url = new URL(database.url)
    url.username = purger
    url.password = "purger"
    const limited = postgres(url.href, { max: 1 })
    const report = await LazyAdapter(drizzle(limited)).lazy.purge()
    await limited.end()
    await world.run(`drop owned by ${purger}; drop role ${purger}`)
    expect(report).toMatchObject({ purged: 3, deleted: { note: 1 } })
  })

  it("ends with the error where the role may not delete, and tries no single user", async () => {
    await people()
    await world.run(`create role ${purger} login password 'purger';
      grant select, update on "user" to ${purger}; grant select on session to ${purger}; grant insert on "lazyOutcome" to ${purger}`)
    const url = new URL(database.url)
    url.username = purger
    url.password = "purger"
    const limited = postgres(url.href, { max: 1 })
    const deletes: string[] = []
    const logger = { logQuery: (text: string) => void (text.includes("delete from") && deletes.push(text)) }
    const purge = LazyAdapter(drizzle(limited, { logger })).lazy.purge()
    await expect(purge.finally(() => limited.end())).rejects.toMatchObject({ cause: { code: "42501" } })
    await world.run(`drop owned by ${purger}; drop role ${purger}`)
    expect(deletes).toHaveLength(1)
    expect(await world.users()).toHaveLength(5)
  })

  it.each(["before", "after"])("deletes no other user by way of a trigger (%s)", async (when) => {
    await people()
    await world.run(`create or replace function take_another() returns trigger language plpgsql as '
        begin if old.id = ''b'' then delete from "user" where id = ''real''; end if; return old; end';
      create trigger take_another ${when} delete on "user" for each row execute function take_another()`)
    expect(await world.store().purge()).toMatchObject({ purged: 2, skipped: { user: 1 }, failures: 0 })
    expect(await world.users()).toEqual(["alive", "b", "real"])
  })

  it("deletes with `cascade` also what a real user wrote where it hangs on a lazy one, and nothing else of them", async () => {
    await people()
    await world.run(`create table post (id text primary key, owner text references "user");
      create table comment (id text, post text references post, author text references "user");
      insert into post values ('pa', 'a'), ('pr', 'real');
      insert into comment values ('on a''s post', 'pa', 'real'), ('on my own', 'pr', 'real'), ('by b', 'pr', 'b')`)
    expect(await world.store().purge({ cascade: true })).toMatchObject({ purged: 3, deleted: { post: 1, comment: 2 } })
    expect(await world.run("select id, author from comment")).toEqual([{ id: "on my own", author: "real" }])
    expect(await world.users()).toEqual(["alive", "real"])
  })

  describe("set-wise", () => {
    const statements: string[] = []
    const counted = () =>
      LazyAdapter(drizzle(database.sql, { logger: { logQuery: (text) => void statements.push(text) } })).lazy

    const statementsOf = async (users: number, tables: string, options = {}) => {
      await world.deadUsers(users)
      await world.run(tables)
      statements.length = 0
      const report = await counted().purge({ batchSize: 50, ...options })
      await world.reset()
      return { report, perBatch: statements.length / Math.ceil(users / 50) }
    }

    it("asks for nothing more where no key holds anybody back", async () => {
      const without = await statementsOf(100, "")
      const cascading = await statementsOf(100, `create table note (owner text references "user" on delete cascade)`)
      const holding = await statementsOf(100, `create table note (owner text references "user")`)
      expect(cascading.perBatch).toBe(without.perBatch)
      expect(holding.perBatch).toBe(without.perBatch + 1)
    })

    it("finds everybody who is held back at once, and goes on behind them", async () => {
      const some = `create table note (owner text references "user"); insert into note select id from "user" where id like '%1'`
      const all = `create table note (owner text references "user"); insert into note select id from "user"`
      const few = await statementsOf(100, some)
      const many = await statementsOf(400, some)
      expect(few.report).toMatchObject({ purged: 90, skipped: { note: 10 } })
      expect(many.report).toMatchObject({ purged: 360, skipped: { note: 40 } })
      expect(many.perBatch).toBeLessThanOrEqual(few.perBatch)
      const nobody = await statementsOf(400, all)
      expect(nobody.report).toMatchObject({ purged: 0, skipped: { note: 400 } })
      expect(nobody.perBatch).toBeLessThanOrEqual(few.perBatch)
    })

    describe.each([
      { what: "without a hook", options: {} },
      { what: "with a hook", options: { onPurge: () => {} } },
      { what: "in a dry run", options: { dryRun: true } },
    ])("$what", ({ options }) => {
      const held = (condition: string) =>
        `create table note (owner text references "user"); insert into note select id from "user" where ${condition}`

      it("passes by those who are held back in whole batches, however small the limit", async () => {
        const { report } = await statementsOf(400, held("id <> 'd380'"), { ...options, limit: 1 })
        expect(report).toMatchObject({ purged: 1, skipped: { note: 379 } })
        expect(statements.filter((text) => text.startsWith("set transaction"))).toHaveLength(8)
        expect(statements.length).toBeLessThan(8 * (options.onPurge ? 40 : 6))
      })

      it("asks for nothing more where nobody is", async () => {
        const { report } = await statementsOf(400, held("false"), { ...options, limit: 50 })
        expect(report).toMatchObject({ purged: 50, skipped: {} })
        expect(statements.filter((text) => text.startsWith("set transaction"))).toHaveLength(1)
        const within = statements.length
        await statementsOf(400, held("false"), { ...options, limit: 7 })
        expect(statements.length).toBe(within + (options.onPurge ? 0 : 1))
      })
    })

    it("deletes by as many statements with `cascade`, however many rows there are", async () => {
      const tables = `create table post (id serial primary key, owner text references "user");
        create table note (post int references post, parent int);
        insert into post (owner) select id from "user", generate_series(1, 3); insert into note select id from post, generate_series(1, 4)`
      const few = await statementsOf(50, tables, { cascade: true })
      const many = await statementsOf(200, tables, { cascade: true })
      expect(few.report).toMatchObject({ purged: 50, deleted: { post: 150, note: 600 } })
      expect(many.report).toMatchObject({ purged: 200, deleted: { post: 600, note: 2400 } })
      expect(many.perBatch).toBeLessThanOrEqual(few.perBatch)
    })
  })
})
