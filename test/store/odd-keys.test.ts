import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

let database: PostgresDatabase
let world: MergeWorld

beforeAll(async () => {
  database = await postgresDatabase()
  world = new MergeWorld(database)
})
afterEach(() => world.reset())
afterAll(() => database.close())

describe("foreign keys between columns of two collations", () => {
  const carts = async () => {
    const people = await world.people()
    await world.run(`update "user" set "lazySince" = now() - interval '100 days' where id = '${people.from}';
      create table cart (id text collate "C" primary key, user_id text unique references "user" on delete cascade);
      create table item (id int, cart text collate "POSIX" references cart on delete cascade);
      create table label (id int, cart text collate "POSIX" references cart on delete set null);
      create table gift (id int, cart text collate "POSIX" references cart);
      insert into cart values ('a', '${people.from}'), ('b', '${people.into}');
      insert into item values (1, 'a'), (2, 'b'); insert into label values (1, 'a')`)
    return people
  }

  it("let rows move to the row that stops theirs", async () => {
    const { from, into } = await carts()
    expect(await world.store().merge(from, into)).toMatchObject({
      moved: { item: 1, label: 1 },
      conflicts: { cart: 1 },
    })
    expect(await world.count("item where cart = 'b'")).toBe(2)
  })

  it("let rows go that are stopped in turn", async () => {
    const { from, into } = await carts()
    await world.run("create unique index on item (cart)")
    expect((await world.store().merge(from, into)).conflicts).toEqual({ cart: 1, item: 1 })
  })

  it("let the user id move through them", async () => {
    const { from, into } = await world.people()
    await world.run(`create table profile (user_id text collate "C" primary key references "user" on delete cascade);
      create table post (author text collate "POSIX" references profile on delete cascade);
      insert into profile values ('${from}'); insert into post values ('${from}'), ('${from}')`)
    expect((await world.store().merge(from, into)).moved).toEqual({ profile: 1, post: 2 })
    expect(await world.count(`post where author = '${into}'`)).toBe(2)
  })

  it("let the purge delete and count along them, and see who is held back", async () => {
    await carts()
    const deleted = { purged: 1, deleted: { cart: 1, item: 1 }, failures: 0 }
    expect(await world.store().purge({ dryRun: true })).toMatchObject(deleted)
    await world.run("insert into gift values (1, 'a')")
    expect(await world.store().purge()).toMatchObject({ purged: 0, skipped: { gift: 1 }, failures: 0 })
    await world.run("delete from gift")
    expect(await world.store().purge()).toMatchObject(deleted)
  })
})

it("columns with the names of our own steps don't hinder a merge", async () => {
  const { from, into } = await world.people()
  await world.run(`create table note (user_id text unique references "user" on delete cascade, to_0 int, in_0 int, value_0_0 int, key_0_0 int);
    insert into note values ('${from}', 1, 1, 1, 1)`)
  expect((await world.store().merge(from, into)).moved).toEqual({ note: 1 })
})

describe("a table that publishes its updates and has no replica identity", () => {
  afterEach(() => world.run("drop publication everything"))

  it("refuses the merge by its name, as any table that takes no update, and can be left out", async () => {
    const { from, into } = await world.people()
    await world.run(`create table note (user_id text references "user" on delete set null); insert into note values ('${from}');
      create publication everything for table note with (publish = 'insert, update')`)
    const before = await world.everything()
    await expect(world.store().merge(from, into)).rejects.toMatchObject({ code: "merge_conflict", table: "note" })
    expect(await world.everything()).toEqual(before)
  })
})

describe("a primary key that is not valid, since partitions lack it", () => {
  it("tells no two rows apart: a purge takes the lazy user's alone", async () => {
    const { from, into } = await world.people()
    await world.run(`update "user" set "lazySince" = now() - interval '100 days', "seenAt" = now() - interval '100 days' where id = '${from}';
      create table note (id int not null, owner text references "user") partition by list (id);
      create table note_1 partition of note for values in (1);
      alter table only note add primary key (id);
      insert into note values (1, '${from}'), (1, '${into}')`)
    const dry = await world.store().purge({ cascade: true, dryRun: true })
    const report = await world.store().purge({ cascade: true })
    expect([dry.deleted, report.deleted]).toEqual([{ note: 1 }, { note: 1 }])
    expect(await world.count(`note where owner = '${into}'`)).toBe(1)
  })
})

it("a column of users that changed its type stops no merge on a connection with plans from before", async () => {
  const store = world.store()
  const merge = async () => {
    const { from, into } = await world.people()
    return store.merge(from, into)
  }
  for (let n = 0; n < 3; n++) await merge()
  await world.run(`alter table "user" alter column name type varchar(300)`)
  try {
    for (let n = 0; n < 12; n++) expect((await merge()).conflicts).toEqual({})
  } finally {
    await world.run(`alter table "user" alter column name type text`)
  }
})
