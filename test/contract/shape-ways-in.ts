import { eq, sql } from "drizzle-orm"
import { getTableConfig, pgTable, text } from "drizzle-orm/pg-core"
import { beforeAll, expect, it } from "vitest"
import type { LazyAdapter } from "../../src/drizzle.js"
import { internals } from "../../src/store/lazy-store.js"
import { HASH, inAnHour, newAccount, newAuthenticator, newSession, unique } from "./fixtures.js"
import { hasTable, type ShapedWorld } from "./shaped-world.js"
import type { TableShape } from "./table-shapes.js"

const by = { provider: "convert", type: "credentials" }
const right = async () => ({ ok: true })

/** Tests the ways into accounts, in a database with the tables of a shape. */
export function testWaysIn(shape: TableShape, opened: () => ShapedWorld): void {
  let world: ShapedWorld
  let adapter: LazyAdapter
  beforeAll(() => {
    world = opened()
    adapter = world.adapter
  })
  const hasSessions = hasTable(shape, "sessionsTable")
  const hasPasskeys = hasTable(shape, "authenticatorsTable")

  it("let nobody in by a password that is wrong, or of nobody", async () => {
    const [real, lazy, without] = [await world.realUser(), await world.lazyUser(), await world.userOfAuth()]
    const seen: (string | null)[] = []
    const check = (identifier: { username: string } | { email: string }, ok: boolean) =>
      world.store.checkPassword(identifier, async (hash) => {
        seen.push(hash)
        return { ok, rehashed: ok ? undefined : "stolen" }
      })
    expect(await check({ username: real.username as string }, false)).toBeNull()
    expect(await check({ username: lazy.username as string }, true)).toBeNull()
    expect(await check({ email: without.email }, true)).toBeNull()
    expect(await check({ username: unique("nobody") }, true)).toBeNull()
    expect(seen).toEqual([HASH, null, null, null])
    expect(await world.passwordOf(real.id)).toBe(HASH)
    expect(await world.store.setPassword(crypto.randomUUID(), HASH)).toBe(false)
  })

  it("keep a password that was changed or removed while the old one was verified", async () => {
    const user = await world.realUser()
    const { passwordsTable } = world.tables
    const during = (work: () => Promise<unknown>) =>
      world.store.checkPassword({ username: user.username as string }, async () => {
        await work()
        return { ok: true, rehashed: `${HASH}2` }
      })
    expect(await during(() => world.store.setPassword(user.id, `${HASH}3`))).toEqual(user)
    expect(await world.passwordOf(user.id)).toBe(`${HASH}3`)
    await during(() => world.db.delete(passwordsTable).where(eq(passwordsTable.userId, user.id)))
    expect(await world.passwordOf(user.id)).toBeNull()
  })

  it("end at the first proof of an address with a password, and at no other", async () => {
    const [user, other] = [await world.realUser({ email: `${unique("ada")}@example.com` }), await world.realUser()]
    const bystander = await world.stateOf(other.id)
    await adapter.linkAccount(newAccount(user.id))
    expect(await world.store.endsAtProof(user.id)).toBe(true)
    expect(await world.store.proveEmail(user.id)).toMatchObject({
      user: { id: user.id, email: user.email, emailVerified: expect.any(Date) },
      passwordRemoved: true,
    })
    expect(await world.stateOf(user.id)).toMatchObject({ password: null, sessions: [] })

    await world.store.setPassword(user.id, HASH)
    if (hasSessions) await adapter.createSession(newSession(user.id, crypto.randomUUID()))
    const before = await world.stateOf(user.id)
    expect(await world.store.proveEmail(user.id)).toMatchObject({ passwordRemoved: false })
    expect(await world.stateOf(user.id)).toMatchObject({ password: HASH, sessions: before.sessions })
    expect(await world.stateOf(other.id)).toEqual(bystander)
  })

  it("end at a proof where only a passkey leads to the account, and stay where a provider does", async () => {
    const [byPasskey, byProvider] = [await world.userOfAuth(), await world.userOfAuth()]
    const passkey = { ...newAccount(byPasskey.id), type: "webauthn" as const }
    const account = newAccount(byProvider.id)
    await adapter.linkAccount(passkey)
    await adapter.linkAccount(account)
    for (const { id } of [byPasskey, byProvider]) {
      if (hasSessions) await adapter.createSession(newSession(id, crypto.randomUUID()))
      if (hasPasskeys) await adapter.createAuthenticator(newAuthenticator(id))
    }
    expect(await world.store.endsAtProof(byPasskey.id)).toBe(true)
    expect(await world.store.endsAtProof(byProvider.id)).toBe(false)
    for (const { id } of [byPasskey, byProvider]) await adapter.updateUser({ id, emailVerified: inAnHour() })
    expect(await adapter.getUserByAccount(passkey)).toBeNull()
    expect((await adapter.getUserByAccount(account))?.id).toBe(byProvider.id)
    expect(await world.sessionsOf(byPasskey.id)).toEqual([])
    expect(await world.sessionsOf(byProvider.id)).toHaveLength(hasSessions ? 1 : 0)
    if (!hasPasskeys) return
    expect(await adapter.listAuthenticatorsByUserId(byPasskey.id)).toEqual([])
    expect(await adapter.listAuthenticatorsByUserId(byProvider.id)).toHaveLength(1)
  })

  it("make a lazy user real whose address is proven, and prove no placeholder", async () => {
    const [lazy, real] = [await world.lazyUser(), await world.realUser({ email: `${unique("x")}@lazy.invalid` })]
    const { usersTable } = world.tables
    const email = `${unique("kept")}@example.com`
    await world.db.update(usersTable).set({ email }).where(eq(usersTable.id, lazy.id))
    expect((await world.store.proveEmail(lazy.id))?.user).toMatchObject({ convertedAt: expect.any(Date), email })
    expect(await world.sessionsOf(lazy.id)).toEqual([])
    const before = await world.stateOf(real.id)
    expect(await world.store.proveEmail(real.id)).toBeNull()
    expect(await world.store.linkByAddress(real.id, newAccount(real.id))).toBeNull()
    expect(await world.stateOf(real.id)).toEqual(before)
    expect(await world.store.proveEmail(crypto.randomUUID())).toBeNull()
  })

  it("are linked by an address with everything, or not at all", async () => {
    const user = await world.realUser({ email: `${unique("ada")}@example.com` })
    const taken = newAccount((await world.userOfAuth()).id)
    await adapter.linkAccount(taken)
    const session = world.session()
    const before = await world.stateOf(user.id)
    // Some of the shapes leave out the key of the accounts.
    if (getTableConfig(world.tables.accountsTable).primaryKeys.length > 0) {
      await expect(world.store.linkByAddress(user.id, taken, session)).rejects.toThrow()
      expect(await world.stateOf(user.id)).toEqual(before)
    }
    const account = newAccount(user.id)
    expect(await world.store.linkByAddress(user.id, account, session)).toMatchObject({ id: user.id })
    expect(await adapter.getAccount(account.providerAccountId, account.provider)).toMatchObject(account)
    const sessions = session ? [session.sessionToken] : []
    expect(await world.stateOf(user.id)).toMatchObject({ password: null, sessions })
  })

  it("of the app's own end with a conversion, a merge and a proof", async () => {
    const keys = pgTable("api_key", { key: text("key").primaryKey(), owner: text("owner") })
    await world.create("api_key", ", key text primary key")
    const store = internals(world.with({ credentials: [keys.owner] }).lazy)
    const planted = async (id: string) => {
      await world.run(sql`insert into api_key values (${id}, ${unique("key")}), (${id}, ${unique("key")})`)
      return id
    }
    const [converted, merged] = [await world.lazyUser(), await world.lazyUser()]
    const real = await world.realUser({ email: `${unique("ada")}@example.com` })
    const ownLabel = { [shape.searchPath ? `${shape.searchPath}.api_key` : "api_key"]: 2 }
    await planted(converted.id)
    expect(await store.convert({ userId: converted.id, set: {}, by })).toMatchObject({ credentials: ownLabel })
    await planted(merged.id)
    await planted(real.id)
    expect(await store.merge(merged.id, real.id)).toMatchObject({ moved: {}, credentials: ownLabel })
    expect(await world.ownersIn("api_key")).toEqual([real.id, real.id])
    await store.proveEmail(real.id)
    expect(await world.ownersIn("api_key")).toEqual([])
    await world.run(sql`drop table api_key`)
  })

  it("are closed to users who do not count", async () => {
    const inactive = world.with({ activeUsers: (users) => sql`${users.name} is distinct from 'gone'` })
    const user = await world.realUser({ email: `${unique("ada")}@example.com` })
    const session = newSession(user.id, crypto.randomUUID())
    if (hasSessions) await inactive.createSession(session)
    const account = newAccount(user.id)
    await inactive.linkAccount(account)
    const lazy = await world.lazyUser()
    const found = async () => [
      await inactive.getUser(user.id),
      await inactive.getUserByEmail(user.email as string),
      await inactive.getUserByAccount(account),
      hasSessions ? (await inactive.getSessionAndUser(session.sessionToken))?.user : user,
      await internals(inactive.lazy).checkPassword({ username: user.username as string }, right),
      await internals(inactive.lazy).checkPassword({ email: user.email as string }, right),
    ]
    expect(await found()).toEqual([user, user, user, user, user, user])
    expect(await internals(inactive.lazy).isOfInactiveUser?.(account)).toBe(false)
    const { usersTable } = world.tables
    const inTwo = sql`${usersTable.id} in (${user.id}, ${lazy.id})`
    await world.db.update(usersTable).set({ name: "gone" }).where(inTwo)
    const [last, ...others] = (await found()).reverse()
    expect([last, ...others].filter((user) => user != null && user.name !== null)).toEqual([])
    expect(await internals(inactive.lazy).isOfInactiveUser?.(account)).toBe(true)
    await expect(internals(inactive.lazy).convert({ userId: lazy.id, set: {}, by })).rejects.toMatchObject({
      code: "not_lazy",
    })
    const again = await internals(inactive.lazy).ensureUser({ ...world.naming, ids: [lazy.id] })
    expect(again.user.id).not.toBe(lazy.id)
  })

  it.runIf(hasTable(shape, "verificationTokensTable"))("by link are open once", async () => {
    const token = { identifier: `${unique("ada")}@example.com`, token: unique("token"), expires: inAnHour() }
    expect(await adapter.createVerificationToken(token)).toEqual(token)
    const use = () => adapter.useVerificationToken({ identifier: token.identifier, token: token.token })
    const used = await Promise.all([use(), use(), use()])
    expect(used.filter((found) => found !== null)).toEqual([token])
  })

  it.runIf(hasPasskeys)("by passkey are listed and counted", async () => {
    const user = await world.userOfAuth()
    const passkey = newAuthenticator(user.id)
    await adapter.createAuthenticator(passkey)
    expect(await adapter.updateAuthenticatorCounter(passkey.credentialID, 7)).toMatchObject({ counter: 7 })
    expect(await adapter.getAuthenticator(passkey.credentialID)).toEqual({ ...passkey, counter: 7 })
    expect(await adapter.listAuthenticatorsByUserId(user.id)).toHaveLength(1)
    expect(await adapter.getAuthenticator(unique("nobody"))).toBeNull()
  })

  it("go with their user", async () => {
    const user = await world.realUser()
    const account = newAccount(user.id)
    await adapter.linkAccount(account)
    await expect(adapter.updateUser({ id: crypto.randomUUID(), name: "Eve" })).rejects.toThrow()
    expect(await adapter.updateUser({ id: user.id, name: "Eve" })).toMatchObject({
      id: user.id,
      username: user.username,
      name: "Eve",
    })
    await adapter.deleteUser(user.id)
    expect(await world.stateOf(user.id)).toEqual({ user: null, password: null, sessions: [] })
    expect(await adapter.getAccount(account.providerAccountId, account.provider)).toBeNull()
  })
}
