import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import type { MergeOptions } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

let database: PostgresDatabase
let world: MergeWorld

beforeAll(async () => {
  database = await postgresDatabase()
  world = new MergeWorld(database)
})
afterEach(async () => {
  await world.reset()
  for (const { name } of await world.run(
    `select format('%I on %s', tgname, tgrelid::regclass) as name from pg_trigger where not tgisinternal`,
  ))
    await database.query(`drop trigger ${name}`)
})
afterAll(() => database.close())

const trigger = (name: string, body: string, when: string) =>
  database.query(`create or replace function ${name}() returns trigger language plpgsql as $$ begin ${body}; return null; end $$;
    create ${when} for each row execute function ${name}()`)

const refused = async (from: string, into: string, table: string, options?: MergeOptions) => {
  const before = await world.everything()
  await expect(world.store().merge(from, into, options)).rejects.toMatchObject({ code: "merge_conflict", table })
  expect(await world.everything()).toEqual(before)
}

const DEFERRED = "deferrable initially deferred"

describe("a trigger that waits for the end of the transaction", () => {
  const notes = async () => {
    const people = await world.people()
    await world.run(`create table note (id int primary key, user_id text references "user" on delete cascade);
      insert into note values (1, '${people.from}'), (2, '${people.into}')`)
    return people
  }

  it("deletes no row that moved", async () => {
    const { from, into } = await notes()
    await trigger("tidy", "delete from note", `constraint trigger t after update on note ${DEFERRED}`)
    await refused(from, into, "note")
  })

  it("deletes no row of the real user's when the lazy one goes", async () => {
    const { from, into } = await notes()
    await trigger("tidy", "delete from note", `constraint trigger t after delete on "user" ${DEFERRED}`)
    await refused(from, into, "note")
  })

  it("gives no row back to the lazy user", async () => {
    const { from, into } = await notes()
    await trigger(
      "back",
      `update note set user_id = old.user_id where id = old.id and user_id <> old.user_id`,
      `constraint trigger t after update on note ${DEFERRED}`,
    )
    await refused(from, into, "note")
  })

  it("may do what it likes besides", async () => {
    const { from, into } = await notes()
    await world.run("create table tally (n int); insert into tally values (0)")
    await trigger("count_it", "update tally set n = n + 1", `constraint trigger t after update on note ${DEFERRED}`)
    await world.store().merge(from, into)
    expect(await world.run("select n from tally")).toEqual([{ n: 1 }])
  })

  it("deletes no other user, in a deletion or a purge", async () => {
    const { from } = await world.people()
    await trigger(
      "others",
      `delete from "user" where "lazySince" is null`,
      `constraint trigger t after delete on "user" ${DEFERRED}`,
    )
    const before = await world.everything()
    await expect(world.store().deleteLazyUser(from)).rejects.toMatchObject({ code: "other_users" })
    expect(await world.everything()).toEqual(before)
    await world.run(`update "user" set "lazySince" = now() - interval '100 days' where id = '${from}'`)
    expect(await world.store().purge()).toMatchObject({ purged: 0, skipped: { user: 1 } })
    expect(await world.count(`"user"`)).toBe(3)
  })

  it("refuses the merge where it raises", async () => {
    const { from, into } = await notes()
    await trigger("no", "raise exception 'no'", `constraint trigger t after update on note ${DEFERRED}`)
    const before = await world.everything()
    await expect(world.store().merge(from, into)).rejects.toMatchObject({ code: "merge_conflict" })
    expect(await world.everything()).toEqual(before)
  })
})

it("a foreign key that is checked at the end refuses the merge as any other", async () => {
  const { from, into } = await world.people()
  await world.run(`create table note (id int primary key, user_id text references "user" ${DEFERRED})`)
  await world.run(`insert into note values (1, '${from}')`)
  await refused(from, into, "note", { mergeTables: { note: "leave" } })
})

it("a trigger deletes nothing while rows move to the one that stopped theirs", async () => {
  const { from, into } = await world.people()
  await world.run(`create table cart (id int primary key, user_id text unique references "user" on delete cascade);
    create table item (id int primary key, cart int references cart on delete cascade);
    create table stock (item int references item on delete cascade, n int);
    insert into cart values (1, '${from}'), (2, '${into}'); insert into item values (1, 1), (2, 2); insert into stock values (1, 5), (2, 6)`)
  await trigger("tidy", "delete from stock", "trigger t after update on item")
  await refused(from, into, "stock")
})

describe("a foreign key that is added during a merge", () => {
  it.each(["cascade", "set null"])("takes no rows along (ON DELETE %s)", async (action) => {
    const { from, into } = await world.people()
    await world.run(`create table note (id int primary key, user_id text references "user" on delete cascade);
      create table late (id int, user_id text); insert into note values (1, '${from}'); insert into late values (1, '${from}')`)
    let calls = 0
    const report = await world.store().merge(from, into, {
      onMerge: async () => {
        if (calls++ === 0)
          await database.query(`alter table late add foreign key (user_id) references "user" on delete ${action}`)
      },
    })
    expect(report.moved).toEqual({ note: 1, late: 1 })
    expect(await world.run("select user_id from late")).toEqual([{ user_id: into }])
  })
})
