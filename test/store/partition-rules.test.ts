import { drizzle } from "drizzle-orm/postgres-js"
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { emptyPostgres, type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

let database: PostgresDatabase
let world: MergeWorld
beforeAll(async () => {
  database = await postgresDatabase()
  world = new MergeWorld(database)
})
afterEach(() => world.reset())
afterAll(() => database.close())

describe("a rule of a single partition", () => {
  it.each([
    { rule: "a unique index", sql: "create unique index one_owner on shop.event_1 (owner)" },
    { rule: "a check", sql: "alter table shop.event_1 add constraint one_owner check (owner like 'lazy-%')" },
  ])("that stops a merge names the table that can be left out: $rule", async ({ sql }) => {
    const { from, into } = await world.people()
    await world.run(`create schema shop;
      create table shop.event (owner text references "user" on delete cascade, n int) partition by list (n);
      create table shop.event_1 partition of shop.event for values in (1);
      create table shop.event_2 partition of shop.event for values in (2);
      insert into shop.event values ('${from}', 1), ('${from}', 2)`)
    if (sql.includes("unique")) await world.run(`insert into shop.event values ('${into}', 1)`)
    await world.run(sql)
    const error = await world
      .store()
      .merge(from, into)
      .catch((error) => error)
    expect(error).toMatchObject({ code: "merge_conflict", table: "shop.event", constraint: "one_owner" })
    expect(error.message).toContain("in shop.event, can be neither")
    expect(error.message).toContain("one_owner, of its partition shop.event_1.")
    expect(error.message).toContain('mergeTables: { "shop.event": "leave" }')
    const { moved } = await world.store().merge(from, into, { mergeTables: { "shop.event": "leave" } })
    expect(moved).toEqual({})
  })

  it("that holds a dead user back is counted for the table", async () => {
    const { from } = await world.people()
    await world.run(`update "user" set "lazySince" = now() - interval '90 days' where id = '${from}';
      create table event (owner text, n int) partition by list (n);
      create table event_1 partition of event for values in (1);
      insert into event values ('${from}', 1)`)
    await world.run(`alter table event_1 add foreign key (owner) references "user"`)
    expect(await world.store().purge()).toMatchObject({ purged: 0, skipped: { event: 1 } })
  })
})

describe("a rule of a partitioned user table", () => {
  it.each([
    {
      rule: "a unique rule of all partitions, by its own name",
      sql: `alter table "user" add constraint one_tenant unique (tenant)`,
      says: 'the unique rule "one_tenant" of the table user, on tenant, stops the row',
    },
    {
      rule: "a unique index of one partition",
      sql: "create unique index one_desk on user_a (desk)",
      says: 'the unique rule "one_desk" of the table user, in its partition user_a alone, on desk, stops the row',
    },
    {
      rule: "a column that must not be null",
      sql: `alter table "user" alter desk drop default, alter desk set not null`,
      says: 'the column "desk" of the table user is NOT NULL',
    },
    {
      rule: "a check of one partition",
      sql: "alter table user_a add constraint some_desk check (desk > 1)",
      says: 'the check "some_desk" forbids the row of a user in the table user.',
    },
  ])("that stops a lazy user names that table: $rule", async ({ sql, says }) => {
    const own = await emptyPostgres()
    onTestFinished(() => own.close())
    await own.sql.unsafe(`create table "user" (
        id text, name text, email text, "emailVerified" timestamp, image text, username text, "lazySince" timestamptz,
        "convertedAt" timestamptz, "seenAt" timestamptz, tenant text not null default 'a', desk int default 1, primary key (id, tenant)
      ) partition by list (tenant);
      create table user_a partition of "user" for values in ('a'); ${sql}`)
    const { lazy } = LazyAdapter(drizzle(own.sql))
    const make = async () => {
      for (let n = 0; n < 2; n++) await lazy.createLazyUser()
    }
    await expect(make()).rejects.toMatchObject({ code: "setup", message: expect.stringContaining(says) })
  })
})
