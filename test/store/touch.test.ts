import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { unique } from "../contract/fixtures.js"
import { drivers, type PostgresDatabase, postgresDatabase, type TestDatabase } from "../setup/databases.js"

const DAY = 24 * 60 * 60
const by = { provider: "convert", type: "credentials" }

/** When a session ends that was refreshed so many seconds ago. */
const endAfter = (ago: number) => new Date(Date.now() + (30 * DAY - ago) * 1000)

describe.each(drivers)("touch on $driver", ({ open }) => {
  let database: TestDatabase
  let store: StoreInternals
  beforeAll(async () => {
    database = await open()
    store = internals(LazyAdapter(database.db).lazy)
  })
  afterAll(() => database.close())

  async function lazyUser(ago: number) {
    const session = { sessionToken: unique("token"), expires: endAfter(ago) }
    const { user } = await store.createLazyUser({ generateName: () => unique("guest"), session })
    await database.query(`update "user" set "seenAt" = now() - interval '${ago} seconds' where id = '${user.id}'`)
    return { id: user.id, refreshed: { sessionToken: session.sessionToken, expires: endAfter(0) } }
  }

  const rowOf = async (id: string) =>
    (
      await database.query(`select "seenAt" > now() - interval '1 minute' as seen,
        expires > now() + interval '30 days' - interval '1 minute' as refreshed
        from "user" left join session on "userId" = id where id = '${id}'`)
    )[0]

  it("sees the user and refreshes the session when both are due", async () => {
    const { id, refreshed } = await lazyUser(2 * DAY)
    expect(await store.touch({ session: refreshed }, DAY)).toBe(true)
    expect(await rowOf(id)).toEqual({ seen: true, refreshed: true })
    expect(await store.touch({ session: refreshed }, DAY)).toBe(false)
  })

  it("leaves both alone before", async () => {
    const { id, refreshed } = await lazyUser(DAY / 2)
    expect(await store.touch({ session: refreshed }, DAY)).toBe(false)
    expect(await store.touch({ userId: id }, DAY)).toBe(false)
    expect(await rowOf(id)).toEqual({ seen: false, refreshed: false })
  })

  it("refreshes a real user's session, and does not see a real user", async () => {
    const { id, refreshed } = await lazyUser(2 * DAY)
    await database.query(`update "user" set "convertedAt" = now() where id = '${id}'`)
    expect(await store.touch({ session: refreshed }, DAY)).toBe(false)
    expect(await store.touch({ userId: id }, 0)).toBe(false)
    expect(await rowOf(id)).toEqual({ seen: false, refreshed: true })
  })

  it("is false for a session and for a user that are gone", async () => {
    expect(await store.touch({ session: { sessionToken: "gone", expires: endAfter(0) } }, DAY)).toBe(false)
    expect(await store.touch({ userId: crypto.randomUUID() }, DAY)).toBe(false)
  })
})

describe("touch, while the same user converts", () => {
  let database: PostgresDatabase
  beforeAll(async () => {
    database = await postgresDatabase()
    // Holds a conversion between its locks on the user and on the sessions, until the advisory lock
    // is released.
    await database.query(`create function hold() returns trigger language plpgsql as
      $$ begin if new."convertedAt" is not null then perform pg_advisory_xact_lock(1); end if; return new; end $$`)
    await database.query(`create trigger held after update on "user" for each row execute function hold()`)
  })
  afterAll(() => database.close())

  const waiting = async (count: number) => {
    for (;;) {
      const [row] = await database.query(
        "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
      if (Number(row?.n) >= count) return
    }
  }

  it("waits for it, and neither fails", async () => {
    const store = internals(LazyAdapter(database.db).lazy)
    const session = { sessionToken: unique("token"), expires: endAfter(2 * DAY) }
    const { user } = await store.createLazyUser({ generateName: () => unique("guest"), session })
    await database.query(`update "user" set "seenAt" = now() - interval '2 days' where id = '${user.id}'`)
    const holder = await database.sql.reserve()
    await holder`select pg_advisory_lock(1)`
    const converted = store.convert({ userId: user.id, set: {}, by })
    await waiting(1)
    const touched = store.touch({ session: { ...session, expires: endAfter(0) } }, DAY)
    await waiting(2)
    await holder`select pg_advisory_unlock(1)`
    holder.release()
    expect((await converted).endedSessions).toBe(1)
    expect(await touched).toBe(false)
  })
})
