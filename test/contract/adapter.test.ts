import { sql } from "drizzle-orm"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { internals } from "../../src/store/lazy-store.js"
import { drivers, type TestDatabase } from "../setup/databases.js"
import { HASH, inAnHour, newAccount, newAuthenticator, newSession, newUser, ownSession, unique } from "./fixtures.js"
import { type WatchedAdapter, watchAdapter } from "./watched-adapter.js"

describe.each(drivers)("the adapter on $driver", ({ open }) => {
  let database: TestDatabase
  let adapter: LazyAdapter
  let results: WatchedAdapter["results"]

  beforeAll(async () => {
    database = await open()
    ;({ adapter, results } = watchAdapter(LazyAdapter(database.db)))
  })
  afterAll(() => database.close())

  const rows = (table: string, userId: string) =>
    database.query(`select "userId" from "${table}" where "userId" = '${userId}'`)

  it("is a plain object whose keys are functions, but for lazy", () => {
    const { lazy, ...methods } = LazyAdapter(database.db)
    expect(Object.getPrototypeOf(methods)).toBe(Object.prototype)
    expect(Object.values(methods).map((method) => typeof method)).toEqual(Object.keys(methods).map(() => "function"))
    expect(Object.getPrototypeOf(lazy)).toBe(Object.prototype)
  })

  describe("users", () => {
    it("createUser returns the user it stored, who is not lazy", async () => {
      const data = newUser()
      const user = await adapter.createUser(data)
      const { id, ...columns } = data
      expect(user.id).toEqual(expect.any(String))
      expect(user).toMatchObject({ ...columns, lazySince: null, convertedAt: null, username: null })
      expect(await adapter.getUser(user.id)).toEqual(user)
    })

    it("createUser keeps the moment at which the address was proven", async () => {
      const emailVerified = inAnHour()
      const user = await adapter.createUser({ ...newUser(), emailVerified })
      expect((await adapter.getUser(user.id))?.emailVerified).toEqual(emailVerified)
    })

    it("createUser refuses an address that is taken", async () => {
      const { email } = await adapter.createUser(newUser())
      await expect(adapter.createUser(newUser(email))).rejects.toThrow()
    })

    it("getUser gives null for an unknown id", async () => {
      expect(await adapter.getUser(crypto.randomUUID())).toBeNull()
    })

    it("getUserByEmail finds the user with the address, and null for an unknown one", async () => {
      const user = await adapter.createUser(newUser())
      expect(await adapter.getUserByEmail(user.email)).toEqual(user)
      expect(await adapter.getUserByEmail("nobody@example.com")).toBeNull()
    })

    it("getUserByAccount finds the user with the account, and null for an unknown one", async () => {
      const user = await adapter.createUser(newUser())
      const { provider, providerAccountId, ...account } = newAccount(user.id)
      await adapter.linkAccount({ ...account, provider, providerAccountId })
      expect(await adapter.getUserByAccount({ provider, providerAccountId })).toEqual(user)
      expect(await adapter.getUserByAccount({ provider, providerAccountId: "unknown" })).toBeNull()
      expect(await adapter.getUserByAccount({ provider: "other", providerAccountId })).toBeNull()
    })

    it("updateUser writes the given columns and keeps the others", async () => {
      const user = await adapter.createUser(newUser())
      expect(await adapter.updateUser({ id: user.id, name: "Grace" })).toEqual({ ...user, name: "Grace" })
      expect(await adapter.getUser(user.id)).toEqual({ ...user, name: "Grace" })
    })

    it("updateUser stores the proof of an address", async () => {
      const user = await adapter.createUser(newUser())
      const emailVerified = inAnHour()
      expect(await adapter.updateUser({ id: user.id, emailVerified })).toEqual({ ...user, emailVerified })
    })

    it("updateUser refuses an unknown id", async () => {
      await expect(adapter.updateUser({ id: crypto.randomUUID(), name: "Grace" })).rejects.toThrow("No user found.")
      await expect(adapter.updateUser({ id: crypto.randomUUID(), emailVerified: inAnHour() })).rejects.toThrow(
        "The user to update does not exist",
      )
    })

    it("deleteUser takes everything of the user along, and nothing of anyone else", async () => {
      const [user, other] = [await adapter.createUser(newUser()), await adapter.createUser(newUser())]
      const tables = ["account", "session", "authenticator", "password"]
      for (const { id } of [user, other]) {
        await adapter.linkAccount(newAccount(id))
        await adapter.createSession(newSession(id))
        await adapter.createAuthenticator(newAuthenticator(id))
        await database.query(`insert into password ("userId", hash) values ('${id}', '${HASH}')`)
      }
      await adapter.deleteUser(user.id)
      expect(await adapter.getUser(user.id)).toBeNull()
      expect(await adapter.getUser(other.id)).toEqual(other)
      for (const table of tables) {
        expect(await rows(table, user.id)).toEqual([])
        expect(await rows(table, other.id)).toEqual([{ userId: other.id }])
      }
    })

    it("deleteUser of an unknown id does nothing", async () => {
      await adapter.deleteUser(crypto.randomUUID())
    })
  })

  describe("accounts", () => {
    it("linkAccount stores every field that Auth.js hands it", async () => {
      const user = await adapter.createUser(newUser())
      const account = newAccount(user.id)
      await adapter.linkAccount(account)
      expect(await adapter.getAccount(account.providerAccountId, account.provider)).toEqual(account)
    })

    it("linkAccount refuses an account that somebody has", async () => {
      const user = await adapter.createUser(newUser())
      const account = newAccount(user.id)
      await adapter.linkAccount(account)
      const other = await adapter.createUser(newUser())
      await expect(async () => adapter.linkAccount({ ...account, userId: other.id })).rejects.toThrow()
      expect(await adapter.getAccount(account.providerAccountId, account.provider)).toEqual(account)
    })

    it("getAccount gives null for an unknown account", async () => {
      expect(await adapter.getAccount("unknown", "example")).toBeNull()
    })

    it("unlinkAccount removes that account and no other", async () => {
      const user = await adapter.createUser(newUser())
      const [gone, kept] = [newAccount(user.id), newAccount(user.id)]
      await adapter.linkAccount(gone)
      await adapter.linkAccount(kept)
      await adapter.unlinkAccount(gone)
      expect(await adapter.getAccount(gone.providerAccountId, gone.provider)).toBeNull()
      expect(await adapter.getAccount(kept.providerAccountId, kept.provider)).toEqual(kept)
    })
  })

  describe("sessions", () => {
    it("createSession stores a session that getSessionAndUser finds with its user", async () => {
      const user = await adapter.createUser(newUser())
      const session = newSession(user.id)
      expect(await adapter.createSession(session)).toEqual(session)
      expect(await adapter.getSessionAndUser(session.sessionToken)).toEqual({ session, user })
    })

    it("createSession refuses a user who does not exist", async () => {
      await expect(adapter.createSession(newSession(crypto.randomUUID()))).rejects.toThrow()
    })

    it("getSessionAndUser gives null for an unknown token", async () => {
      expect(await adapter.getSessionAndUser("unknown")).toBeNull()
    })

    it("updateSession moves the end of a session", async () => {
      const user = await adapter.createUser(newUser())
      const session = await adapter.createSession(newSession(user.id))
      const expires = new Date(session.expires.getTime() + 60_000)
      expect(await adapter.updateSession({ sessionToken: session.sessionToken, expires })).toEqual({
        ...session,
        expires,
      })
      expect((await adapter.getSessionAndUser(session.sessionToken))?.session.expires).toEqual(expires)
    })

    it("updateSession gives nothing for an unknown token", async () => {
      expect((await adapter.updateSession({ sessionToken: "unknown", expires: inAnHour() })) ?? null).toBeNull()
    })

    it("deleteSession ends that session and no other", async () => {
      const user = await adapter.createUser(newUser())
      const [gone, kept] = [newSession(user.id), newSession(user.id)]
      await adapter.createSession(gone)
      await adapter.createSession(kept)
      await adapter.deleteSession(gone.sessionToken)
      expect(await adapter.getSessionAndUser(gone.sessionToken)).toBeNull()
      expect(await adapter.getSessionAndUser(kept.sessionToken)).toEqual({ session: kept, user })
    })

    it("deleteSession of an unknown token does nothing", async () => {
      await adapter.deleteSession("unknown")
    })
  })

  describe("verification tokens", () => {
    const newToken = () => ({ identifier: "ada@example.com", token: unique("mail"), expires: inAnHour() })

    it("useVerificationToken returns the token the first time and null from then on", async () => {
      const token = newToken()
      expect(await adapter.createVerificationToken(token)).toEqual(token)
      const { expires, ...params } = token
      expect(await adapter.useVerificationToken(params)).toEqual(token)
      expect(await adapter.useVerificationToken(params)).toBeNull()
    })

    it("useVerificationToken hands a token to one of many who use it at once", async () => {
      const token = newToken()
      await adapter.createVerificationToken(token)
      const { expires, ...params } = token
      const used = await Promise.all([1, 2, 3, 4].map(() => adapter.useVerificationToken(params)))
      expect(used.filter((result) => result !== null)).toEqual([token])
    })

    it("useVerificationToken gives null for another address, and leaves the token", async () => {
      const token = newToken()
      await adapter.createVerificationToken(token)
      expect(await adapter.useVerificationToken({ identifier: "eve@example.com", token: token.token })).toBeNull()
      expect(await adapter.useVerificationToken({ identifier: token.identifier, token: token.token })).toEqual(token)
    })
  })

  describe("authenticators", () => {
    it("createAuthenticator stores a passkey that getAuthenticator finds", async () => {
      const user = await adapter.createUser(newUser())
      const authenticator = newAuthenticator(user.id)
      expect(await adapter.createAuthenticator(authenticator)).toEqual(authenticator)
      expect(await adapter.getAuthenticator(authenticator.credentialID)).toEqual(authenticator)
    })

    it("getAuthenticator gives null for an unknown passkey", async () => {
      expect(await adapter.getAuthenticator("unknown")).toBeNull()
    })

    it("listAuthenticatorsByUserId lists all of the user's passkeys and nobody else's", async () => {
      const [user, other] = [await adapter.createUser(newUser()), await adapter.createUser(newUser())]
      const own = [newAuthenticator(user.id), newAuthenticator(user.id)]
      for (const authenticator of [...own, newAuthenticator(other.id)]) await adapter.createAuthenticator(authenticator)
      const listed = await adapter.listAuthenticatorsByUserId(user.id)
      expect(listed).toHaveLength(2)
      expect(listed).toEqual(expect.arrayContaining(own))
    })

    it("listAuthenticatorsByUserId gives an empty list for a user without passkeys", async () => {
      const user = await adapter.createUser(newUser())
      expect(await adapter.listAuthenticatorsByUserId(user.id)).toEqual([])
    })

    it("updateAuthenticatorCounter writes the counter", async () => {
      const user = await adapter.createUser(newUser())
      const authenticator = newAuthenticator(user.id)
      await adapter.createAuthenticator(authenticator)
      const counted = { ...authenticator, counter: 100 }
      expect(await adapter.updateAuthenticatorCounter(authenticator.credentialID, 100)).toEqual(counted)
      expect(await adapter.getAuthenticator(authenticator.credentialID)).toEqual(counted)
    })

    it("updateAuthenticatorCounter refuses an unknown passkey", async () => {
      await expect(adapter.updateAuthenticatorCounter("unknown", 1)).rejects.toThrow()
    })
  })

  it("never returns a password hash, from any method", async () => {
    results.length = 0
    const lazy = internals(adapter.lazy)
    const by = { provider: "convert", type: "credentials" }
    const verify = async () => ({ ok: true })

    const { user: made } = await lazy.createLazyUser({ generateName: () => unique("guest"), session: ownSession() })
    await lazy.ensureUser({ ids: [made.id], generateName: () => unique("guest") })
    const email = `${unique("secret")}@example.com`
    const { user } = await lazy.convert({
      userId: made.id,
      set: { email },
      passwordHash: HASH,
      session: ownSession(),
      by,
    })
    const other = await lazy.createRealUser({ username: unique("other"), passwordHash: HASH, session: ownSession() })
    expect(await rows("password", user.id)).toHaveLength(1)
    await lazy.checkPassword({ email }, verify)
    await lazy.checkPassword({ username: other.username as string }, async () => ({ ok: true, rehashed: `${HASH}2` }))

    const [account, session, authenticator] = [newAccount(user.id), newSession(user.id), newAuthenticator(user.id)]
    const token = { identifier: email, token: unique("mail"), expires: inAnHour() }
    await adapter.linkAccount(account)
    await adapter.createSession(session)
    await adapter.createAuthenticator(authenticator)
    await adapter.createVerificationToken(token)
    await adapter.createUser(newUser())
    await adapter.getUser(user.id)
    await adapter.getUserByEmail(email)
    await adapter.getUserByAccount(account)
    await adapter.updateUser({ id: user.id, name: "Ada" })
    await adapter.getAccount(account.providerAccountId, account.provider)
    await adapter.getSessionAndUser(session.sessionToken)
    await adapter.updateSession(session)
    await adapter.useVerificationToken(token)
    await adapter.getAuthenticator(authenticator.credentialID)
    await adapter.listAuthenticatorsByUserId(user.id)
    await adapter.updateAuthenticatorCounter(authenticator.credentialID, 1)
    await lazy.hasPassword(user.id)
    await lazy.setPassword(user.id, HASH)
    await lazy.proveEmail(user.id)
    await lazy.endsAtProof(user.id)
    await lazy.linkByAddress(user.id, newAccount(user.id))
    await adapter.unlinkAccount(account)
    await adapter.deleteSession(session.sessionToken)
    const { user: second } = await lazy.createLazyUser({ generateName: () => unique("guest") })
    await lazy.touch({ userId: second.id }, 0)
    await lazy.leaveBehind(second.id, inAnHour())
    await lazy.closeLazyUser(second.id)
    await lazy.endSessionsOf([unique("token")])
    await lazy.isOfInactiveUser?.(account)
    await lazy.merge(second.id, other.id)
    const { user: third } = await lazy.createLazyUser({ generateName: () => unique("guest") })
    await lazy.closeLazyUser(third.id)
    await lazy.adopt({ where: sql`false` })
    await lazy.purge()
    await lazy.stats()
    await lazy.deleteLazyUser(other.id)
    await adapter.deleteUser(other.id)

    const methods = (target: object, prefix = "") =>
      Object.entries(target).flatMap(([name, value]) => (typeof value === "function" ? [prefix + name] : []))
    const called = new Set(results.map(({ method }) => method))
    // `setup` returns what the app passed to LazyAdapter.
    const reading = [...methods(adapter), ...methods(lazy, "lazy.")].filter((name) => name !== "lazy.setup")
    expect([...called].sort()).toEqual(reading.sort())
    expect(results.filter(({ json }) => /argon2|NeverLeave|"hash"/.test(json)).map(({ method }) => method)).toEqual([])
  })
})
