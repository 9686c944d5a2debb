import { expect, it, onTestFinished } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { blocksOf, page } from "../docs/pages.js"
import { postgresDatabase } from "../setup/databases.js"

const documented = () => blocksOf(page("docs/scheduling.md")).at(-1)?.code ?? ""

it("the SQL of the documentation purges whom a purge would, and is counted", async () => {
  const database = await postgresDatabase()
  onTestFinished(database.close)
  await database.sql.unsafe(`
    insert into "user" (id, "lazySince", "seenAt", "convertedAt") values
      ('dead', now() - interval '60 days', now() - interval '40 days', null),
      ('never seen', now() - interval '60 days', null, null),
      ('seen', now() - interval '60 days', now() - interval '20 days', null),
      ('alive', now() - interval '60 days', now() - interval '40 days', null),
      ('real', now() - interval '60 days', now() - interval '40 days', now() - interval '40 days'),
      ('never lazy', null, null, null);
    insert into session values ('a', 'alive', timezone('UTC', now()) + interval '1 minute'), ('b', 'dead', timezone('UTC', now()) - interval '1 minute');
  `)
  const { lazy } = LazyAdapter(database.db)
  expect(await lazy.purge({ dryRun: true })).toMatchObject({ purged: 2 })
  await database.sql.unsafe(documented())
  expect((await database.query(`select id from "user" order by id`)).map(({ id }) => id)).toEqual([
    "alive",
    "never lazy",
    "real",
    "seen",
  ])
  expect(await lazy.purge({ dryRun: true })).toMatchObject({ purged: 0 })
  const { days } = await lazy.stats({ since: new Date(Date.now() - 70 * 24 * 60 * 60 * 1000) })
  expect(days.at(-1)).toMatchObject({ purged: 2 })
  expect(days.at(-61)).toMatchObject({ created: 4 })
})

it.each([
  ["to users", `alter table "user" add column of text references "user" on delete cascade`],
  [
    "to teams of users",
    `create table team (id text primary key, owner text references "user" on delete cascade);
      alter table "user" add column of text references team on delete cascade`,
  ],
])("the SQL of the documentation takes no real user along with a lazy one where users refer %s", async (to, keys) => {
  const database = await postgresDatabase()
  onTestFinished(database.close)
  await database.sql.unsafe(`${keys}; insert into "user" (id, "lazySince") values ('dead', now() - interval '60 days')`)
  if (to === "to teams of users") await database.query("insert into team values ('dead', 'dead')")
  await database.query(`insert into "user" (id, of) values ('real', 'dead')`)
  const users = async () => (await database.query(`select id from "user" order by id`)).map(({ id }) => id)
  await database.sql.unsafe(documented())
  expect(await users()).toEqual(["dead", "real"])
  await database.sql.unsafe(`alter table "user" drop column of; ${documented()}`)
  expect(await users()).toEqual(["real"])
})
