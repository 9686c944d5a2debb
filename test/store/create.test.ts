import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { drivers, type TestDatabase } from "../setup/databases.js"

const session = (sessionToken: string) => ({ sessionToken, expires: new Date(Date.now() + 3600_000) })

describe.each(drivers)("creating a lazy user on $driver", ({ open }) => {
  let database: TestDatabase
  let store: StoreInternals
  let names = 0
  const generateName = () => `guest-${names++}`
  const count = async (what: string) => Number((await database.query(`select count(*) as n from ${what}`))[0]?.n)

  beforeAll(async () => {
    database = await open()
    store = internals(LazyAdapter(database.db).lazy)
  })
  afterAll(() => database.close())

  it("writes one user and its session", async () => {
    const { user, created } = await store.createLazyUser({ generateName, session: session("first") })
    expect(created).toBe(true)
    expect(user).toMatchObject({ username: "guest-0", email: null, name: null, convertedAt: null })
    expect(user.lazySince).toBeInstanceOf(Date)
    expect(user.seenAt).toEqual(user.lazySince)
    expect(await database.query(`select "userId" from session where "sessionToken" = 'first'`)).toEqual([
      { userId: user.id },
    ])
    expect(await count("password")).toBe(0)
  })

  it("gives the user to its browser again after the clock of the process was ahead for a while", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 40 * 24 * 60 * 60 * 1000 })
    try {
      await store.createLazyUser({ generateName })
    } finally {
      vi.useRealTimers()
    }
    const { user } = await store.createLazyUser({ generateName })
    expect(await store.ensureUser({ ids: [user.id], generateName })).toMatchObject({
      created: false,
      user: { id: user.id },
    })
  })

  it("retries when the generated name is taken", async () => {
    const taken = await store.createLazyUser({ generateName })
    const drawn = [taken.user.username as string, taken.user.username as string, "guest-free"]
    const { user } = await store.createLazyUser({ generateName: () => drawn.shift() as string, session: session("s2") })
    expect(user.username).toBe("guest-free")
    expect(await count(`session where "sessionToken" = 's2'`)).toBe(1)
  })

  it("gives up with a clear error, and no row, when every name is taken", async () => {
    const taken = await store.createLazyUser({ generateName })
    const before = await count('"user"')
    await expect(store.createLazyUser({ generateName: () => taken.user.username as string })).rejects.toMatchObject({
      code: "name_exhausted",
    })
    expect(await count('"user"')).toBe(before)
  })

  it("leaves no user behind when the session can't be written", async () => {
    const before = await count('"user"')
    await expect(store.createLazyUser({ generateName, session: session("first") })).rejects.toThrow()
    expect(await count('"user"')).toBe(before)
  })

  it("returns the same user to the same browser, also when both requests come at once", async () => {
    const ids = ["01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000000"] as [string, string]
    const reports = await Promise.all(
      [1, 2, 3, 4].map((n) => store.ensureUser({ ids, generateName, session: session(`twin-${n}`) })),
    )
    expect(new Set(reports.map(({ user }) => user.id))).toEqual(new Set([ids[0]]))
    expect(reports.filter(({ created }) => created)).toHaveLength(1)
    expect(await count(`session where "userId" = '${ids[0]}'`)).toBe(4)
  })

  it("finds the user that was made under the id of the window before", async () => {
    const before = await store.ensureUser({ ids: ["01900000-0000-7000-8000-00000000000a"], generateName })
    const after = await store.ensureUser({
      ids: ["01900000-0000-7000-8000-00000000000b", before.user.id],
      generateName,
      session: session("window"),
    })
    expect(after).toMatchObject({ created: false, user: { id: before.user.id } })
  })

  it("never returns a user who has become real", async () => {
    const ids = ["01900000-0000-7000-8000-0000000000aa"] as [string]
    await store.ensureUser({ ids, generateName })
    await store.convert({ userId: ids[0], set: { username: "real" }, by: { provider: "test", type: "credentials" } })
    const again = await store.ensureUser({ ids, generateName, session: session("not-yours") })
    expect(again.created).toBe(true)
    expect(again.user.id).not.toBe(ids[0])
  })
})
