import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, type LazyAdapterOptions, type MergeOptions } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

const role = `app_${process.pid}_merge`

let database: PostgresDatabase
let world: MergeWorld
/** The app's connection: a role that owns nothing. */
let app: postgres.Sql

beforeAll(async () => {
  database = await postgresDatabase()
  world = new MergeWorld(database)
  await database.query(`create role "${role}" login password 'app'`)
  const url = new URL(database.url)
  url.username = role
  url.password = "app"
  app = postgres(url.href, { max: 2, onnotice: () => {} })
})
afterEach(async () => {
  await world.reset()
  for (const { name } of await world.run(
    `select format('%s on "user"', quote_ident(tgname)) as name from pg_trigger where tgrelid = '"user"'::regclass and not tgisinternal`,
  ))
    await database.query(`drop trigger ${name}`)
})
afterAll(async () => {
  await app.end()
  await database.query(`drop owned by "${role}"`)
  await database.query(`drop role "${role}"`)
  await database.close()
})

const grant = () =>
  database.query(`grant usage on schema public to "${role}";
    grant select, insert, update, delete on all tables in schema public to "${role}"`)

/** Merges as the app, or as the owner of the tables. */
const merge = (from: string, into: string, options?: MergeOptions, as: postgres.Sql = app) =>
  LazyAdapter(drizzle(as)).lazy.merge(from, into, options)

const expectRefused = async (work: () => Promise<unknown>, error: object = {}) => {
  const before = await world.everything()
  await expect(work()).rejects.toMatchObject({ code: "merge_conflict", ...error })
  expect(await world.everything()).toEqual(before)
}

const own = `user_id = current_setting('app.user_id', true)`

describe("rows that row-level security hides from the role", () => {
  const hide = (table: string, policy = `create policy own on ${table} using (${own}) with check (${own})`) =>
    database.query(
      `alter table ${table} enable row level security; alter table ${table} force row level security; ${policy}`,
    )

  it.each(["cascade", "set null", "set default", "no action", "restrict"])(
    "are kept, and the merge is refused by the table's name (ON DELETE %s)",
    async (action) => {
      const { from, into } = await world.people()
      await world.run(`create table note (user_id text references "user" on delete ${action}, body text);
        insert into note values ('${from}', 'precious')`)
      await grant()
      await hide("note")
      await expectRefused(() => merge(from, into), { table: "note" })
      await expectRefused(() => merge(from, into, { onConflict: "error" }), { table: "note" })
    },
  )

  it("don't hinder a merge of a user who has none", async () => {
    const { from, into, other } = await world.people()
    await world.run(`create table note (user_id text references "user" on delete cascade, body text);
      insert into note values ('${other}', 'precious'), ('${into}', 'too')`)
    await grant()
    await hide("note")
    expect(await merge(from, into)).toMatchObject({ moved: {}, conflicts: {} })
    expect(await world.count("note")).toBe(2)
  })

  it.each([
    ["a policy lets it see but not change them", `create policy see on note for select using (true)`],
    [
      "a policy lets it change only some",
      `create policy see on note for select using (true); create policy write on note for update using (body = 'mine') with check (true)`,
    ],
    [
      "a policy forbids the result",
      `create policy see on note for select using (true); create policy write on note for update using (true) with check (body = 'mine')`,
    ],
    ["a policy lets it see only some", `create policy see on note using (body = 'mine') with check (true)`],
    [
      "a restrictive policy takes some away",
      `create policy all_of_them on note using (true) with check (true); create policy less on note as restrictive using (body = 'mine')`,
    ],
  ])("are kept where %s", async (_, policy) => {
    for (const rule of ["", ", unique (user_id, body)"]) {
      const { from, into } = await world.people()
      await world.run(`create table note (user_id text references "user" on delete cascade, body text${rule});
        insert into note values ('${from}', 'precious'), ('${from}', 'mine')`)
      await grant()
      await hide("note", policy)
      await expectRefused(() => merge(from, into), { table: "note" })
      await database.query("drop table note")
    }
  })

  it("are no matter where security does not apply to the role, or lets it see and change everything", async () => {
    const people = await world.people()
    await world.run(`create table note (user_id text references "user" on delete cascade, body text);
      create table page (user_id text references "user" on delete cascade);
      insert into note values ('${people.from}', 'a'); insert into page values ('${people.from}')`)
    await grant()
    await hide("note", `create policy everything on note to "${role}" using (true) with check (true)`)
    await database.query(`alter table page enable row level security`)
    // The owner of a table is above its security, unless that is forced.
    expect(await merge(people.from, people.into, {}, database.sql)).toMatchObject({ moved: { note: 1, page: 1 } })
    const from = await world.lazyUser()
    await world.run(`insert into note values ('${from}', 'a')`)
    expect(await merge(from, people.into)).toMatchObject({ moved: { note: 1 } })
  })

  it("are kept where they hang on a row that is stopped", async () => {
    const { from, into } = await world.people()
    for (const action of ["cascade", "set null", "no action"]) {
      await world.run(`create table cart (id int primary key, user_id text unique references "user" on delete cascade);
        create table item (cart int references cart on delete ${action}, user_id text default 'x');
        insert into cart values (1, '${from}'), (2, '${into}'); insert into item values (1)`)
      await grant()
      await hide("item")
      await expectRefused(() => merge(from, into), { table: "item" })
      await database.query("drop table item, cart")
    }
  })

  it("are kept where no foreign key would tell: such tables are refused before anything is done", async () => {
    const { from, into } = await world.people()
    const { pgTable, text } = await import("drizzle-orm/pg-core")
    const event = pgTable("event", { userId: text("user_id") })
    await world.run(`create table event (user_id text); insert into event values ('${from}')`)
    await grant()
    await hide("event")
    const store = (references: LazyAdapterOptions["references"]) => LazyAdapter(drizzle(app), { references }).lazy
    const before = await world.everything()
    await expect(store([event.userId]).merge(from, into)).rejects.toMatchObject({
      code: "merge_unsupported",
      table: "event",
    })
    expect(await world.everything()).toEqual(before)
    // By name the app takes it upon itself.
    await store([event.userId]).merge(from, into, { mergeTables: { event: "leave" } })
    expect(await world.run("select user_id from event")).toEqual([{ user_id: from }])
  })
})

describe("triggers and rules", () => {
  const trigger = (when: string, table: string, body: string, rest = "") =>
    database.query(`create or replace function has_a_say() returns trigger language plpgsql security definer as $$ begin ${body} end $$;
      create trigger has_a_say ${when} on ${table} for each row ${rest} execute function has_a_say()`)

  describe.each(["", ", unique (user_id, body)"])("on a table%s", (rule) => {
    it.each([
      ["keeps the old id", "before update", "new.user_id := old.user_id; return new;"],
      ["skips the row", "before update", "return null;"],
      ["skips some rows", "before update", "if old.body = 'b' then return null; end if; return new;"],
      ["gives the row to somebody else", "before update", "new.user_id := 'other'; return new;"],
      ["sets it to null", "before update", "new.user_id := null; return new;"],
      ["raises an exception", "before update", "raise exception 'user_id cannot get updated';"],
      [
        "gives the row to somebody else afterwards",
        "after update",
        "update note set user_id = 'other' where ctid = new.ctid; return null;",
      ],
      [
        "gives it back afterwards",
        "after update",
        "update note set user_id = old.user_id where id = new.id; return null;",
      ],
      ["deletes the row afterwards", "after update", "delete from note where id = new.id; return null;"],
      ["deletes another row", "after update", "delete from precious; return null;"],
    ])("refuses where a trigger %s", async (_, when, body) => {
      const [from, into] = [await world.lazyUser(), await world.realUser()]
      await world.realUser("other")
      await world.run(`create table note (id int primary key, user_id text references "user" on delete cascade, body text${rule});
        create table precious (n int); insert into precious values (1);
        insert into note values (1, '${from}', 'a'), (2, '${from}', 'b'), (3, '${into}', 'c')`)
      await trigger(when, "note", body, "when (pg_trigger_depth() = 0)")
      await expectRefused(() => merge(from, into, {}, database.sql))
      // Who has no row there is merged.
      await merge(await world.lazyUser(), into, {}, database.sql)
    })
  })

  it("moves what a trigger adds for the lazy user while its rows move", async () => {
    const { from, into } = await world.people()
    await world.run(`create table note (id int primary key, user_id text references "user" on delete cascade);
      create table past (user_id text references "user" on delete cascade);
      insert into note values (1, '${from}')`)
    await trigger("after update", "note", "insert into past values (old.user_id); return null;")
    expect((await merge(from, into, {}, database.sql)).moved).toEqual({ note: 1, past: 1 })
    expect(await world.run("select user_id from past")).toEqual([{ user_id: into }])
  })

  it("leaves triggers alone that count and stamp", async () => {
    const { from, into } = await world.people()
    await world.run(`create table note (id int primary key, user_id text references "user" on delete cascade, at timestamptz);
      create table counter (n int); insert into counter values (0);
      insert into note values (1, '${from}'), (2, '${into}')`)
    await trigger("before update", "note", "new.at := now(); update counter set n = n + 1; return new;")
    expect((await merge(from, into, {}, database.sql)).moved).toEqual({ note: 1 })
    expect(await world.run("select n from counter")).toEqual([{ n: 1 }])
  })

  it.each([
    ["a trigger keeps the lazy user", "before delete", `"user"`, "return null;"],
    ["a trigger deletes what nobody was told about", "after delete", `"user"`, "delete from precious; return null;"],
    ["a trigger keeps a stopped row", "before delete", "note", "return null;"],
    [
      "a trigger deletes a real user's row with a stopped one",
      "after delete",
      "note",
      "delete from note; return null;",
    ],
  ])("refuses where %s when the user goes", async (_, when, table, body) => {
    const { from, into } = await world.people()
    await world.run(`create table note (id int primary key, user_id text references "user" on delete cascade, body text, unique (user_id, body));
      create table precious (n int); insert into precious values (1);
      insert into note values (1, '${from}', 'a'), (2, '${into}', 'a')`)
    await trigger(when, table, body, body === "return null;" ? "" : "when (pg_trigger_depth() = 0)")
    await expectRefused(() => merge(from, into, {}, database.sql))
    // What the app says is none of the merge's business isn't.
    if (body.includes("precious")) await merge(from, into, { mergeTables: { precious: "leave" } }, database.sql)
  })

  it.each([
    ["update", "create rule keep as on update to note do instead nothing"],
    ["some updates", "create rule keep as on update to note where old.body = 'a' do instead nothing"],
    ["deletion of the user", `create rule keep as on delete to "user" do instead nothing`],
  ])("refuses where a rule drops the %s", async (_, rule) => {
    const { from, into } = await world.people()
    await world.run(`create table note (id int primary key, user_id text references "user" on delete cascade, body text);
      insert into note values (1, '${from}', 'a')`)
    await database.query(rule)
    await expectRefused(() => merge(from, into, {}, database.sql))
    await database.query(`drop rule if exists keep on "user"`)
  })
})

describe("rights that the role has not", () => {
  const audit = (action: string) =>
    `create table audit_log (actor text references "user" on delete ${action}, what text)`

  it.each(["update, delete", "select, update, delete"])(
    "don't hinder a merge of a user without rows there (%s revoked)",
    async (rights) => {
      const { from, into, other } = await world.people()
      await world.run(`${audit("set null")}; create table note (user_id text references "user");
        insert into audit_log values ('${other}', 'a'), ('${into}', 'b'); insert into note values ('${from}')`)
      await grant()
      await database.query(`revoke ${rights} on audit_log from "${role}"`)
      expect(await merge(from, into)).toMatchObject({ moved: { note: 1 } })
    },
  )

  it.each(["update, delete", "select, update, delete"])(
    "refuse the merge of one who has rows, by the table's name (%s revoked)",
    async (rights) => {
      for (const action of ["set null", "cascade", "no action"]) {
        const { from, into } = await world.people()
        await world.run(`${audit(action)}; insert into audit_log values ('${from}', 'a')`)
        await grant()
        await database.query(`revoke ${rights} on audit_log from "${role}"`)
        await expectRefused(() => merge(from, into), { table: "audit_log" })
        await database.query("drop table audit_log")
      }
    },
  )
})

describe("tables that are left out", () => {
  it.each([
    ["set null", [{ actor: null }], {}],
    ["cascade", [], { audit_log: 1, detail: 2 }],
  ])("keep their rows, which meet ON DELETE %s", async (action, rows, conflicts) => {
    const { from, into } = await world.people()
    await world.run(`create table audit_log (id int primary key, actor text references "user" on delete ${action});
      create table detail (audit_log int references audit_log on delete cascade);
      insert into audit_log values (1, '${from}'); insert into detail values (1), (1)`)
    await grant()
    await database.query(`revoke update, delete on audit_log from "${role}"`)
    const report = await merge(from, into, { mergeTables: { audit_log: "leave" } })
    expect(report).toMatchObject({ moved: {}, conflicts })
    expect(await world.run("select actor from audit_log")).toEqual(rows)
  })

  it("refuse the merge where their rows can't go", async () => {
    const { from, into } = await world.people()
    await world.run(
      `create schema log; create table log.audit (actor text references "user"); insert into log.audit values ('${from}')`,
    )
    await expectRefused(() => merge(from, into, { mergeTables: { "log.audit": "leave" } }, database.sql), {
      table: "log.audit",
      message: expect.stringContaining("log.audit"),
    })
  })

  it("waive what makes their rows impossible to move", async () => {
    const { from, into } = await world.people()
    await world.run(`create table badge (username text references "user" (username))`)
    await merge(from, into, { mergeTables: { badge: "leave" } }, database.sql)
  })

  it.each([
    [{ nothing: "leave" }, "nothing"],
    [{ "public.audit_log": "move" }, "public.audit_log"],
  ])("are refused where there are none of that name: %j", async (mergeTables, named) => {
    const { from, into } = await world.people()
    const before = await world.everything()
    await expect(
      merge(from, into, { mergeTables: mergeTables as MergeOptions["mergeTables"] }, database.sql),
    ).rejects.toMatchObject({ code: "setup", message: expect.stringContaining(named) })
    expect(await world.everything()).toEqual(before)
  })
})

describe("what is no plain table", () => {
  it("refuses a view as user table: no foreign key leads to it", async () => {
    const { from, into } = await world.people()
    await world.run(`create schema people; create table note (user_id text references "user" on delete cascade);
      insert into note values ('${from}');
      create view people.person as select * from "user"`)
    const { pgSchema, text, timestamp } = await import("drizzle-orm/pg-core")
    const moment = (name: string) => timestamp(name, { mode: "date", withTimezone: true })
    const person = pgSchema("people").table("person", {
      id: text("id").primaryKey(),
      name: text("name"),
      email: text("email"),
      emailVerified: moment("emailVerified"),
      image: text("image"),
      username: text("username"),
      lazySince: moment("lazySince"),
      convertedAt: moment("convertedAt"),
      seenAt: moment("seenAt"),
    })
    const before = await world.everything()
    const { lazy } = LazyAdapter(database.db, { usersTable: person })
    await expect(lazy.merge(from, into)).rejects.toMatchObject({ code: "merge_unsupported", table: "people.person" })
    await expect(lazy.purge({ olderThan: 0, force: true })).rejects.toMatchObject({ code: "setup" })
    await expect(lazy.deleteLazyUser(from)).rejects.toMatchObject({ code: "setup" })
    expect(await world.everything()).toEqual(before)
  })

  it("moves the rows of tables made with INHERITS, which have no foreign key of their own", async () => {
    const { from, into } = await world.people()
    await world.run(`create table base (user_id text references "user" on delete cascade);
      create table child (n int) inherits (base); create table grandchild () inherits (child);
      insert into base values ('${from}'); insert into child values ('${from}', 1); insert into grandchild values ('${from}', 2)`)
    expect((await merge(from, into, {}, database.sql)).moved).toEqual({ base: 1, child: 1, grandchild: 1 })
  })
})

it("follows the keys from the user table outwards only", async () => {
  const { from, into } = await world.people()
  await world.run(`create table note (user_id text references "user"); create table cart (id int primary key, user_id text references "user");
    create table item (cart int references cart)`)
  await database.query(
    Array.from(
      { length: 40 },
      (_, n) => `create schema tenant_${n}; create table tenant_${n}.users (id text primary key);
        create table tenant_${n}.note (user_id text references tenant_${n}.users on delete cascade);`,
    ).join("\n"),
  )
  const { readForeignKeys } = await import("../../src/store/sql/catalogue/foreign-keys.js")
  const { foreignKeys } = await readForeignKeys(database.db, [`"user"`])
  expect(foreignKeys.filter(({ label }) => label.startsWith("tenant"))).toEqual([])
  expect(foreignKeys.map(({ label }) => label)).toEqual(expect.arrayContaining(["note", "cart", "item", "session"]))
  await merge(from, into, {}, database.sql)
})

describe("a purge by a role from which rows are hidden", () => {
  const old = async () => {
    const id = await world.lazyUser()
    await world.run(`update "user" set "seenAt" = now() - interval '90 days' where id = '${id}'`)
    return id
  }
  const hide = async (table: string) => {
    await grant()
    await database.query(`alter table ${table} enable row level security; create policy own on ${table} using (false)`)
  }
  const purge = (options = {}) => LazyAdapter(drizzle(app)).lazy.purge(options)
  const expectKept = async (work: () => Promise<unknown>, named: string) => {
    const before = await world.everything()
    await expect(work()).rejects.toMatchObject({ code: "setup", message: expect.stringContaining(named) })
    expect(await world.everything()).toEqual(before)
  }

  it("is refused where live sessions could be among them", async () => {
    const id = await old()
    await world.run(`insert into session values ('alive', '${id}', now() + interval '1 day')`)
    await hide("session")
    try {
      await expectKept(() => purge(), "session")
      await expectKept(() => purge({ dryRun: true }), "session")
    } finally {
      await database.query("alter table session disable row level security; drop policy own on session")
    }
    expect(await purge()).toMatchObject({ purged: 0 })
  })

  it("is refused where `keep` asks about them", async () => {
    const id = await old()
    await world.run(`create table paid (user_id text); insert into paid values ('${id}')`)
    await hide("paid")
    const { sql } = await import("drizzle-orm")
    const keep = (user: { id: unknown }) => sql`exists (select from paid where user_id = ${user.id})`
    await expectKept(() => purge({ keep }), "keep")
    await database.query(`alter table paid disable row level security`)
    expect(await purge({ keep })).toMatchObject({ purged: 0 })
  })

  it("is refused as a dry run, which could not count them", async () => {
    const id = await old()
    await world.run(
      `create table note (user_id text references "user" on delete cascade); insert into note values ('${id}')`,
    )
    await hide("note")
    await expectKept(() => purge({ dryRun: true }), "note")
    expect(await purge()).toMatchObject({ purged: 1, deleted: { note: 1 } })
  })

  it("skips users who are held back by them", async () => {
    const id = await old()
    await world.run(`create table note (user_id text references "user"); insert into note values ('${id}')`)
    await hide("note")
    expect(await purge()).toMatchObject({ purged: 0, skipped: { note: 1 } })
  })
})

it("a missing right to delete users is no reason to leave the user table out", async () => {
  const { from, into } = await world.people()
  await grant()
  await database.query(`revoke delete on "user" from "${role}"`)
  const error = await merge(from, into).catch((error: unknown) => error)
  expect(error).toMatchObject({ code: "merge_conflict", message: expect.stringContaining("doctor") })
  expect(String(error)).not.toContain("mergeTables")
  await grant()
})
