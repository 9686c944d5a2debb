import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, type UserRow } from "../../src/drizzle.js"
import { IdentifierTakenError, NotLazyError } from "../../src/errors.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { drivers, type TestDatabase } from "../setup/databases.js"
import { HASH, newAccount, newAuthenticator, newSession, newUser, ownSession, unique } from "./fixtures.js"

const by = { provider: "convert", type: "credentials" }

describe.each(drivers)("adapter.lazy on $driver", ({ open }) => {
  let database: TestDatabase
  let adapter: LazyAdapter
  let store: StoreInternals

  beforeAll(async () => {
    database = await open()
    adapter = LazyAdapter(database.db)
    store = internals(adapter.lazy)
  })
  afterAll(() => database.close())

  const lazyUser = async (session = ownSession()) =>
    (await store.createLazyUser({ generateName: () => unique("guest"), session })).user

  const realUser = (identifier: { username?: string; email?: string } = { username: unique("real") }) =>
    store.createRealUser({ ...identifier, passwordHash: HASH, session: ownSession() })

  const verified = async (userId: string, emailVerified = new Date(1_700_000_000_000)) => {
    await database.query(`update "user" set "emailVerified" = '${emailVerified.toISOString()}' where id = '${userId}'`)
    return emailVerified
  }

  const passwordOf = async (userId: string) =>
    (await database.query(`select hash from password where "userId" = '${userId}'`))[0]?.hash ?? null

  const sessionsOf = async (userId: string) =>
    (await database.query(`select "sessionToken" from session where "userId" = '${userId}'`)).map(
      ({ sessionToken }) => sessionToken,
    )

  /** Everything there is about a user, to compare before and after. */
  const stateOf = async (userId: string) => ({
    user: await adapter.getUser(userId),
    password: await passwordOf(userId),
    sessions: (await sessionsOf(userId)).sort(),
  })

  const countUsers = async () => Number((await database.query(`select count(*) as n from "user"`))[0]?.n)

  describe("convert", () => {
    it("makes the user real under the same id and in the same row", async () => {
      const lazy = await lazyUser()
      const users = await countUsers()
      const set = { username: unique("ada"), email: `${unique("ada")}@example.com`, name: "Ada", image: "/ada.png" }
      const before = Date.now()
      const { user, from } = await store.convert({ userId: lazy.id, set, passwordHash: HASH, by })
      expect(from).toEqual(lazy)
      expect(user).toEqual({ ...lazy, ...set, convertedAt: expect.any(Date) })
      expect(user.convertedAt?.getTime()).toBeGreaterThanOrEqual(before)
      expect(await countUsers()).toBe(users)
      expect(await adapter.getUser(lazy.id)).toEqual(user)
      expect(await passwordOf(lazy.id)).toBe(HASH)
    })

    it("keeps the columns it is not given, and writes no password when it gets none", async () => {
      const lazy = await lazyUser()
      const { user } = await store.convert({ userId: lazy.id, set: {}, by })
      expect(user).toEqual({ ...lazy, convertedAt: user.convertedAt })
      expect(await passwordOf(lazy.id)).toBeNull()
    })

    it("keeps what hangs on the user", async () => {
      const lazy = await lazyUser()
      const account = newAccount(lazy.id)
      await adapter.linkAccount(account)
      await store.convert({ userId: lazy.id, set: {}, by })
      expect(await adapter.getAccount(account.providerAccountId, account.provider)).toEqual(account)
    })

    it("ends every session and leaves the new one alone", async () => {
      const lazy = await lazyUser()
      await adapter.createSession(newSession(lazy.id))
      const bystander = await lazyUser()
      const session = ownSession()
      const { endedSessions } = await store.convert({ userId: lazy.id, set: {}, session, by })
      expect(endedSessions).toBe(2)
      expect(await sessionsOf(lazy.id)).toEqual([session.sessionToken])
      expect(await sessionsOf(bystander.id)).toHaveLength(1)
    })

    it("ends every session when there is no new one", async () => {
      const lazy = await lazyUser()
      expect((await store.convert({ userId: lazy.id, set: {}, by })).endedSessions).toBe(1)
      expect(await sessionsOf(lazy.id)).toEqual([])
    })

    it("calls onConvert inside the transaction, after everything is written", async () => {
      const lazy = await lazyUser()
      const session = ownSession()
      let seen: unknown
      const { user, from } = await store.convert({
        userId: lazy.id,
        set: { name: "Ada" },
        passwordHash: HASH,
        session,
        by,
        async onConvert({ tx, ...params }) {
          const inside = LazyAdapter(tx)
          seen = { ...params, stored: await inside.getSessionAndUser(session.sessionToken) }
          await inside.linkAccount(newAccount(lazy.id, `by-hook-${lazy.id}`))
        },
      })
      expect(seen).toEqual({ user, from, by, stored: { session: { ...session, userId: lazy.id }, user } })
      expect(await adapter.getAccount(`by-hook-${lazy.id}`, "example")).not.toBeNull()
    })

    it("leaves everything as it was when onConvert throws", async () => {
      const lazy = await lazyUser()
      const before = await stateOf(lazy.id)
      const thrown = new Error("not today")
      const conversion = store.convert({
        userId: lazy.id,
        set: { username: unique("ada"), name: "Ada" },
        passwordHash: HASH,
        session: ownSession(),
        by,
        async onConvert({ tx }) {
          await LazyAdapter(tx).linkAccount(newAccount(lazy.id, `undone-${lazy.id}`))
          throw thrown
        },
      })
      await expect(conversion).rejects.toBe(thrown)
      expect(await stateOf(lazy.id)).toEqual(before)
      expect(await adapter.getAccount(`undone-${lazy.id}`, "example")).toBeNull()
    })

    it("leaves everything as it was when the new session can't be written", async () => {
      const [lazy, other] = [await lazyUser(), await lazyUser()]
      const [taken] = await sessionsOf(other.id)
      const before = await stateOf(lazy.id)
      const session = ownSession(taken as string)
      await expect(
        store.convert({ userId: lazy.id, set: { name: "Ada" }, passwordHash: HASH, session, by }),
      ).rejects.toThrow()
      expect(await stateOf(lazy.id)).toEqual(before)
      expect(await sessionsOf(other.id)).toEqual([taken])
    })

    it.each([
      { identifier: "username", value: () => unique("taken") },
      { identifier: "email", value: () => `${unique("taken")}@example.com` },
    ] as const)("refuses a taken $identifier and changes nothing", async ({ identifier, value }) => {
      const taken = value()
      const owner = await realUser({ [identifier]: taken })
      const lazy = await lazyUser()
      const before = [await stateOf(lazy.id), await stateOf(owner.id)]
      const refusal = await store
        .convert({ userId: lazy.id, set: { [identifier]: taken }, passwordHash: HASH, session: ownSession(), by })
        .catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(IdentifierTakenError)
      expect(refusal).toMatchObject({ code: "identifier_taken", identifier })
      expect([await stateOf(lazy.id), await stateOf(owner.id)]).toEqual(before)
    })

    it("refuses the generated name of another lazy user", async () => {
      const [lazy, other] = [await lazyUser(), await lazyUser()]
      await expect(store.convert({ userId: lazy.id, set: { username: other.username }, by })).rejects.toBeInstanceOf(
        IdentifierTakenError,
      )
    })

    it("lets a user keep the generated name", async () => {
      const lazy = await lazyUser()
      const { user } = await store.convert({ userId: lazy.id, set: { username: lazy.username }, by })
      expect(user.username).toBe(lazy.username)
    })

    it("gives one name to one of many who want it at once", async () => {
      const username = unique("wanted")
      const rivals = await Promise.all([1, 2, 3, 4].map(() => lazyUser()))
      const before = new Map(await Promise.all(rivals.map(async ({ id }) => [id, await stateOf(id)] as const)))
      const outcomes = await Promise.allSettled(
        rivals.map(({ id }) => store.convert({ userId: id, set: { username }, passwordHash: HASH, by })),
      )
      const won = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value.user] : []))
      const lost = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []))
      expect(won.map((user) => user.username)).toEqual([username])
      expect(lost.map(({ name }) => name)).toEqual([
        "IdentifierTakenError",
        "IdentifierTakenError",
        "IdentifierTakenError",
      ])
      for (const { id } of rivals.filter(({ id }) => id !== won[0]?.id))
        expect(await stateOf(id)).toEqual(before.get(id))
    })

    it("converts a user once when two tabs convert at once", async () => {
      const lazy = await lazyUser()
      const outcomes = await Promise.allSettled(
        [1, 2].map((n) => store.convert({ userId: lazy.id, set: { name: `tab ${n}` }, passwordHash: HASH, by })),
      )
      const lost = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []))
      expect(lost.map(({ name }) => name)).toEqual(["NotLazyError"])
    })

    it.each([
      ["has converted", async () => (await store.convert({ userId: (await lazyUser()).id, set: {}, by })).user.id],
      ["has signed up", async () => (await realUser()).id],
      ["came in through Auth.js", async () => (await adapter.createUser(newUser())).id],
    ])("refuses a user who %s and changes nothing", async (_, make) => {
      const userId = await make()
      const before = await stateOf(userId)
      const refusal = store.convert({ userId, set: { name: "Eve" }, passwordHash: `${HASH}2`, by })
      await expect(refusal).rejects.toBeInstanceOf(NotLazyError)
      expect(await stateOf(userId)).toEqual(before)
    })

    it("refuses a user who was deleted", async () => {
      const lazy = await lazyUser()
      await adapter.deleteUser(lazy.id)
      await expect(store.convert({ userId: lazy.id, set: {}, by })).rejects.toBeInstanceOf(NotLazyError)
      expect(await adapter.getUser(lazy.id)).toBeNull()
    })
  })

  describe("createRealUser", () => {
    it("writes a user who was never lazy, with password and session", async () => {
      const session = ownSession()
      const [username, email] = [unique("ada"), `${unique("ada")}@example.com`]
      const user = await store.createRealUser({ username, email, name: "Ada", passwordHash: HASH, session })
      expect(user).toMatchObject({ username, email, name: "Ada", emailVerified: null, lazySince: null })
      expect(await stateOf(user.id)).toEqual({ user, password: HASH, sessions: [session.sessionToken] })
    })

    it("writes no session when it is given none", async () => {
      const user = await store.createRealUser({ username: unique("ada"), passwordHash: HASH })
      expect(await sessionsOf(user.id)).toEqual([])
    })

    it("leaves no user behind when the session can't be written", async () => {
      const [taken] = await sessionsOf((await lazyUser()).id)
      const users = await countUsers()
      const session = ownSession(taken as string)
      await expect(store.createRealUser({ username: unique("ada"), passwordHash: HASH, session })).rejects.toThrow()
      expect(await countUsers()).toBe(users)
    })

    it.each(["username", "email"] as const)("refuses a taken %s and writes nothing", async (identifier) => {
      const taken = `${unique("taken")}@example.com`
      await realUser({ [identifier]: taken })
      const users = await countUsers()
      await expect(realUser({ [identifier]: taken })).rejects.toMatchObject({ code: "identifier_taken", identifier })
      expect(await countUsers()).toBe(users)
    })

    it("gives one name to one of many who sign up at once", async () => {
      const username = unique("wanted")
      const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => realUser({ username })))
      const lost = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []))
      expect(lost.map(({ name }) => name)).toEqual([
        "IdentifierTakenError",
        "IdentifierTakenError",
        "IdentifierTakenError",
      ])
    })
  })

  describe("checkPassword", () => {
    /** A verifier that keeps the hashes it was called with. */
    const verifier = (answer: { ok: boolean; rehashed?: string }) => {
      const hashes: (string | null)[] = []
      const verify = async (hash: string | null) => {
        hashes.push(hash)
        return answer
      }
      return { hashes, verify }
    }

    it.each(["username", "email"] as const)("returns the user whose %s and password are right", async (identifier) => {
      const value = `${unique("ada")}@example.com`
      const user = await realUser({ [identifier]: value })
      const { hashes, verify } = verifier({ ok: true })
      const by = identifier === "username" ? { username: value } : { email: value }
      expect(await store.checkPassword(by, verify)).toEqual(user)
      expect(hashes).toEqual([HASH])
    })

    it("returns null for a wrong password", async () => {
      const { username } = await realUser()
      const { hashes, verify } = verifier({ ok: false, rehashed: "stolen" })
      expect(await store.checkPassword({ username: username as string }, verify)).toBeNull()
      expect(hashes).toEqual([HASH])
    })

    it.each([
      ["of nobody", async () => ({ username: unique("nobody") })],
      ["of a lazy user", async () => ({ username: (await lazyUser()).username as string })],
      ["of a user without a password", async () => ({ email: (await adapter.createUser(newUser())).email })],
      [
        "of a lazy user for whom somebody wrote a password",
        async () => {
          const { id, username } = await lazyUser()
          await database.query(`insert into password ("userId", hash) values ('${id}', '${HASH}')`)
          return { username: username as string }
        },
      ],
    ])("verifies nothing, once, and returns null for the name %s", async (_, make) => {
      const { hashes, verify } = verifier({ ok: true, rehashed: `${HASH}2` })
      expect(await store.checkPassword(await make(), verify)).toBeNull()
      expect(hashes).toEqual([null])
    })

    it("stores the hash it is given in place of the old one", async () => {
      const user = await realUser()
      const { verify } = verifier({ ok: true, rehashed: `${HASH}2` })
      await store.checkPassword({ username: user.username as string }, verify)
      expect(await passwordOf(user.id)).toBe(`${HASH}2`)
    })

    it("stores nothing for a wrong password", async () => {
      const user = await realUser()
      const { verify } = verifier({ ok: false, rehashed: `${HASH}2` })
      await store.checkPassword({ username: user.username as string }, verify)
      expect(await passwordOf(user.id)).toBe(HASH)
    })

    it("keeps a password that was changed while the old one was being verified", async () => {
      const user = await realUser()
      await store.checkPassword({ username: user.username as string }, async () => {
        await database.query(`update password set hash = 'changed' where "userId" = '${user.id}'`)
        return { ok: true, rehashed: `${HASH}2` }
      })
      expect(await passwordOf(user.id)).toBe("changed")
    })

    it("does not bring back a password that was removed while it was being verified", async () => {
      const user = await realUser()
      await store.checkPassword({ username: user.username as string }, async () => {
        await database.query(`delete from password where "userId" = '${user.id}'`)
        return { ok: true, rehashed: `${HASH}2` }
      })
      expect(await passwordOf(user.id)).toBeNull()
    })
  })

  describe.each([
    ["proveEmail", (user: UserRow) => store.proveEmail(user.id)],
    ["adapter.updateUser", (user: UserRow) => adapter.updateUser({ id: user.id, emailVerified: new Date() })],
  ])("proving an address by %s", (_, prove) => {
    it("removes a password and the sessions that were there before the proof", async () => {
      const user = await realUser({ email: `${unique("victim")}@example.com` })
      await prove(user)
      const after = await stateOf(user.id)
      expect(after).toMatchObject({ password: null, sessions: [] })
      expect(after.user?.emailVerified).toBeInstanceOf(Date)
    })

    it("keeps password and sessions of an address that was proven already", async () => {
      const user = await realUser({ email: `${unique("ada")}@example.com` })
      await verified(user.id)
      const before = await stateOf(user.id)
      await prove(user)
      expect(await stateOf(user.id)).toMatchObject({ password: HASH, sessions: before.sessions })
    })

    it("ends the sessions and the passkeys of a user whom neither a password nor an OAuth identity leads to", async () => {
      const user = (await adapter.createUser(newUser())) as unknown as UserRow
      await adapter.createSession(newSession(user.id))
      const passkey = { ...newAccount(user.id), type: "webauthn" as const }
      await adapter.linkAccount(passkey)
      await adapter.createAuthenticator(newAuthenticator(user.id))
      expect(await store.endsAtProof(user.id)).toBe(true)
      await prove(user)
      expect(await sessionsOf(user.id)).toEqual([])
      expect(await adapter.listAuthenticatorsByUserId(user.id)).toEqual([])
      expect(await adapter.getUserByAccount(passkey)).toBeNull()
    })

    it("keeps sessions, identities and passkeys of a user who came by OAuth", async () => {
      const user = (await adapter.createUser(newUser())) as unknown as UserRow
      const { sessionToken } = await adapter.createSession(newSession(user.id))
      const account = newAccount(user.id)
      await adapter.linkAccount(account)
      await adapter.createAuthenticator(newAuthenticator(user.id))
      expect(await store.endsAtProof(user.id)).toBe(false)
      await prove(user)
      expect(await sessionsOf(user.id)).toEqual([sessionToken])
      expect(await adapter.listAuthenticatorsByUserId(user.id)).toHaveLength(1)
      expect((await adapter.getUserByAccount(account))?.id).toBe(user.id)
    })

    it.each(["ada@lazy.invalid", "ada@LAZY.Invalid.", "ada@invalid"])(
      "proves nothing of the placeholder %s",
      async (email) => {
        const user = await realUser({ email: `${unique("x")}${email}` })
        await Promise.resolve(prove(user)).catch(() => null)
        expect(await stateOf(user.id)).toMatchObject({ password: HASH, user: { emailVerified: null } })
      },
    )

    it("leaves other users alone", async () => {
      const [user, other] = [await realUser({ email: `${unique("a")}@example.com` }), await realUser()]
      const before = await stateOf(other.id)
      await prove(user)
      expect(await stateOf(other.id)).toEqual(before)
    })
  })

  it("proveEmail says what it did", async () => {
    const user = await realUser({ email: `${unique("ada")}@example.com` })
    expect(await store.proveEmail(user.id)).toEqual({
      user: { ...user, emailVerified: expect.any(Date) },
      passwordRemoved: true,
    })
    expect(await store.proveEmail(user.id)).toMatchObject({ passwordRemoved: false })
    expect(await store.proveEmail(crypto.randomUUID())).toBeNull()
  })

  describe("deleteLazyUser", () => {
    it("deletes a lazy user with everything that hangs on it", async () => {
      const lazy = await lazyUser()
      expect(await store.deleteLazyUser(lazy.id)).toBe(true)
      expect(await stateOf(lazy.id)).toEqual({ user: null, password: null, sessions: [] })
    })

    it.each([
      ["has converted", async () => (await store.convert({ userId: (await lazyUser()).id, set: {}, by })).user.id],
      ["has signed up", async () => (await realUser()).id],
      ["came in through Auth.js", async () => (await adapter.createUser(newUser())).id],
    ])("keeps a user who %s", async (_, make) => {
      const userId = await make()
      const before = await stateOf(userId)
      expect(await store.deleteLazyUser(userId)).toBe(false)
      expect(await stateOf(userId)).toEqual(before)
    })

    it("says false for nobody", async () => {
      expect(await store.deleteLazyUser(crypto.randomUUID())).toBe(false)
    })
  })
})
