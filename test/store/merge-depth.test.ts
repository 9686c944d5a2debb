import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

describe("rows that hang on each other through many levels", () => {
  let database: PostgresDatabase
  let world: MergeWorld

  beforeAll(async () => {
    database = await postgresDatabase()
    world = new MergeWorld(database)
  })
  afterEach(() => world.reset())
  afterAll(() => database.close())

  /** Folders within folders, of the same names for both users. */
  const nest = async (depth: number) => {
    const people = await world.people()
    const chain = (user: string, first: number) =>
      `insert into folder select ${first} + n, '${user}', case when n > 1 then ${first} + n - 1 end, 'f' from generate_series(1, ${depth}) n;`
    await world.run(`
      create table folder (id int primary key, user_id text references "user" on delete cascade, parent int references folder on delete cascade, name text);
      create index on folder (parent); create unique index on folder (user_id, coalesce(parent, 0), name);
      create table file (id int primary key, folder int references folder on delete cascade);
      ${chain(people.from, 0)} ${chain(people.into, 10000)} insert into file values (1, ${depth})`)
    return people
  }

  it("merge level by level, by statements that grow no faster than the levels", async () => {
    const { from, into } = await nest(25)
    const lengths: number[] = []
    const sql = postgres(database.url, { max: 1, debug: (_, query) => lengths.push(query.length) })
    try {
      expect(await LazyAdapter(drizzle(sql)).lazy.merge(from, into)).toMatchObject({
        moved: { folder: 24, file: 1 },
        conflicts: { folder: 25 },
      })
    } finally {
      await sql.end()
    }
    expect(await world.run("select folder from file")).toEqual([{ folder: 10025 }])
    expect(lengths.length).toBeLessThan(25 * 8)
    expect(Math.max(...lengths)).toBeLessThan(100_000)
  }, 60_000)

  it("are refused beyond a hundred, with nothing changed", async () => {
    const { from, into } = await nest(110)
    const before = await world.everything()
    await expect(world.store().merge(from, into)).rejects.toMatchObject({
      code: "merge_conflict",
      table: "folder",
      message: expect.stringContaining("100 levels"),
    })
    expect(await world.everything()).toEqual(before)
  }, 120_000)
})
