import { sql } from "drizzle-orm"
import type { AnyPgColumn, AnyPgTable } from "drizzle-orm/pg-core"
import { v7 as uuidv7 } from "uuid"
import { beforeAll, expect, it } from "vitest"
import type { Database, LazyAdapter, UserRow } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { HASH, inAnHour, newAccount, newSession, newUser, unique } from "./fixtures.js"
import type { ShapedDatabase } from "./open-shape.js"
import type { TableShape } from "./table-shapes.js"

const by = { provider: "convert", type: "credentials" }

const DAY = 24 * 60 * 60
/** How long a session lives, for Auth.js and for the purge. */
const MONTH = 30 * DAY

/** Tests every operation of the store and the adapter, in a database with the tables of a shape. */
export function testOperations(shape: TableShape, opened: () => Pick<ShapedDatabase, "db" | "own">): void {
  const { tables = shape.definitions, emailRequired, adapt } = shape
  let own: Database
  let adapter: LazyAdapter
  let store: StoreInternals

  beforeAll(() => {
    const { db, ...opening } = opened()
    own = opening.own
    adapter = adapt(db)
    store = internals(adapter.lazy)
  })

  const { usersTable } = tables as { usersTable: AnyPgTable & Record<"id" | "seenAt", AnyPgColumn> }
  /** A table with rows of users, as the database names it. */
  async function notes(): Promise<ReturnType<typeof sql>> {
    const type = usersTable.id.getSQLType()
    const table = sql.raw(`"${unique("note")}"`)
    await own.execute(
      sql`create table ${table} (owner ${sql.raw(type)} not null references ${usersTable} on delete cascade)`,
    )
    return table
  }
  const countOf = async (table: ReturnType<typeof sql>, owner: string) =>
    Number([...rowsOf(await own.execute(sql`select count(*) as n from ${table} where owner = ${owner}`))][0]?.n)

  const generateName = () => unique("guest")
  const generateEmail = emailRequired ? ({ username }: { username: string }) => `${username}@lazy.invalid` : undefined
  const email = () => (emailRequired ? `${unique("ada")}@example.com` : undefined)
  /** Some apps' session tokens are uuids; Auth.js makes uuids. */
  const ownSession = () => ({ sessionToken: crypto.randomUUID(), expires: inAnHour() })
  const lazyUser = async () => (await store.createLazyUser({ generateName, generateEmail, session: ownSession() })).user

  it("creates a lazy user without a session", async () => {
    const id = uuidv7()
    const { user, created } = await store.createLazyUser({ id, generateName, generateEmail })
    expect(created).toBe(true)
    expect(user).toMatchObject({ id, name: null, convertedAt: null, lazySince: expect.any(Date) })
    expect(user.seenAt).toEqual(user.lazySince)
    expect(Math.abs(Date.now() - Number(user.lazySince))).toBeLessThan(60_000)
    expect(user.email).toBe(generateEmail ? `${user.username}@lazy.invalid` : null)
    expect(await adapter.getUser(id)).toEqual(user)
  })

  it("creates a lazy user with a session", async () => {
    const session = ownSession()
    const { user } = await store.createLazyUser({ generateName, generateEmail, session })
    const found = await adapter.getSessionAndUser(session.sessionToken)
    expect(found?.user).toEqual(user)
    expect(found?.session).toMatchObject({ ...session, userId: user.id })
  })

  it("gives the same browser one user, also when its requests come at once", async () => {
    const ids = [uuidv7(), uuidv7()] as const
    const reports = await Promise.all(
      [1, 2, 3].map(() => store.ensureUser({ ids, generateName, generateEmail, session: ownSession() })),
    )
    expect(reports.map(({ user }) => user.id)).toEqual([ids[0], ids[0], ids[0]])
    expect(reports.filter(({ created }) => created)).toHaveLength(1)
    const later = await store.ensureUser({ ids: [uuidv7(), ids[0]], generateName, generateEmail })
    expect(later).toMatchObject({ created: false, user: { id: ids[0] } })
  })

  it("converts under the same id", async () => {
    const lazy = await lazyUser()
    const session = ownSession()
    const set = { username: unique("ada"), email: `${unique("ada")}@example.com`, name: "Ada" }
    const { user, from, endedSessions } = await store.convert({
      userId: lazy.id,
      set,
      passwordHash: HASH,
      session,
      by,
    })
    expect(from).toEqual(lazy)
    expect(user).toMatchObject({ ...set, id: lazy.id, lazySince: lazy.lazySince, convertedAt: expect.any(Date) })
    expect(endedSessions).toBe(1)
    expect((await adapter.getSessionAndUser(session.sessionToken))?.user).toEqual(user)
    expect(await store.checkPassword({ username: set.username }, async () => ({ ok: true }))).toEqual(user)
    expect(await store.checkPassword({ email: set.email }, async () => ({ ok: true }))).toEqual(user)
  })

  it("refuses a taken name", async () => {
    const [lazy, other] = [await lazyUser(), await lazyUser()]
    await expect(store.convert({ userId: lazy.id, set: { username: other.username }, by })).rejects.toMatchObject({
      code: "identifier_taken",
      identifier: "username",
    })
  })

  it("never gives back a user who has converted", async () => {
    const lazy = await lazyUser()
    await store.convert({ userId: lazy.id, set: {}, by })
    const { user, created } = await store.ensureUser({ ids: [lazy.id], generateName, generateEmail })
    expect(created).toBe(true)
    expect(user.id).not.toBe(lazy.id)
  })

  it("signs up a user with a password", async () => {
    const [username, session] = [unique("ada"), ownSession()]
    const user = await store.createRealUser({ username, email: email(), passwordHash: HASH, session })
    expect(user).toMatchObject({ username, lazySince: null, convertedAt: null })
    expect((await adapter.getSessionAndUser(session.sessionToken))?.user).toEqual(user)
    const hashes: (string | null)[] = []
    const signIn = () =>
      store.checkPassword({ username }, async (hash) => {
        hashes.push(hash)
        return { ok: true, rehashed: `${HASH}2` }
      })
    expect(await signIn()).toMatchObject({ id: user.id })
    expect(await signIn()).toMatchObject({ id: user.id })
    expect(hashes).toEqual([HASH, `${HASH}2`])
  })

  it("signs up a user through Auth.js, who is not lazy", async () => {
    const data = newUser()
    const user = await adapter.createUser(data)
    expect(user).toMatchObject({ name: data.name, email: data.email, image: data.image, lazySince: null })
    expect(await adapter.getUserByEmail(data.email)).toEqual(user)
    expect(await store.deleteLazyUser(user.id)).toBe(false)
  })

  it("proves an address", async () => {
    const address = `${unique("ada")}@example.com`
    const { id } = await store.createRealUser({ email: address, passwordHash: HASH })
    const emailVerified = inAnHour()
    expect(await adapter.updateUser({ id, emailVerified })).toMatchObject({ id, emailVerified })
    expect(await store.checkPassword({ email: address }, async (hash) => ({ ok: hash !== null }))).toBeNull()
  })

  it("keeps sessions", async () => {
    const user = await adapter.createUser(newUser())
    const session = newSession(user.id, crypto.randomUUID())
    await adapter.createSession(session)
    expect((await adapter.getSessionAndUser(session.sessionToken))?.session).toMatchObject(session)
    const expires = new Date(session.expires.getTime() + 60_000)
    expect(await adapter.updateSession({ ...session, expires })).toMatchObject({ ...session, expires })
    await adapter.deleteSession(session.sessionToken)
    expect(await adapter.getSessionAndUser(session.sessionToken)).toBeNull()
  })

  it("links accounts, also to a lazy user", async () => {
    const lazy = await lazyUser()
    const account = newAccount(lazy.id)
    await adapter.linkAccount(account)
    expect(await adapter.getAccount(account.providerAccountId, account.provider)).toMatchObject(account)
    expect(await adapter.getUserByAccount(account)).toEqual(lazy)
    await adapter.unlinkAccount(account)
    expect(await adapter.getUserByAccount(account)).toBeNull()
  })

  it("lets a session live on, and sees its lazy user", async () => {
    const session = { sessionToken: crypto.randomUUID(), expires: new Date(Date.now() + (MONTH - 2 * DAY) * 1000) }
    const { user } = await store.createLazyUser({ generateName, generateEmail, session })
    await own
      .update(usersTable)
      .set({ seenAt: new Date(Date.now() - 2 * DAY * 1000) })
      .where(sql`${usersTable.id} = ${user.id}`)
    const expires = new Date((Math.floor(Date.now() / 1000) + MONTH) * 1000)
    expect(await store.touch({ session: { ...session, expires } }, DAY)).toBe(true)
    const found = await adapter.getSessionAndUser(session.sessionToken)
    expect(found?.session.expires).toEqual(expires)
    const seenAt = (found?.user as UserRow | undefined)?.seenAt
    expect(Date.now() - Number(seenAt)).toBeLessThan(60_000)
    expect(await store.touch({ session: { ...session, expires } }, DAY)).toBe(false)
    expect(await store.touch({ userId: user.id }, DAY)).toBe(false)
    await own.update(usersTable).set({ seenAt: null }).where(sql`${usersTable.id} = ${user.id}`)
    expect(await store.touch({ userId: user.id }, DAY)).toBe(true)
  })

  it("keeps, changes and removes a password", async () => {
    const { id } = await adapter.createUser(newUser())
    expect(await store.hasPassword(id)).toBe(false)
    expect(await store.setPassword(id, HASH)).toBe(true)
    expect(await store.setPassword(id, `${HASH}2`)).toBe(true)
    expect(await store.hasPassword(id)).toBe(true)
    expect(await store.setPassword((await lazyUser()).id, HASH)).toBe(false)
    expect(await store.proveEmail(id)).toMatchObject({ passwordRemoved: true })
    expect(await store.hasPassword(id)).toBe(false)
  })

  it("merges a lazy user into a real one", async () => {
    const [table, lazy, real] = [await notes(), await lazyUser(), await adapter.createUser(newUser())]
    await own.execute(sql`insert into ${table} values (${lazy.id})`)
    const session = ownSession()
    const { from, into, moved } = await store.merge(lazy.id, real.id, { session, link: newAccount(real.id) })
    expect({ from: from.id, into: into.id, moved: Object.values(moved) }).toEqual({
      from: lazy.id,
      into: real.id,
      moved: [1],
    })
    expect(await countOf(table, real.id)).toBe(1)
    expect(await adapter.getUser(lazy.id)).toBeNull()
    expect((await adapter.getSessionAndUser(session.sessionToken))?.user.id).toBe(real.id)
    await own.execute(sql`drop table ${table}`)
  })

  it("purges lazy users who can't come back, and counts them before and after", async () => {
    const table = await notes()
    const gone = await store.createLazyUser({ generateName, generateEmail })
    const kept = await lazyUser()
    await own.execute(sql`insert into ${table} values (${gone.user.id}), (${kept.id})`)
    const old = new Date(Date.now() - 2 * MONTH * 1000)
    await own.update(usersTable).set({ seenAt: old }).where(sql`${usersTable.id} in (${gone.user.id}, ${kept.id})`)
    const options = { sessionMaxAge: MONTH }
    expect(await store.purge({ ...options, dryRun: true })).toMatchObject({ purged: 1 })
    const before = await store.stats()
    expect(await store.purge(options)).toMatchObject({ purged: 1 })
    expect(await adapter.getUser(gone.user.id)).toBeNull()
    expect(await adapter.getUser(kept.id)).not.toBeNull()
    expect(await countOf(table, kept.id)).toBe(1)
    expect((await store.stats()).lazyUsers).toBe(before.lazyUsers - 1)
    await own.execute(sql`drop table ${table}`)
  })

  it("deletes a lazy user with everything", async () => {
    const session = ownSession()
    const { user } = await store.createLazyUser({ generateName, generateEmail, session })
    expect(await store.deleteLazyUser(user.id)).toBe(true)
    expect(await adapter.getUser(user.id)).toBeNull()
    expect(await adapter.getSessionAndUser(session.sessionToken)).toBeNull()
  })
}

/** The rows that a driver returns, each in its own wrapping. */
function rowsOf(result: unknown): Record<string, unknown>[] {
  return Array.isArray(result) ? result : (result as { rows: Record<string, unknown>[] }).rows
}
