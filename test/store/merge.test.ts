import { sql } from "drizzle-orm"
import { integer, pgSchema, pgTable, text, timestamp, uuid, varchar } from "drizzle-orm/pg-core"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, type MergeHookParams, schema } from "../../src/drizzle.js"
import type { StoreInternals } from "../../src/store/lazy-store.js"
import { drivers } from "../setup/databases.js"
import { serverKnows } from "../setup/server-version.js"
import { MergeWorld } from "./merge-world.js"

const USER = `text not null references "user" on delete cascade`

const NO_CASE = `create collation if not exists "No Case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`

describe.each(drivers)("merging on $driver", ({ driver, open }) => {
  let world: MergeWorld
  let store: StoreInternals

  beforeAll(async () => {
    world = new MergeWorld(await open())
    store = world.store()
  })
  afterEach(() => world.reset())
  afterAll(() => world.database.close())

  /** Merges and collects what the hook was given. */
  const mergeAndLook = async (from: string, into: string) => {
    const seen: Omit<MergeHookParams, "tx">[] = []
    const report = await store.merge(from, into, { onMerge: ({ tx: _, ...params }) => void seen.push(params) })
    return { report, hook: seen[0] as Omit<MergeHookParams, "tx">, calls: seen.length }
  }

  /** The rows of a table without the order in which they happen to be stored. */
  const rows = async (what: string) =>
    (await world.run(`select * from ${what}`)).map((row) => JSON.stringify(row)).sort()

  const expectUnchanged = async (work: () => Promise<unknown>, error: object) => {
    const before = await world.everything()
    await expect(work()).rejects.toMatchObject(error)
    expect(await world.everything()).toEqual(before)
  }

  describe("what moves", () => {
    it("gives every row of the lazy user to the real one and leaves everybody else's alone", async () => {
      const { from, into, other } = await world.people()
      await world.run(`create table note (id int primary key, "userId" ${USER}, body text);
        insert into note values (1, '${from}', 'a'), (2, '${from}', 'b'), (3, '${into}', 'c'), (4, '${other}', 'd');`)
      const { report, hook } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ from: { id: from }, into: { id: into }, moved: { note: 2 }, conflicts: {} })
      expect(hook).toEqual({ from: report.from, into: report.into, moved: { note: 2 }, conflicts: {} })
      expect(await world.run(`select id, "userId" from note order by id`)).toEqual([
        { id: 1, userId: into },
        { id: 2, userId: into },
        { id: 3, userId: into },
        { id: 4, userId: other },
      ])
      expect(await world.count(`"user" where id = '${from}'`)).toBe(0)
    })

    it("deletes what the lazy user signed in with, moves none of it, and reports none of it", async () => {
      const { from, into } = await world.people()
      await world.run(`
        insert into session values ('lazy', '${from}', now()), ('real', '${into}', now());
        insert into account ("userId", type, provider, "providerAccountId")
          values ('${from}', 'oauth', 'p', '1'), ('${into}', 'oauth', 'p', '2');
        insert into password values ('${from}', 'h1'), ('${into}', 'h2');
        insert into authenticator values ('c', '${from}', 'p', 'k', 0, 'd', false, null);`)
      const { report } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ moved: {}, conflicts: {} })
      expect(await world.run(`select "sessionToken", "userId" from session`)).toEqual([
        { sessionToken: "real", userId: into },
      ])
      expect(await world.run(`select "providerAccountId" from account`)).toEqual([{ providerAccountId: "2" }])
      expect(await world.run(`select hash from password`)).toEqual([{ hash: "h2" }])
      expect(await world.count("authenticator")).toBe(0)
    })

    it.each(["no action", "restrict", "cascade", "set null", "set default"])(
      "moves rows that are kept by ON DELETE %s",
      async (action) => {
        const { from, into } = await world.people()
        await world.run(`create table note ("userId" text references "user" on delete ${action} on update ${action});
        insert into note values ('${from}'), ('${from}'), (null);`)
        const { report } = await mergeAndLook(from, into)
        expect(report).toMatchObject({ moved: { note: 2 }, conflicts: {} })
        expect(await world.count(`note where "userId" = '${into}'`)).toBe(2)
      },
    )

    it("finds tables in every schema and whatever their names", async () => {
      const { from, into } = await world.people()
      await world.run(`create schema "Shop's ""own""";
        create table "Shop's ""own"""."order; drop" ("user id" text references "user", "Weird "" column" int, unique ("user id", "Weird "" column"));
        create table "select" ("from" text references "user");
        create table "Note" ("userId" text references "user" unique);
        create table note (userid text references "user");
        insert into "Shop's ""own"""."order; drop" values ('${from}', 1), ('${from}', 2), ('${into}', 2);
        insert into "select" values ('${from}');
        insert into "Note" values ('${from}'), ('${into}');
        insert into note values ('${from}');`)
      const { report, hook } = await mergeAndLook(from, into)
      expect(report.moved).toEqual({ [`Shop's "own".order; drop`]: 1, select: 1, note: 1 })
      expect(report.conflicts).toEqual({ [`Shop's "own".order; drop`]: 1, Note: 1 })
      expect(hook.conflicts).toEqual({
        [`Shop's "own".order; drop`]: [
          { row: { "user id": from, 'Weird " column': 2 }, by: { "user id": into, 'Weird " column': 2 } },
        ],
        Note: [{ row: { userId: from }, by: { userId: into } }],
      })
    })

    it("moves all user columns of a table together, and only those that held the lazy user", async () => {
      const { from, into, other } = await world.people()
      await world.run(`create table message (sender text references "user", receiver text references "user", body text);
        insert into message values ('${from}', '${from}', 'a'), ('${from}', '${other}', 'b'), ('${other}', '${from}', 'c'), ('${other}', null, 'd');`)
      const { report } = await mergeAndLook(from, into)
      expect(report.moved).toEqual({ message: 3 })
      expect(await rows("message")).toEqual(
        [
          { sender: into, receiver: into, body: "a" },
          { sender: into, receiver: other, body: "b" },
          { sender: other, receiver: into, body: "c" },
          { sender: other, receiver: null, body: "d" },
        ]
          .map((row) => JSON.stringify(row))
          .sort(),
      )
    })

    it("moves references of users to users, the lazy user's own excepted", async () => {
      const { from, into, other } = await world.people()
      await world.run(`alter table "user" add column "invitedBy" text references "user";
        update "user" set "invitedBy" = '${from}';`)
      const { report } = await mergeAndLook(from, into)
      expect(report.moved).toEqual({ user: 2 })
      expect(report.into).toMatchObject({ id: into })
      expect(await rows(`(select id, "invitedBy" from "user") u`)).toEqual(
        [
          { id: into, invitedBy: into },
          { id: other, invitedBy: into },
        ]
          .map((row) => JSON.stringify(row))
          .sort(),
      )
    })

    it.each(["no action", "restrict", "cascade", "set null"])(
      "follows keys through another table's user id (ON UPDATE and ON DELETE %s)",
      async (action) => {
        const { from, into } = await world.people()
        await world.run(`create table profile ("userId" text primary key references "user" on delete cascade, bio text);
          create table settings ("profileId" text references profile on update ${action} on delete ${action}, key text, unique ("profileId", key));
          create table badge (owner text references profile on update ${action} on delete ${action});
          insert into profile values ('${from}', 'hi');
          insert into settings values ('${from}', 'a'), ('${from}', 'b');
          insert into badge values ('${from}'), ('${from}'), ('${from}');`)
        const { report } = await mergeAndLook(from, into)
        expect(report).toMatchObject({ moved: { profile: 1, settings: 2, badge: 3 }, conflicts: {} })
        expect(await world.run("select * from profile")).toEqual([{ userId: into, bio: "hi" }])
        expect(await world.count(`settings where "profileId" = '${into}'`)).toBe(2)
        expect(await world.count(`badge where owner = '${into}'`)).toBe(3)
      },
    )

    it("moves what hangs on a row that stays behind to the row of the real user", async () => {
      const { from, into } = await world.people()
      await world.run(`create table profile ("userId" text primary key references "user" on delete cascade, bio text);
        create table settings ("profileId" text references profile on delete cascade, key text, unique ("profileId", key));
        insert into profile values ('${from}', 'lazy'), ('${into}', 'real');
        insert into settings values ('${from}', 'a'), ('${from}', 'b'), ('${into}', 'b');`)
      const { report, hook } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ moved: { settings: 1 }, conflicts: { profile: 1, settings: 1 } })
      expect(hook.conflicts).toEqual({
        profile: [{ row: { userId: from, bio: "lazy" }, by: { userId: into, bio: "real" } }],
        settings: [{ row: { profileId: from, key: "b" }, by: { profileId: into, key: "b" } }],
      })
      expect(await rows("settings")).toEqual([`{"profileId":"${into}","key":"a"}`, `{"profileId":"${into}","key":"b"}`])
    })

    it("leaves behind what hangs on a row that can't move", async () => {
      const { from, into, other } = await world.people()
      await world.run(`create table profile ("userId" text primary key references "user", "referrer" text unique references "user");
        create table settings ("profileId" text references profile, key text);
        create table option (settings text references profile, owner text references "user");
        create table device ("userId" text primary key references profile);
        create table app (device text primary key references device);
        create table tab (app text references app);
        insert into profile values ('${from}', '${from}'), ('${other}', '${into}');
        insert into settings values ('${from}', 'a'), ('${other}', 'b');
        insert into option values ('${from}', null), ('${other}', '${from}');
        insert into device values ('${from}');
        insert into app values ('${from}');
        insert into tab values ('${from}'), (null);`)
      const { report } = await mergeAndLook(from, into)
      expect(report).toMatchObject({
        moved: { option: 1 },
        conflicts: { profile: 1, settings: 1, option: 1, device: 1, app: 1, tab: 1 },
      })
    })

    it("follows keys of a table to itself, and in a circle", async () => {
      const { from, into, other } = await world.people()
      await world.run(`create table member ("userId" text primary key references "user", boss text references member);
        create table team (lead text primary key references member);
        alter table member add column team text references team;
        insert into member values ('${from}', '${from}'), ('${other}', '${from}');
        insert into team values ('${from}');
        update member set team = '${from}';`)
      const { report } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ moved: { member: 2, team: 1 }, conflicts: {} })
      expect(await rows("member")).toEqual(
        [
          { userId: into, boss: into, team: into },
          { userId: other, boss: into, team: into },
        ]
          .map((row) => JSON.stringify(row))
          .sort(),
      )
    })

    it("moves rows of partitioned tables, also from one partition to another", async () => {
      const { from, into, other } = await world.people()
      await world.run(`create table event ("userId" text references "user", n int, primary key ("userId", n)) partition by hash ("userId");
        create table event_0 partition of event for values with (modulus 2, remainder 0);
        create table event_1 partition of event for values with (modulus 2, remainder 1);
        create table visit ("userId" text references "user", n int) partition by list ("userId");
        create table visit_lazy partition of visit for values in ('${from}');
        create table visit_rest partition of visit default;
        create table log ("userId" text references "user", n int, unique ("userId", n)) partition by range (n);
        create table log_low partition of log for values from (0) to (10);
        create table log_high partition of log for values from (10) to (20) partition by range (n);
        create table log_higher partition of log_high for values from (10) to (20);
        insert into event select id, n from "user", generate_series(1, 10) n where not (id = '${into}' and n > 4);
        insert into visit select id, n from "user", generate_series(1, 10) n;
        insert into log values ('${from}', 1), ('${from}', 11), ('${from}', 12), ('${into}', 12), ('${other}', 1);`)
      const { report, hook } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ moved: { event: 6, visit: 10, log: 2 }, conflicts: { event: 4, log: 1 } })
      expect(hook.conflicts.event).toHaveLength(4)
      expect(await world.count(`event where "userId" = '${into}'`)).toBe(10)
      expect(await world.count(`visit where "userId" = '${into}'`)).toBe(20)
      expect(await world.count("visit_lazy")).toBe(0)
    })

    it("takes a key of one partition for a key of the table", async () => {
      const { from, into } = await world.people()
      await world.run(`create table part ("userId" text, n int) partition by list (n);
        create table part_1 partition of part for values in (1);
        create table part_2 partition of part for values in (2);
        alter table part_1 add foreign key ("userId") references "user";
        insert into part values ('${from}', 1), ('${from}', 2);`)
      const { report } = await mergeAndLook(from, into)
      expect(report.moved).toEqual({ part: 2 })
    })

    it("leaves the children of a table made with INHERITS to their own keys", async () => {
      const { from, into } = await world.people()
      await world.run(`create table base ("userId" text references "user");
        create table child (n int, foreign key ("userId") references "user") inherits (base);
        insert into base values ('${from}');
        insert into child values ('${from}', 1), ('${from}', 2);`)
      const { report } = await mergeAndLook(from, into)
      expect(report.moved).toEqual({ base: 1, child: 2 })
    })

    it("works with ids of type uuid and with own column names in another schema", async () => {
      const [from, into] = ["01900000-0000-7000-8000-00000000000a", "01900000-0000-7000-8000-00000000000b"]
      await world.run(`create schema auth;
        create table auth.person ("Id" uuid primary key, name text, email text, "emailVerified" timestamp, image text,
          username text unique, lazy_since timestamptz, converted_at timestamptz, seen_at timestamptz);
        create table auth.login (token text primary key, person uuid references auth.person, expires timestamp);
        create table auth.account (person uuid references auth.person, type text, provider text, "providerAccountId" text);
        create table note (owner uuid references auth.person, n int, unique (owner, n));
        create table event (actor uuid, actor_text text);
        insert into auth.person ("Id", lazy_since) values ('${from}', now()), ('${into}', null);
        insert into auth.login values ('t', '${from}', now());
        insert into note values ('${from}', 1), ('${from}', 2), ('${into}', 2);
        insert into event values ('${from}', '${from}');`)
      const authSchema = pgSchema("auth")
      const person = authSchema.table("person", {
        id: uuid("Id").primaryKey(),
        name: text("name"),
        email: text("email"),
        emailVerified: timestamp("emailVerified"),
        image: text("image"),
        username: text("username"),
        lazySince: timestamp("lazy_since", { withTimezone: true }),
        convertedAt: timestamp("converted_at", { withTimezone: true }),
        seenAt: timestamp("seen_at", { withTimezone: true }),
      })
      const login = authSchema.table("login", {
        sessionToken: text("token").primaryKey(),
        userId: uuid("person").notNull(),
        expires: timestamp("expires").notNull(),
      })
      const account = authSchema.table("account", {
        userId: uuid("person").notNull(),
        type: text("type").notNull(),
        provider: text("provider").notNull(),
        providerAccountId: text("providerAccountId").notNull(),
      })
      const event = pgTable("event", { actor: uuid("actor"), actorText: text("actor_text") })
      const report = await world
        .store({
          usersTable: person,
          sessionsTable: login,
          accountsTable: account,
          references: [event.actor, event.actorText],
        })
        .merge(from, into, { session: { sessionToken: "new", expires: new Date() } })
      expect(report).toMatchObject({ moved: { note: 1, event: 1 }, conflicts: { note: 1 } })
      expect(await world.run(`select token, person from auth.login`)).toEqual([{ token: "new", person: into }])
      expect(await world.run("select * from event")).toEqual([{ actor: into, actor_text: into }])
      await world.run(`delete from "user"`)
    })
  })

  describe("declared references", () => {
    const event = pgTable("event", {
      actorId: text("actorId"),
      short: varchar("short", { length: 20 }),
      long: varchar("long", { length: 64 }),
      number: integer("number"),
      uuid: uuid("uuid"),
    })

    it("moves columns without a foreign key", async () => {
      const { from, into, other } = await world.people()
      await world.run(`create table event ("actorId" text, long varchar(64) unique);
        insert into event values ('${from}', '${from}'), ('${from}', null), ('${other}', '${into}');`)
      const report = await world.store({ references: [event.actorId, event.long] }).merge(from, into)
      expect(report).toMatchObject({ moved: { event: 1 }, conflicts: { event: 1 } })
      expect(await rows("event")).toEqual([
        `{"actorId":"${into}","long":null}`,
        `{"actorId":"${other}","long":"${into}"}`,
      ])
    })

    it("can name a column that has a foreign key as well", async () => {
      const { from, into } = await world.people()
      await world.run(`create table event ("actorId" text references "user", long varchar(64));
        insert into event values ('${from}', null);`)
      const report = await world.store({ references: [event.actorId] }).merge(from, into)
      expect(report.moved).toEqual({ event: 1 })
    })

    it.each([
      ["is too short", [event.short], `"event"."short"`],
      ["is a number", [event.number], `"event"."number"`],
      ["can't hold every id", [event.uuid], `"event"."uuid"`],
      ["belongs to Auth.js", [schema.sessionsTable.userId], `"session"."userId"`],
      ["is the user id itself", [schema.usersTable.id], `"user"."id"`],
      ["is no column", [event as never], "references[0]"],
    ])("refuses a column that %s when the adapter is made", (_, references, named) => {
      const make = () => LazyAdapter(world.database.db, { references })
      expect(make).toThrow(expect.objectContaining({ code: "setup", message: expect.stringContaining(named) }))
    })

    it("refuses a column that is not in the database", async () => {
      const { from, into } = await world.people()
      const merge = () => world.store({ references: [event.actorId] }).merge(from, into)
      await expectUnchanged(merge, { code: "setup", message: expect.stringContaining(`"event"."actorId"`) })
      await world.run("create table event (other text)")
      await expectUnchanged(merge, { code: "setup", message: expect.stringContaining(`"event"."actorId"`) })
      await world.run(`drop table event; create view event as select 'x' as "actorId";`)
      await expectUnchanged(merge, { code: "setup", message: expect.stringContaining(`"event"."actorId"`) })
      await world.run("drop view event")
    })
  })

  describe("rows that a rule stops", () => {
    const stopped = async (ddl: string, fill: (people: { from: string; into: string; other: string }) => string) => {
      const people = await world.people()
      await world.run(ddl)
      await world.run(fill(people))
      const { report, hook } = await mergeAndLook(people.from, people.into)
      expect(report.conflicts.t ?? 0).toBe(hook.conflicts.t?.length ?? 0)
      expect(await world.count(`t where "userId" = '${people.from}'`)).toBe(0)
      const conflicts = hook.conflicts.t ?? []
      return {
        moved: report.moved.t ?? 0,
        stopped: conflicts.map(({ row }) => row),
        by: conflicts.map(({ by }) => by?.id ?? null),
      }
    }
    const ids = (found: Record<string, unknown>[]) => found.map(({ id }) => id).sort()
    const fill =
      (values: (people: { from: string; into: string; other: string }) => string[]) =>
      (people: { from: string; into: string; other: string }) =>
        `insert into t values ${values(people).join(", ")}`

    it("keeps the real user's row and hands over the lazy user's, whole", async () => {
      const result = await stopped(
        `create table t (id int primary key, "userId" ${USER}, kind text, at timestamp default '2020-01-02', data jsonb default '{"a":1}', unique ("userId", kind))`,
        fill(({ from, into }) => [`(1, '${from}', 'a')`, `(2, '${from}', 'b')`, `(3, '${into}', 'b')`]),
      )
      expect(result).toEqual({
        moved: 1,
        stopped: [{ id: 2, userId: expect.any(String), kind: "b", at: "2020-01-02 00:00:00", data: { a: 1 } }],
        by: [3],
      })
      expect(await world.run("select id from t order by id")).toEqual([{ id: 1 }, { id: 3 }])
    })

    it("lets rows with nulls move, unless nulls are not distinct", async () => {
      const values = fill(({ from, into }) => [
        `(1, '${from}', null)`,
        `(2, '${from}', 'b')`,
        `(3, '${into}', null)`,
        `(4, '${into}', 'c')`,
      ])
      expect(
        await stopped(`create table t (id int, "userId" ${USER}, kind text, unique ("userId", kind))`, values),
      ).toMatchObject({ moved: 2, stopped: [] })
      if (!serverKnows(15, driver)) return
      await world.reset()
      const result = await stopped(
        `create table t (id int, "userId" ${USER}, kind text, unique nulls not distinct ("userId", kind))`,
        values,
      )
      expect([result.moved, ids(result.stopped)]).toEqual([1, [1]])
    })

    it("minds partial rules only where they apply", async () => {
      const result = await stopped(
        `create table t (id int, "userId" ${USER}, done boolean);
        create unique index on t ("userId") where not done;`,
        fill(({ from, into }) => [
          `(1, '${from}', true)`,
          `(2, '${from}', true)`,
          `(3, '${from}', false)`,
          `(4, '${into}', false)`,
          `(5, '${into}', true)`,
        ]),
      )
      expect([result.moved, ids(result.stopped)]).toEqual([2, [3]])
    })

    it("doesn't evaluate an expression on rows that its predicate excludes", async () => {
      const result = await stopped(
        `create table t (id int, "userId" ${USER}, n int);
        create unique index on t ("userId", (100 / n)) where n <> 0;`,
        fill(({ from, into }) => [
          `(1, '${from}', 0)`,
          `(2, '${from}', 99)`,
          `(3, '${into}', 100)`,
          `(4, '${into}', 0)`,
        ]),
      )
      expect([result.moved, ids(result.stopped)]).toEqual([1, [2]])
    })

    it("minds expressions, and predicates about the user itself", async () => {
      const result = await stopped(
        `create table t (id int, "userId" ${USER}, name text);
        create unique index on t ((lower("userId" || ':' || name)));
        create unique index on t (name) where "userId" like 'real-%';`,
        fill(({ from, into, other }) => [
          `(1, '${from}', 'A')`,
          `(2, '${from}', 'b')`,
          `(3, '${from}', 'c')`,
          `(4, '${into}', 'a')`,
          `(5, '${other}', 'b')`,
        ]),
      )
      expect([result.moved, ids(result.stopped)]).toEqual([1, [1, 2]])
    })

    it("minds rules on generated columns", async () => {
      const result = await stopped(
        `create table t (id int, "userId" ${USER}, name text, slug text generated always as ("userId" || '/' || name) stored unique)`,
        fill(({ from, into }) => [`(1, '${from}', 'a')`, `(2, '${from}', 'b')`, `(3, '${into}', 'b')`]),
      )
      expect([result.moved, ids(result.stopped)]).toEqual([1, [2]])
    })

    it("minds deferrable rules, and rules with included columns", async () => {
      const result = await stopped(
        `create table t (id int, "userId" ${USER}, a int, b int, c int, unique ("userId", a) deferrable initially deferred, unique ("userId", b) include (c), unique ("userId", c) deferrable)`,
        fill(({ from, into }) => [
          `(1, '${from}', 1, 1, 1)`,
          `(2, '${from}', 2, 2, 2)`,
          `(3, '${from}', 3, 3, 3)`,
          `(4, '${from}', 4, 4, 4)`,
          `(5, '${into}', 1, 20, 30)`,
          `(6, '${into}', 10, 2, 31)`,
          `(7, '${into}', 11, 21, 3)`,
        ]),
      )
      expect([result.moved, ids(result.stopped)]).toEqual([1, [1, 2, 3]])
    })

    // PGlite is built without the collations that ignore case.
    if (driver !== "PGlite")
      it("minds how a rule compares", async () => {
        await world.run(NO_CASE)
        const [{ same } = {}] = await world.run(`select 'a' = 'A' collate "No Case" as same`)
        expect(same).toBe(true)
        const result = await stopped(
          `create table t (id int, "userId" ${USER}, name text, title text collate "No Case", price numeric);
        create unique index on t ("userId", name collate "No Case");
        create unique index on t ("userId", title);
        create unique index on t ("userId", price);`,
          fill(({ from, into }) => [
            `(1, '${from}', 'ABC', 'a', 1)`,
            `(2, '${from}', 'b', 'DEF', 2)`,
            `(3, '${from}', 'c', 'c', 3.0)`,
            `(4, '${from}', 'd', 'd', 4)`,
            `(5, '${into}', 'abc', '5', 5)`,
            `(6, '${into}', '6', 'def', 6)`,
            `(7, '${into}', '7', '7', 3.00)`,
          ]),
        )
        expect([result.moved, ids(result.stopped)]).toEqual([1, [1, 2, 3]])
      })

    it("lets one of several rows that would become the same move", async () => {
      const { from, into, other } = await world.people()
      await world.run(`create table follow (follower text references "user", followed text references "user", primary key (follower, followed));
        insert into follow values ('${from}', '${from}'), ('${from}', '${into}'), ('${into}', '${from}'), ('${from}', '${other}'), ('${other}', '${from}');`)
      const { report, hook } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ moved: { follow: 3 }, conflicts: { follow: 2 } })
      expect(hook.conflicts.follow).toHaveLength(2)
      expect(await world.count("follow")).toBe(3)
    })

    it("lets a row move when the one that is in its way is stopped by another rule", async () => {
      const { from, into, other } = await world.people()
      // 1 and 2 would have the same (a, b, x); 1 can't move because of its y, so 2 can.
      await world.run(`create table t (id int, a text references "user", b text references "user", x int, y int, unique (a, b, x), unique (a, y));
        insert into t values (1, '${from}', '${into}', 1, 1), (2, '${into}', '${from}', 1, 2), (3, '${into}', '${other}', 7, 1);`)
      const { report } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ moved: { t: 1 }, conflicts: { t: 1 } })
      expect(await world.run("select id from t order by id")).toEqual([{ id: 2 }, { id: 3 }])
    })

    it("lets a row take the place that another one leaves", async () => {
      const { from, into, other } = await world.people()
      await world.run(`create table t (id int, "userId" text references "user", n int);
        create unique index on t ((case when "userId" = '${from}' then n when "userId" = '${into}' then n + 1 else -n end));
        insert into t select n, '${from}', n from generate_series(1, 5) n;
        insert into t values (9, '${other}', 1);`)
      const { report } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ moved: { t: 5 }, conflicts: {} })
    })

    it("decides a long chain of rows that stop each other in few statements", async () => {
      const { from, into } = await world.people()
      await world.run(`create table t (id int, a text references "user", b text references "user", x int, y int, unique (a, b, x), unique (a, b, y));
        insert into t select n, case n % 2 when 0 then '${from}' else '${into}' end, case n % 2 when 0 then '${into}' else '${from}' end, n / 2, (n + 1) / 2
        from generate_series(1, 2000) n;`)
      let [idle, moved] = [-1, -1]
      const report = await store.merge(from, into, {
        async onMerge(params) {
          moved = params.moved.t as number
          const rows =
            await params.tx.execute(sql`select id from t as left_over where (a = ${from} or b = ${from}) and not exists (
            select from t where a = ${into} and b = ${into} and (x = left_over.x or y = left_over.y))`)
          idle = (Array.isArray(rows) ? rows : (rows as unknown as { rows: unknown[] }).rows).length
        },
      })
      expect(idle).toBe(0)
      expect(moved + (report.conflicts.t as number)).toBe(2000)
      // Of three neighbours at least one moves, and never two of two.
      expect(moved).toBeGreaterThanOrEqual(666)
      expect(moved).toBeLessThanOrEqual(1000)
    })

    it("takes a check that forbids the result for a rule", async () => {
      const { from, into } = await world.people()
      await world.run(`create table follow (follower text references "user", followed text references "user", check (follower <> followed), check (length(follower) > 0));
        insert into follow values ('${from}', '${into}'), ('${into}', '${from}');
        insert into follow select '${from}', id from "user" where id not in ('${from}', '${into}');`)
      const { report, hook } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ moved: { follow: 1 }, conflicts: { follow: 2 } })
      expect(hook.conflicts.follow).toHaveLength(2)
    })

    it("refuses the merge with the table's name where onConflict is error", async () => {
      const { from, into } = await world.people()
      await world.run(
        `create schema shop; create table note ("userId" ${USER});
        create table shop.cart ("userId" text primary key references "user");
        insert into note values ('${from}'); insert into shop.cart values ('${from}'), ('${into}');`.replaceAll(
          "; ",
          ";\n",
        ),
      )
      const calls: number[] = []
      await expectUnchanged(() => store.merge(from, into, { onConflict: "error", onMerge: () => void calls.push(1) }), {
        name: "MergeConflictError",
        code: "merge_conflict",
        table: "shop.cart",
      })
      expect(calls).toEqual([])
      await world.run(`delete from shop.cart where "userId" = '${into}'`)
      await store.merge(from, into, { onConflict: "error" })
      expect(await world.run("select * from shop.cart")).toEqual([{ userId: into }])
    })
  })

  describe("onMerge", () => {
    it("can add the quantities of two carts", async () => {
      const { from, into } = await world.people()
      await world.run(`create table cart ("userId" ${USER}, item text, quantity int, primary key ("userId", item));
        insert into cart values ('${from}', 'tea', 2), ('${from}', 'milk', 1), ('${into}', 'tea', 3);`)
      const report = await store.merge(from, into, {
        async onMerge({ tx, into, conflicts }) {
          for (const {
            row: { item, quantity },
          } of conflicts.cart ?? [])
            await tx.execute(
              sql`update cart set quantity = quantity + ${quantity} where "userId" = ${into.id} and item = ${item}`,
            )
        },
      })
      expect(report).toMatchObject({ moved: { cart: 1 }, conflicts: { cart: 1 } })
      expect(await world.run(`select item, quantity from cart where "userId" = '${into}' order by item`)).toEqual([
        { item: "milk", quantity: 1 },
        { item: "tea", quantity: 5 },
      ])
      expect(await world.count("cart")).toBe(2)
    })

    it("is not counted for what it moved or deleted itself", async () => {
      const { from, into } = await world.people()
      await world.run(`create table cart (id int primary key, "userId" text unique references "user");
        create table wish (id int, "userId" text references "user", item text, unique ("userId", item));
        insert into cart values (1, '${from}'), (2, '${into}');
        insert into wish values (1, '${from}', 'a'), (2, '${from}', 'b'), (3, '${from}', 'c'), (4, '${into}', 'a'), (5, '${into}', 'b'), (6, '${into}', 'c');`)
      const report = await store.merge(from, into, {
        async onMerge({ tx, from, into }) {
          await tx.execute(sql`delete from cart where "userId" = ${into.id}`)
          await tx.execute(sql`update cart set "userId" = ${into.id} where "userId" = ${from.id}`)
          await tx.execute(sql`delete from wish where "userId" = ${from.id} and item = 'a'`)
          await tx.execute(sql`update wish set "userId" = null where "userId" = ${from.id} and item = 'b'`)
        },
      })
      expect(report).toMatchObject({ moved: {}, conflicts: { wish: 1 } })
      expect(await world.run("select id from cart")).toEqual([{ id: 1 }])
      expect(await world.run("select id from wish order by id")).toEqual([{ id: 2 }, { id: 4 }, { id: 5 }, { id: 6 }])
    })

    it("is called in every merge, once", async () => {
      const { from, into } = await world.people()
      expect(await mergeAndLook(from, into)).toMatchObject({ calls: 1, hook: { moved: {}, conflicts: {} } })
    })

    it("undoes everything by throwing", async () => {
      const { from, into } = await world.people()
      await world.run(`create table cart ("userId" ${USER}, item text, primary key ("userId", item));
        insert into cart values ('${from}', 'tea'), ('${from}', 'milk'), ('${into}', 'tea');
        insert into session values ('lazy', '${from}', now());`)
      await expectUnchanged(
        () =>
          store.merge(from, into, {
            session: { sessionToken: "new", expires: new Date() },
            async onMerge({ tx }) {
              await tx.execute(sql`delete from cart`)
              throw new Error("not today")
            },
          }),
        { message: "not today" },
      )
    })
  })

  describe("rows that go", () => {
    // Two rows of the real user stop the lazy user's row, so rows that refer to it have no target.
    const carts = `create table cart (id int primary key, "userId" text references "user", a int, b int, unique ("userId", a), unique ("userId", b))`
    const fill = (from: string, into: string) =>
      `insert into cart values (1, '${from}', 1, 1), (2, '${into}', 1, 2), (3, '${into}', 2, 1)`

    it("takes rows along by cascade, as far as it leads, and counts them", async () => {
      const { from, into } = await world.people()
      await world.run(`${carts};
        create table line (id int primary key, cart int references cart on delete cascade);
        create table remark (id int primary key, line int references line on delete cascade, parent int references remark on delete cascade);
        create table visit (session text references session on delete cascade);
        ${fill(from, into)};
        insert into line values (1, 1), (2, 1), (3, 2);
        insert into remark values (1, 1, null), (2, null, 1), (3, null, 2), (4, 3, null);
        insert into session values ('lazy', '${from}', now());
        insert into visit values ('lazy'), ('lazy');`)
      const { report } = await mergeAndLook(from, into)
      expect(report).toMatchObject({ moved: {}, conflicts: { cart: 1, line: 2, remark: 3, visit: 2 } })
      expect([await world.count("line"), await world.count("remark")]).toEqual([1, 1])
    })

    it("doesn't count rows that outlive the row they belong to", async () => {
      const { from, into } = await world.people()
      await world.run(`${carts};
        create table line (id int primary key, cart int references cart on delete set null);
        ${fill(from, into)};
        insert into line values (1, 1);`)
      const { report } = await mergeAndLook(from, into)
      expect(report.conflicts).toEqual({ cart: 1 })
      expect(await world.run("select * from line")).toEqual([{ id: 1, cart: null }])
    })

    it("counts rows of a partitioned table under its name", async () => {
      const { from, into } = await world.people()
      await world.run(`${carts};
        create table line (id int, cart int references cart on delete cascade) partition by hash (id);
        create table line_0 partition of line for values with (modulus 2, remainder 0);
        create table line_1 partition of line for values with (modulus 2, remainder 1);
        ${fill(from, into)};
        insert into line select n, 1 from generate_series(1, 20) n;`)
      expect((await mergeAndLook(from, into)).report.conflicts).toEqual({ cart: 1, line: 20 })
    })

    it("deletes stopped rows of tables that refer to each other", async () => {
      const { from, into } = await world.people()
      await world.run(`create table cart (id int primary key, "userId" text unique references "user");
        create table line (id int primary key, cart int references cart on delete restrict, "userId" text unique references "user");
        alter table cart add column "lastLine" int references line;
        insert into cart values (1, '${from}'), (2, '${into}');
        insert into line values (1, 1, '${from}'), (2, 2, '${into}');
        update cart set "lastLine" = id;`)
      expect((await mergeAndLook(from, into)).report.conflicts).toEqual({ cart: 1, line: 1 })
    })

    it("refuses, naming table and constraint, when a row that goes is held by one that stays", async () => {
      const { from, into } = await world.people()
      await world.run(`${carts};
        create table line (id int primary key, cart int constraint line_cart references cart);
        ${fill(from, into)};
        insert into line values (1, 1);`)
      await expectUnchanged(() => store.merge(from, into), {
        code: "merge_conflict",
        table: "line",
        constraint: "line_cart",
      })
      const report = await store.merge(from, into, {
        onMerge: async ({ tx }) => void (await tx.execute(sql`update line set cart = 2`)),
      })
      expect(report.conflicts).toEqual({ cart: 1 })
    })

    it("never deletes another user", async () => {
      const { from, into, other } = await world.people()
      await world.run(`alter table "user" add column "invitedBy" text unique references "user" on delete cascade;
        update "user" set "invitedBy" = '${from}' where id = '${other}';
        update "user" set "invitedBy" = '${into}' where id = '${into}';`)
      await expectUnchanged(() => store.merge(from, into), { code: "merge_conflict", table: "user" })
      await world.run(`alter table "user" drop column "invitedBy";
        create table team (id int primary key, owner text references "user" on delete cascade, a int, b int, unique (owner, a), unique (owner, b));
        alter table "user" add column team int references team on delete cascade;
        insert into team values (1, '${from}', 1, 1), (2, '${into}', 1, 2), (3, '${into}', 2, 1);
        update "user" set team = 1 where id = '${other}';`)
      await expectUnchanged(() => store.merge(from, into), { code: "merge_conflict", table: "user" })
      await world.run(`update "user" set team = null; update "user" set team = 1 where id = '${into}';`)
      await expectUnchanged(() => store.merge(from, into), { code: "merge_conflict", table: "user" })
    })
  })

  describe("along with the merge", () => {
    it("writes a session and an account for the real user", async () => {
      const { from, into } = await world.people()
      const expires = new Date(1_900_000_000_000)
      await store.merge(from, into, {
        session: { sessionToken: "new", expires },
        link: { userId: from, type: "oauth", provider: "github", providerAccountId: "42", access_token: "a" },
      })
      expect(await world.run(`select "sessionToken", "userId" from session`)).toEqual([
        { sessionToken: "new", userId: into },
      ])
      expect(await world.run(`select "userId", "providerAccountId", access_token from account`)).toEqual([
        { userId: into, providerAccountId: "42", access_token: "a" },
      ])
    })

    it("leaves everything as it was when the session or the account can't be written", async () => {
      const { from, into } = await world.people()
      await world.run(`create table note ("userId" ${USER});
        insert into note values ('${from}');
        insert into session values ('taken', '${into}', now());
        insert into account ("userId", type, provider, "providerAccountId") values ('${into}', 'oauth', 'github', '42');`)
      const session = (sessionToken: string) => ({ sessionToken, expires: new Date() })
      await expectUnchanged(() => store.merge(from, into, { session: session("taken") }), {})
      const link = { userId: into, type: "oauth", provider: "github", providerAccountId: "42" } as const
      await expectUnchanged(() => store.merge(from, into, { session: session("new"), link }), {})
    })

    it("takes an address as proven: password and sessions from before go, the new session stays", async () => {
      const { from, into } = await world.people()
      await world.run(`insert into password values ('${into}', 'planted');
        insert into session values ('planted', '${into}', now());`)
      const session = { sessionToken: "new", expires: new Date() }
      const report = await store.merge(from, into, { provesEmail: true, session })
      expect(report.into.emailVerified).toBeInstanceOf(Date)
      expect(await world.count("password")).toBe(0)
      expect(await world.run(`select "sessionToken" from session`)).toEqual([{ sessionToken: "new" }])
    })

    it("keeps password and sessions of an address that was proven before, or is not proven now", async () => {
      const [first, second, into] = [await world.lazyUser(), await world.lazyUser(), await world.realUser()]
      await world.run(
        `insert into password values ('${into}', 'own'); insert into session values ('own', '${into}', now());`.replace(
          "; ",
          ";\n",
        ),
      )
      expect((await store.merge(first, into)).into.emailVerified).toBeNull()
      await world.run(`update "user" set "emailVerified" = now() where id = '${into}'`)
      await store.merge(second, into, { provesEmail: true })
      expect([await world.count("password"), await world.count("session")]).toEqual([1, 1])
    })
  })

  describe("refusals", () => {
    it.each([
      ["a real user", async () => ({ from: await world.realUser(), into: await world.realUser() }), "not_lazy"],
      ["a user who is gone", async () => ({ from: "nobody", into: await world.realUser() }), "not_lazy"],
      [
        "a lazy user who has converted",
        async () => {
          const from = await world.lazyUser()
          await store.convert({ userId: from, set: {}, by: { provider: "x", type: "oauth" } })
          return { from, into: await world.realUser() }
        },
        "not_lazy",
      ],
    ] as const)("doesn't merge %s", async (_, make, code) => {
      const { from, into } = await make()
      await expectUnchanged(() => store.merge(from, into), { name: "NotLazyError", code })
    })

    it.each([
      ["a lazy user", (): Promise<string> => world.lazyUser()],
      ["a user who is gone", async (): Promise<string> => "nobody"],
    ] as const)("doesn't merge into %s", async (_, make) => {
      const [from, into] = [await world.lazyUser(), await make()]
      await expectUnchanged(() => store.merge(from, into), { name: "NotRealError", code: "not_real" })
    })

    it("doesn't merge a user into itself", async () => {
      const from = await world.lazyUser()
      await expectUnchanged(() => store.merge(from, from), { code: "not_real" })
    })

    it("merges once: the second time there is nothing left to merge", async () => {
      const { from, into } = await world.people()
      await store.merge(from, into)
      await expectUnchanged(() => store.merge(from, into), { code: "not_lazy" })
    })

    it("takes ids as values, whatever is in them", async () => {
      const [from, into] = [await world.lazyUser(`o''x"; drop table "user"; --$1`), await world.realUser(`r''eal`)]
      const real = (id: string) => id.replaceAll("''", "'")
      await world.run(
        `create table note ("userId" text references "user", n int, unique ("userId", n));
        insert into note values ('${from}', 1), ('${from}', 2), ('${into}', 2);`,
      )
      const report = await store.merge(real(from), real(into))
      expect(report).toMatchObject({ moved: { note: 1 }, conflicts: { note: 1 } })
    })
  })

  describe("schemas that can't be merged", () => {
    it.each([
      [
        "a composite key that leads to the user table",
        `alter table "user" add column tenant int;
        alter table "user" add unique (tenant, id);
        create table bad (tenant int, "userId" text, constraint bad_key foreign key (tenant, "userId") references "user" (tenant, id));`,
      ],
      [
        "a composite key with a user id that leads elsewhere",
        `create table address (id int, "userId" text references "user", primary key ("userId", id));
        create table bad ("userId" text, address int, constraint bad_key foreign key ("userId", address) references address);`,
      ],
      [
        "a composite key of which one column is a user id by another key",
        `create table place (owner text, id int, primary key (owner, id));
        create table bad ("userId" text references "user", place int, constraint bad_key foreign key ("userId", place) references place);`,
      ],
      [
        "a key to another column of the user table",
        `create table bad (username text, constraint bad_key foreign key (username) references "user" (username));`,
      ],
      [
        "a generated column",
        `create table bad (raw text, "userId" text generated always as (lower(raw)) stored, constraint bad_key foreign key ("userId") references "user");`,
      ],
    ])("refuses %s, also without rows, naming table and constraint", async (_, ddl) => {
      const { from, into } = await world.people()
      await world.run(ddl)
      await world.run(`create table note ("userId" ${USER});
        insert into note values ('${from}');`)
      await expectUnchanged(() => store.merge(from, into), {
        name: "MergeUnsupportedError",
        code: "merge_unsupported",
        table: "bad",
        constraint: "bad_key",
        message: expect.stringMatching(/bad_key.*bad/),
      })
      await world.run("drop table bad")
    })

    it("ignores composite keys without a user id, and keys of sessions and accounts", async () => {
      const { from, into } = await world.people()
      await world.run(`create table a (x int, y int, primary key (x, y));
        create table b (x int, y int, "userId" text references "user", foreign key (x, y) references a);
        alter table authenticator add constraint extra foreign key ("userId", "credentialID") references authenticator;
        insert into b values (null, null, '${from}');`)
      expect((await store.merge(from, into)).moved).toEqual({ b: 1 })
      await world.run("alter table authenticator drop constraint extra")
    })

    it("refuses a row that no partition takes, naming the table", async () => {
      const { from, into } = await world.people()
      await world.run(`create table visit ("userId" text references "user") partition by list ("userId");
        create table visit_lazy partition of visit for values in ('${from}');
        insert into visit values ('${from}');`)
      await expectUnchanged(() => store.merge(from, into), { code: "merge_conflict", table: "visit" })
    })
  })
})
