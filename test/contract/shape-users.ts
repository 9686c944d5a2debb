import { beforeAll, expect, it } from "vitest"
import { HASH, inAnHour, newAccount, newAuthenticator, unique } from "./fixtures.js"
import { hasTable, type ShapedWorld } from "./shaped-world.js"
import type { TableShape } from "./table-shapes.js"

const by = { provider: "convert", type: "credentials" }
const DAY = 24 * 60 * 60

const codesOf = (outcomes: PromiseSettledResult<unknown>[]) =>
  outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [(outcome.reason as { code?: string }).code] : []))

/** Tests how users are made, convert and go, in a database with the tables of a shape. */
export function testUsers(shape: TableShape, opened: () => ShapedWorld): void {
  let world: ShapedWorld
  beforeAll(() => {
    world = opened()
  })
  const hasSessions = hasTable(shape, "sessionsTable")

  it("take another name where the first is taken, and fail where all are", async () => {
    const { username: taken } = await world.lazyUser()
    const names = [taken as string, taken as string, unique("free")]
    const { user } = await world.store.createLazyUser({
      ...world.naming,
      generateName: () => names.shift() as string,
    })
    expect(names).toEqual([])
    expect(user.username).toMatch(/^free/)
    const users = await world.countUsers()
    const exhausted = world.store.createLazyUser({ ...world.naming, generateName: () => taken as string })
    await expect(exhausted).rejects.toMatchObject({ code: "name_exhausted" })
    expect(await world.countUsers()).toBe(users)
  })

  it.runIf(hasSessions)("are not made, converted or signed up without their session", async () => {
    const session = world.session()
    await world.lazyUser(session)
    const [lazy, users] = [await world.lazyUser(), await world.countUsers()]
    const before = await world.stateOf(lazy.id)
    await expect(world.lazyUser(session)).rejects.toThrow()
    const email = `${unique("ada")}@example.com`
    const signUp = world.store.createRealUser({ username: unique("ada"), email, passwordHash: HASH, session })
    await expect(signUp).rejects.toThrow()
    const set = { username: unique("ada"), email, name: "Ada" }
    await expect(world.store.convert({ userId: lazy.id, set, passwordHash: HASH, session, by })).rejects.toThrow()
    expect(await world.countUsers()).toBe(users)
    expect(await world.stateOf(lazy.id)).toEqual(before)
  })

  it("are not given out again after they were signed out", async () => {
    const lazy = await world.lazyUser()
    const again = () => world.store.ensureUser({ ...world.naming, ids: [lazy.id], session: world.session() })
    expect(await again()).toMatchObject({ created: false, user: { id: lazy.id } })
    await world.store.closeLazyUser(lazy.id)
    expect(await world.sessionsOf(lazy.id)).toEqual([])
    const other = await again()
    expect(other.created).toBe(true)
    expect(other.user.id).not.toBe(lazy.id)
    const real = await world.realUser()
    const before = await world.stateOf(real.id)
    await world.store.closeLazyUser(real.id)
    expect(await world.stateOf(real.id)).toEqual(before)
  })

  it("convert with an identity and a passkey, and end every session", async () => {
    const lazy = await world.lazyUser()
    if (hasSessions) await world.adapter.createSession(inAnHourOf(lazy.id))
    const account = newAccount(lazy.id)
    const hasPasskeys = hasTable(shape, "authenticatorsTable")
    const authenticator = hasPasskeys ? newAuthenticator(lazy.id, account.providerAccountId) : undefined
    const set = { email: `${unique("ada")}@example.com`, emailVerified: inAnHour() }
    const link = { account, ...(authenticator && { authenticator }) }
    const report = await world.store.convert({ userId: lazy.id, set, link, by })
    expect(report).toMatchObject({ user: { ...set, id: lazy.id }, endedSessions: hasSessions ? 2 : 0 })
    expect(await world.stateOf(lazy.id)).toEqual({ user: report.user, password: null, sessions: [] })
    expect(await world.adapter.getUserByAccount(account)).toEqual(report.user)
    if (authenticator) expect(await world.adapter.listAuthenticatorsByUserId(lazy.id)).toMatchObject([authenticator])
  })

  it("are as they were where onConvert throws, which sees what is written", async () => {
    const lazy = await world.lazyUser()
    const before = await world.stateOf(lazy.id)
    const set = { username: unique("ada"), email: `${unique("ada")}@example.com` }
    const thrown = new Error("not today")
    let seen: unknown
    const onConvert = async ({ tx }: { tx: typeof world.db }) => {
      const inside = shape.adapt(tx)
      await inside.linkAccount(newAccount(lazy.id, `undone-${lazy.id}`))
      seen = [await inside.getUser(lazy.id), await inside.lazy.hasPassword(lazy.id)]
      throw thrown
    }
    const conversion = { userId: lazy.id, set, passwordHash: HASH, session: world.session(), by, onConvert }
    await expect(world.store.convert(conversion)).rejects.toBe(thrown)
    expect(seen).toMatchObject([set, true])
    expect(await world.stateOf(lazy.id)).toEqual(before)
    expect(await world.adapter.getAccount(`undone-${lazy.id}`, "example")).toBeNull()
  })

  it("of whom one gets a name or an address that several want at once", async () => {
    const rivals = await Promise.all([1, 2, 3].map(() => world.lazyUser()))
    const wanted = { username: unique("wanted"), email: `${unique("wanted")}@example.com` }
    const outcomes = await Promise.allSettled([
      ...rivals.map(({ id }) => world.store.convert({ userId: id, set: wanted, passwordHash: HASH, by })),
      world.store.createRealUser({ ...wanted, passwordHash: HASH }),
    ])
    expect(codesOf(outcomes)).toEqual(Array.from({ length: 3 }, () => "identifier_taken"))
    const identifier = { code: "identifier_taken", identifier: "email" }
    const byAddress = world.realUser({ username: unique("other"), email: wanted.email })
    await expect(byAddress).rejects.toMatchObject(identifier)
    const lazy = await world.lazyUser()
    const set = { email: wanted.email }
    await expect(world.store.convert({ userId: lazy.id, set, by })).rejects.toMatchObject(identifier)
  })

  it("convert once, and only while they are lazy", async () => {
    const lazy = await world.lazyUser()
    const convert = (userId: string) => world.store.convert({ userId, set: { name: "Ada" }, passwordHash: HASH, by })
    expect(codesOf(await Promise.allSettled([convert(lazy.id), convert(lazy.id)]))).toEqual(["not_lazy"])
    for (const userId of [lazy.id, (await world.realUser()).id, (await world.userOfAuth()).id, crypto.randomUUID()])
      await expect(convert(userId)).rejects.toMatchObject({ code: "not_lazy" })
  })

  it.runIf(hasSessions)("use their sessions while they convert, sign out or go", async () => {
    const ends = [
      (userId: string) => world.store.convert({ userId, set: {}, by }),
      (userId: string) => world.store.closeLazyUser(userId),
      (userId: string) => world.store.deleteLazyUser(userId),
    ]
    for (const end of ends) {
      const session = { sessionToken: crypto.randomUUID(), expires: inAnHour() }
      const lazy = await world.lazyUser(session)
      const expires = new Date(Date.now() + 30 * DAY * 1000)
      const used = { session: { ...session, expires } }
      await Promise.all([...[1, 2, 3].map(() => world.store.touch(used, DAY)), end(lazy.id)])
      expect(await world.sessionsOf(lazy.id)).toEqual([])
      expect(await world.store.touch(used, 0)).toBe(false)
    }
    expect(await world.store.touch({ userId: crypto.randomUUID() }, 0)).toBe(false)
  })

  it.runIf(hasSessions)("who are real are not seen, but their sessions live on", async () => {
    const session = { sessionToken: crypto.randomUUID(), expires: inAnHour() }
    const user = await world.userOfAuth()
    await world.adapter.createSession({ ...session, userId: user.id })
    const expires = new Date(inAnHour().getTime() + DAY * 1000)
    expect(await world.store.touch({ session: { ...session, expires } }, 2 * DAY)).toBe(false)
    expect((await world.adapter.getSessionAndUser(session.sessionToken))?.session.expires).toEqual(session.expires)
    expect(await world.store.touch({ session: { ...session, expires } }, DAY / 2)).toBe(false)
    expect(await world.adapter.getSessionAndUser(session.sessionToken)).toMatchObject({
      session: { expires },
      user: { seenAt: null },
    })
  })

  it("are deleted only while they are lazy", async () => {
    const converted = await world.lazyUser()
    await world.store.convert({ userId: converted.id, set: {}, by })
    for (const { id } of [converted, await world.realUser(), await world.userOfAuth()]) {
      const before = await world.stateOf(id)
      expect(await world.store.deleteLazyUser(id)).toBe(false)
      expect(await world.stateOf(id)).toEqual(before)
    }
    expect(await world.store.deleteLazyUser(crypto.randomUUID())).toBe(false)
  })

  it("are counted in every way in which they end", async () => {
    const [first, second, third] = await Promise.all([1, 2, 3].map(() => world.lazyUser()))
    const before = await world.store.stats()
    await world.store.convert({ userId: first?.id as string, set: {}, by: { provider: "github", type: "oauth" } })
    await world.store.merge(second?.id as string, (await world.realUser()).id)
    await world.store.deleteLazyUser(third?.id as string)
    const after = await world.store.stats()
    expect(after.lazyUsers).toBe(before.lazyUsers - 3)
    const today = ({ days }: typeof after) => days.at(-1) as (typeof days)[number]
    const more = (what: "converted" | "merged" | "deleted" | "created") => today(after)[what] - today(before)[what]
    const exact = hasTable(shape, "lazyOutcomesTable")
    expect(after.exact).toBe(exact)
    expect([more("converted"), more("merged"), more("deleted")]).toEqual(exact ? [1, 1, 1] : [1, 0, 0])
    if (exact) expect([more("created"), (after.ways.github ?? 0) - (before.ways.github ?? 0)]).toEqual([0, 1])
    expect(after.timeToConvert?.median).toBeLessThan(60)
  })

  const inAnHourOf = (userId: string) => ({ userId, sessionToken: crypto.randomUUID(), expires: inAnHour() })
}
