import { type AnyPgColumn, pgTable, text } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type Database, lazyColumns, schema } from "../../src/drizzle.js"
import { findReferences } from "../../src/store/merge/references/find-references.js"
import { columnName } from "../../src/store/sql/identifiers.js"
import { resolveTables } from "../../src/store/tables/resolve-tables.js"
import { oneDriver, type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

describe.each(oneDriver)("finding what refers to users on $driver", ({ open }) => {
  let world: MergeWorld

  beforeAll(async () => {
    world = new MergeWorld(await open())
  })
  afterEach(() => world.reset())
  afterAll(() => world.database.close())

  const find = async (references?: Parameters<typeof findReferences>[2]) => {
    const { users, tables, credentials, problems } = await findReferences(
      world.database.db,
      resolveTables({}),
      references,
    )
    return {
      users: users.label,
      tables: Object.fromEntries(tables.map((table) => [table.label, table.userColumns.map(({ name }) => name)])),
      credentials: credentials.length,
      problems,
    }
  }

  it("finds nothing to move in the tables of Auth.js", async () => {
    expect(await find()).toEqual({ users: "user", tables: {}, credentials: 4, problems: [] })
  })

  it("finds keys in every schema, by way of other tables, and declared columns with what refers to them", async () => {
    await world.run(`create schema "Shop";
      create table "Shop"."Cart" (id int primary key, "Owner" text references "user", "giftFor" text references "user");
      create table "Shop".line (cart int references "Shop"."Cart");
      create table setting ("profileId" text, key text);
      create table profile ("userId" text primary key references "user");
      alter table setting add foreign key ("profileId") references profile;
      create table event (actor text unique);
      create table comment (actor text references event (actor));
      alter table "user" add column "invitedBy" text references "user";
      create table unrelated (name text)`)
    const event = pgTable("event", { actor: text("actor") })
    expect(await find([event.actor])).toEqual({
      users: "user",
      tables: {
        "Shop.Cart": ["Owner", "giftFor"],
        profile: ["userId"],
        setting: ["profileId"],
        event: ["actor"],
        comment: ["actor"],
        user: ["invitedBy"],
      },
      credentials: 4,
      problems: [],
    })
  })

  it("puts tables after those that their keys lead to", async () => {
    await world.run(`create table a (id text references "user");
      create table b (id text primary key references "user");
      create table c (id text primary key references b);
      alter table a add foreign key (id) references c`)
    expect(Object.keys((await find()).tables)).toEqual(["b", "c", "a"])
  })

  it("names a partitioned table once", async () => {
    await world.run(`create table event ("userId" text references "user") partition by hash ("userId");
      create table event_0 partition of event for values with (modulus 2, remainder 0);
      create table event_1 partition of event for values with (modulus 2, remainder 1)`)
    expect((await find()).tables).toEqual({ event: ["userId"] })
  })

  it("lists every problem with table, constraint and reason", async () => {
    await world.run(`create schema shop;
      create table address (id int, "userId" text references "user", primary key ("userId", id));
      create table shop.parcel ("userId" text, address int, constraint parcel_address foreign key ("userId", address) references address);
      create table badge (username text constraint badge_user references "user" (username));
      create table tag (raw text, "userId" text generated always as (raw) stored constraint tag_user references "user")`)
    const { problems } = await find()
    expect(problems).toHaveLength(3)
    expect(problems).toEqual(
      expect.arrayContaining([
        { table: "shop.parcel", constraint: "parcel_address", reason: expect.stringContaining("another column") },
        { table: "badge", constraint: "badge_user", reason: expect.stringContaining("than the id") },
        { table: "tag", constraint: "tag_user", reason: expect.stringContaining("generated") },
      ]),
    )
  })

  it("does without tables that the app does not have", async () => {
    await world.run("alter table authenticator rename to elsewhere")
    expect((await find()).credentials).toBe(3)
    await world.run("alter table elsewhere rename to authenticator")
  })
})

describe("names of columns", () => {
  let database: PostgresDatabase

  beforeAll(async () => {
    database = await postgresDatabase()
  })
  afterAll(() => database.close())

  it("are those that Drizzle's casing option makes", async () => {
    await database.query(`create table event (actor_id text, other text)`)
    const db = drizzle(database.sql, { casing: "snake_case" })
    const event = pgTable("event", { actorId: text() })
    const { tables } = await findReferences(db, resolveTables({}), [event.actorId])
    expect(tables[0]?.userColumns.map(({ name }) => name)).toEqual(["actor_id"])
  })

  it("are those of lazyColumns() in the casing of the app, and in the default tables those of the migrations", () => {
    const plain = drizzle(database.sql)
    const snake = drizzle(database.sql, { casing: "snake_case" })
    const users = pgTable("users", lazyColumns())
    const namesIn = (db: Database, table: ReturnType<typeof lazyColumnsOf>) =>
      Object.values(table).map((column) => columnName(db, column))
    const written = ["username", "lazySince", "convertedAt", "seenAt"]
    expect(namesIn(plain, lazyColumnsOf(users))).toEqual(written)
    expect(namesIn(snake, lazyColumnsOf(users))).toEqual(["username", "lazy_since", "converted_at", "seen_at"])
    expect(namesIn(snake, lazyColumnsOf(schema.usersTable))).toEqual(written)
  })
})

function lazyColumnsOf({
  username,
  lazySince,
  convertedAt,
  seenAt,
}: Record<keyof ReturnType<typeof lazyColumns>, AnyPgColumn>) {
  return { username, lazySince, convertedAt, seenAt }
}
