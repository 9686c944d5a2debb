import { pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { LazyAdapter, schema } from "../../src/drizzle.js"
import { internals } from "../../src/store/lazy-store.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

const role = `app_${process.pid}_end`
const apiKeys = pgTable("api_key", { key: text("key").primaryKey(), userId: text("user_id").notNull() })

let database: PostgresDatabase
let world: MergeWorld
let app: postgres.Sql

beforeAll(async () => {
  database = await postgresDatabase()
  world = new MergeWorld(database)
  await database.query(`create role "${role}" login password 'app'`)
  const url = new URL(database.url)
  url.username = role
  url.password = "app"
  app = postgres(url.href, { max: 2, onnotice: () => {} })
  await database.query(`create function keep_it() returns trigger language plpgsql as 'begin return null; end'`)
})
beforeEach(async () => {
  await world.run("create table api_key (key text primary key, user_id text not null)")
  await database.query(`grant usage on schema public to "${role}";
    grant select, insert, update, delete on all tables in schema public to "${role}"`)
})
afterEach(async () => {
  for (const table of ["session", "password", "account"])
    await database.query(`drop trigger if exists keep on ${table}; alter table ${table} disable row level security;
      drop policy if exists p on ${table}; drop policy if exists q on ${table}; drop rule if exists keep_rule on ${table}`)
  await world.reset()
})
afterAll(async () => {
  await app.end()
  await database.query(`drop owned by "${role}"; drop role "${role}"`)
  await database.close()
})

const ways = {
  "a trigger": (table: string) =>
    `create trigger keep before delete on ${table} for each row execute function keep_it()`,
  "a policy that hides rows": (table: string) =>
    `alter table ${table} enable row level security; create policy p on ${table} for insert with check (true)`,
  "a missing policy to delete": (table: string) =>
    `alter table ${table} enable row level security; create policy p on ${table} for select using (true); create policy q on ${table} for insert with check (true)`,
}

const unchanged = async (work: () => Promise<unknown>) => {
  const before = await world.everything()
  await expect(work()).rejects.toMatchObject({ code: "setup" })
  expect(await world.everything()).toEqual(before)
}

describe.each(Object.entries(ways))("where %s keeps rows from being deleted", (_, keep) => {
  it.each(["session", "api_key"])("no lazy user converts while its %s rows stay", async (table) => {
    const userId = await world.lazyUser()
    await world.run(`insert into session ("sessionToken", "userId", expires) values ('planted', '${userId}', now() + interval '1 day');
      insert into api_key values ('planted', '${userId}')`)
    await database.query(keep(table))
    const lazy = internals(LazyAdapter(drizzle(app), { credentials: [apiKeys] }).lazy)
    const by = { provider: "test", type: "oauth" }
    await unchanged(() => lazy.convert({ userId, set: { name: "Ada" }, by }))
  })

  it.each(["password", "account", "session"])("no address is proven while %s rows stay", async (table) => {
    const userId = await world.realUser()
    await world.run(`insert into session ("sessionToken", "userId", expires) values ('attacker', '${userId}', now() + interval '1 day');
      insert into password ("userId", hash, "updatedAt") values ('${userId}', 'attacker', now());
      insert into account ("userId", type, provider, "providerAccountId") values ('${userId}', 'oauth', 'attacker', '1')`)
    await database.query(keep(table))
    await unchanged(() => internals(LazyAdapter(drizzle(app)).lazy).proveEmail(userId))
  })
})

it("a trigger that lets rows go is no matter", async () => {
  const userId = await world.lazyUser()
  await world.run(
    `insert into session ("sessionToken", "userId", expires) values ('t', '${userId}', now() + interval '1 day')`,
  )
  await database.query(`create or replace function let_go() returns trigger language plpgsql as 'begin return old; end';
    create trigger keep before delete on session for each row execute function let_go()`)
  const by = { provider: "test", type: "oauth" }
  expect(await internals(LazyAdapter(drizzle(app)).lazy).convert({ userId, set: {}, by })).toMatchObject({
    endedSessions: 1,
  })
})

describe("a view as user table", () => {
  const moment = (name: string) => timestamp(name, { mode: "date", withTimezone: true })
  const usersTable = pgTable("people_view", {
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

  it.each(["a real user", "another lazy user"])("whose trigger answers by the row of %s loses nobody", async (whom) => {
    const since = whom === "a real user" ? "null" : "now()"
    await database.query(`create table people (like "user" including all);
      insert into people (id, email, username, "lazySince") values ('victim', 'same@example.com', 'victim', ${since});
      create view people_view as select * from people;
      create or replace function upsert() returns trigger language plpgsql as $$ begin
        insert into people select new.* on conflict (email) do update set image = people.image returning * into new; return new; end $$;
      create trigger t instead of insert on people_view for each row execute function upsert();
      alter table session drop constraint "session_userId_user_id_fk"`)
    try {
      const options = { ...schema, usersTable, sessionsTable: schema.sessionsTable }
      const lazy = internals(LazyAdapter(database.db, options as unknown as Parameters<typeof LazyAdapter>[1]).lazy)
      const session = { sessionToken: "new", expires: new Date(Date.now() + 1000) }
      await expect(
        lazy.ensureUser({ ids: ["visitor"], generateEmail: () => "same@example.com", session }),
      ).rejects.toMatchObject({ code: "setup" })
      expect(await world.run("select id from people")).toEqual([{ id: "victim" }])
      expect(await world.count("session")).toBe(0)
    } finally {
      await database.query(
        `drop view people_view; alter table session add constraint "session_userId_user_id_fk" foreign key ("userId") references "user" on delete cascade`,
      )
    }
  })
})
