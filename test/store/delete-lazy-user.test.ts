import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { sqlState } from "../../src/store/sql/sql-state.js"
import { brokenConstraint } from "../../src/store/sql/violation.js"
import { unique } from "../contract/fixtures.js"
import { oneDriver, type TestDatabase } from "../setup/databases.js"

describe.each(oneDriver)("deleteLazyUser on $driver, where users refer to users", ({ open }) => {
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
    await expect(LazyAdapter(database.db).lazy.deleteLazyUser(id)).rejects.toThrow("would delete other users in user.")
    expect(await count(`"user" where id = '${id}' or "parentId" = '${id}'`)).toBe(2)
    expect(await count(`note where "userId" = '${id}'`)).toBe(3)
  })

  it("deletes nothing where a real user refers to what would go, and says by what", async () => {
    const id = await newLazyUser()
    await database.query(`insert into "user" (id) values ('author of ${id}')`)
    await database.query(
      `create table comment (note text primary key references note, "userId" text references "user" on delete cascade)`,
    )
    await database.query(`insert into comment values ('${id}1', 'author of ${id}')`)
    const error: unknown = await LazyAdapter(database.db)
      .lazy.deleteLazyUser(id)
      .catch((error) => error)
    expect(brokenConstraint(error)).toMatchObject({ table: "comment", constraint: "comment_note_fkey" })
    expect(sqlState(error)).toBe("23503")
    expect(await count(`"user" where id = '${id}' and "lazySince" is not null`)).toBe(1)
    expect(await count(`note where "userId" = '${id}'`)).toBe(3)
    expect(await count("comment")).toBe(1)
    await database.query("drop table comment")
  })

  describe("and a trigger has a say", () => {
    const trigger = async (body: string) => {
      await database.query(
        `create function has_a_say() returns trigger language plpgsql as 'begin ${body.replaceAll("'", "''")} end'`,
      )
      await database.query(
        `create trigger has_a_say before delete on "user" for each row when (pg_trigger_depth() = 0) execute function has_a_say()`,
      )
    }
    afterEach(async () => {
      await database.query(`drop trigger has_a_say on "user"`)
      await database.query("drop function has_a_say")
    })

    it("says that it deleted nobody where the trigger keeps the user, and keeps what the trigger did", async () => {
      const id = await newLazyUser()
      const outcomes = await count(`"lazyOutcome"`)
      await trigger(`update "user" set name = 'on the way out' where id = old.id; return null;`)
      expect(await LazyAdapter(database.db).lazy.deleteLazyUser(id)).toBe(false)
      expect(await count(`"user" where id = '${id}' and name = 'on the way out'`)).toBe(1)
      expect(await count(`note where "userId" = '${id}'`)).toBe(3)
      expect(await count(`"lazyOutcome"`)).toBe(outcomes)
    })

    it.each(["old", "null"])("refuses where the trigger deletes somebody else, and returns %s", async (returned) => {
      const [id, other] = [await newLazyUser(), await newLazyUser()]
      await trigger(`delete from "user" where id = '${other}'; return ${returned};`)
      await expect(LazyAdapter(database.db).lazy.deleteLazyUser(id)).rejects.toMatchObject({ code: "other_users" })
      expect(await count(`"user" where id in ('${id}', '${other}')`)).toBe(2)
    })
  })
})
