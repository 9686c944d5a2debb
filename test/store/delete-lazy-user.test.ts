import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { unique } from "../contract/fixtures.js"
import { drivers, type TestDatabase } from "../setup/databases.js"

describe.each(drivers)("deleteLazyUser on $driver, where users refer to users", ({ open }) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
    await database.query(`alter table "user" add "parentId" text references "user" on delete cascade`)
    await database.query(`create table note (id text primary key, "userId" text references "user" on delete cascade)`)
  })
  afterAll(() => database.close())

  const newLazyUser = async () => {
    const { lazy } = LazyAdapter(database.db)
    const { user } = await lazy.createLazyUser({ generateName: () => unique("guest") })
    await database.query(`insert into note select '${user.id}' || n, '${user.id}' from generate_series(1, 3) n`)
    return user.id
  }
  const count = async (what: string) => Number((await database.query(`select count(*) as n from ${what}`))[0]?.n)

  it("deletes one with what hangs on it, and counts it", async () => {
    const id = await newLazyUser()
    expect(await LazyAdapter(database.db).lazy.deleteLazyUser(id)).toBe(true)
    expect(await count(`"user" where id = '${id}'`)).toBe(0)
    expect(await count(`note where "userId" = '${id}'`)).toBe(0)
    expect(await count(`"lazyOutcome" where outcome = 'deleted'`)).toBe(1)
    const other = await newLazyUser()
    expect(await LazyAdapter(database.db).lazy.deleteLazyUser(other, { counts: false })).toBe(true)
    expect(await count(`"lazyOutcome" where outcome = 'deleted'`)).toBe(1)
  })

  it("refuses where somebody else would go along, and deletes nothing", async () => {
    const id = await newLazyUser()
    await database.query(`insert into "user" (id, "parentId") values ('child-of-${id}', '${id}')`)
    await expect(LazyAdapter(database.db).lazy.deleteLazyUser(id)).rejects.toThrow("Other users, in user,")
    expect(await count(`"user" where id = '${id}' or "parentId" = '${id}'`)).toBe(2)
    expect(await count(`note where "userId" = '${id}'`)).toBe(3)
  })
})
