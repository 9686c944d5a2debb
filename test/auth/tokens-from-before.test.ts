import { decode, encode } from "@auth/core/jwt"
import Credentials from "@auth/core/providers/credentials"
import { eq, like } from "drizzle-orm"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import type { LazyAdapter } from "../../src/drizzle.js"
import { gate, handleAuth, type LazyConfig, LazyProvider, withLazy } from "../../src/index.js"
import { ConvertProvider, PasswordProvider } from "../../src/password.js"
import { internals } from "../../src/store/lazy-store.js"
import { Browser } from "../setup/browser-jar.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { password, secret } from "../setup/flow-app.js"
import { guestAdapter, guestTables, makeGuests, users } from "../setup/guest-app.js"

const NAME = "authjs.session-token"
const DAY = 24 * 60 * 60

let database: PostgresDatabase
let adapter: LazyAdapter

beforeAll(async () => {
  database = await emptyPostgres()
  for (const table of guestTables) await database.query(table)
  await database.query("create unique index on users (email)")
  adapter = guestAdapter(database)
})

afterAll(() => database?.close())

const generateEmail = ({ id }: { id: string }) => `${id}@lazy.invalid`
const where = like(users.email, "guest-%")

function configure(strategy: "jwt" | "database" = "jwt", changes: Partial<LazyConfig> = {}) {
  return withLazy({
    adapter,
    providers: [
      LazyProvider({ generateEmail }),
      PasswordProvider(),
      ConvertProvider({ generateEmail }),
      Credentials({
        id: "guest",
        credentials: {},
        // A guest as the app made it, by a provider that is still there.
        async authorize() {
          const [id = ""] = await makeGuests(database, 1)
          return { id, email: `guest-${id}` }
        },
      }),
    ],
    secret,
    trustHost: true,
    session: { strategy },
    logger: { error: () => {}, warn: () => {} },
    lazy: { recheck: 0 },
    ...changes,
  })
}

/** A browser that has a cookie from before. */
async function holder(cookie: string, auth = configure()) {
  const browser = new Browser("http://app.test", async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith("/auth/")) return handleAuth(request, auth)
    const result = await gate(request, auth, pathname === "/real" ? { require: "real" } : {})
    return result.open ? result.apply(Response.json(result.session)) : result.apply()
  })
  await browser.jar.setCookie(`${NAME}=${cookie}; Path=/; HttpOnly`, browser.origin)
  return browser
}

/** A token as Auth.js wrote it for an app without this library. */
const token = (claims: object) => encode({ token: { ...claims }, secret, salt: NAME })
/** The token of a moment in the past. */
async function tokenOf(claims: object, iat: number) {
  vi.useFakeTimers({ now: iat * 1000, toFake: ["Date"] })
  try {
    return await token(claims)
  } finally {
    vi.useRealTimers()
  }
}
const claimsOf = async (browser: Browser) => decode({ token: await browser.sessionCookie(), secret, salt: NAME })
const set = (id: string, values: Partial<typeof users.$inferInsert>) =>
  database.own.update(users).set(values).where(eq(users.id, id))
const find = async (id: string) => (await database.db.select().from(users).where(eq(users.id, id)))[0]
const visited = async (browser: Browser, path = "/") => {
  const answer = await browser.visit(path)
  return answer.status === 200 ? ((await answer.json()) as { user?: object } | null)?.user : answer.status
}

async function adoptedGuest(): Promise<string> {
  const [id = ""] = await makeGuests(database, 1)
  await adapter.lazy.adopt({ where })
  return id
}

describe("a token of a guest from before", () => {
  it.each([
    ["sub", (id: string) => ({ sub: id, name: null, email: "guest-1", picture: null })],
    ["sub and id", (id: string) => ({ sub: id, id, type: "guest" })],
    ["id alone", (id: string) => ({ id, type: "guest" })],
  ])("with %s goes on, gets the claims, and keeps its user from the purge", async (_, claims) => {
    const id = await adoptedGuest()
    await set(id, { seenAt: new Date(Date.now() - 40 * DAY * 1000) })
    const browser = await holder(await token(claims(id)))
    expect(await visited(browser)).toMatchObject({ id, isLazy: true, username: expect.stringMatching(/^guest-/) })
    const user = await find(id)
    expect(await claimsOf(browser)).toMatchObject({
      sub: id,
      isLazy: true,
      lazySince: user?.lazySince?.valueOf(),
      checkedAt: expect.any(Number),
    })
    expect(Date.now() - Number(user?.seenAt)).toBeLessThan(60_000)
    expect(await adapter.lazy.purge()).toMatchObject({ purged: 0 })
    expect(await visited(browser, "/real")).toBe(303)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
  })

  it("converts under its id, and every copy of the token is dead then, also one issued again since", async () => {
    const id = await adoptedGuest()
    const planted = await token({ sub: id })
    const browser = await holder(planted)
    await browser.signIn("convert", { username: "grace-from-before", password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false, username: "grace-from-before" })
    // A process of the app from before issues a token again at each visit.
    const reissued = await encode({ token: { sub: id, iat: undefined }, secret, salt: NAME })
    expect((await decode({ token: reissued, secret, salt: NAME }))?.iat).toBeGreaterThanOrEqual(
      Math.floor(Number((await find(id))?.convertedAt) / 1000),
    )
    for (const cookie of [planted, reissued, await token({ id })]) {
      const copy = await holder(cookie)
      expect(await copy.session()).toBeNull()
      expect(await visited(copy, "/real")).not.toMatchObject({ id })
    }
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
  })

  it("merges with the chats into the account whose password it types, and is dead then", async () => {
    const owner = new Browser("http://app.test", (request) => handleAuth(request, configure()))
    await owner.signIn("convert", { username: "ada-from-before", password })
    const ada = (await owner.session())?.user.id
    const id = await adoptedGuest()
    const old = await token({ sub: id })
    const browser = await holder(old)
    await browser.signIn("password", { username: "ada-from-before", password })
    expect((await browser.session())?.user).toMatchObject({ id: ada, isLazy: false })
    expect(await database.query(`select title from chats where owner = '${ada}'`)).toEqual([{ title: "of a guest" }])
    expect(await (await holder(old)).session()).toBeNull()
  })

  it("opens nothing once its user is deleted", async () => {
    const id = await adoptedGuest()
    await database.query(`delete from chats where owner = '${id}'`)
    await adapter.lazy.deleteLazyUser(id)
    for (const claims of [{ sub: id }, { id }]) expect(await (await holder(await token(claims))).session()).toBeNull()
  })

  it("that names a real user by id alone opens nothing", async () => {
    const [real] = await database.own.insert(users).values({ email: "bob@boards.dev" }).returning()
    const browser = await holder(await token({ id: real?.id }))
    expect(await browser.session()).toBeNull()
    expect(await visited(browser, "/real")).not.toMatchObject({ id: real?.id })
  })

  it.each([
    ["with an address", `guest-${crypto.randomUUID()}`],
    ["without one", null],
  ])("seen by this library before the guest is adopted, is told, %s", async (_, email) => {
    if (email === null) await database.query("alter table users alter column email drop not null")
    const [id = ""] = await makeGuests(database, 1)
    await database.query(`update users set email = ${email === null ? "null" : `'${email}'`} where id = '${id}'`)
    const browser = await holder(await token({ sub: id }))
    expect(await visited(browser)).toMatchObject({ id, isLazy: false })
    await adapter.lazy.adopt({ where: eq(users.id, id) })
    await set(id, { seenAt: new Date(Date.now() - 40 * DAY * 1000) })
    expect(await visited(browser)).toMatchObject({ id, isLazy: true })
    expect(await adapter.lazy.purge()).toMatchObject({ purged: 0 })
    expect(await visited(browser, "/real")).toBe(303)
    expect(await claimsOf(browser)).not.toHaveProperty("unproven")
  })

  it.each([
    ["with an address", false],
    ["without one", true],
  ])("seen by this library before the guest is adopted, is dead once the guest is real, %s", async (_, isNameless) => {
    const [id = ""] = await makeGuests(database, 1)
    if (isNameless) await database.query(`update users set email = null where id = '${id}'`)
    const browser = await holder(await token({ sub: id }))
    await visited(browser)
    const planted = await browser.sessionCookie()
    expect(await claimsOf(browser)).toMatchObject({ isLazy: false })
    await adapter.lazy.adopt({ where: eq(users.id, id) })
    await browser.signIn("convert", { username: `real-${id.slice(0, 8)}`, password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    expect(await (await holder(planted as string)).session()).toBeNull()
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
  })

  it("is dead once its owner has signed out by another copy of it", async () => {
    const id = await adoptedGuest()
    const old = await token({ sub: id })
    const browser = await holder(old)
    expect(await visited(browser)).toMatchObject({ id, isLazy: true })
    await browser.signOut()
    for (const cookie of [old, await token({ id })]) {
      const copy = await holder(cookie)
      expect(await copy.session()).toBeNull()
      expect(await visited(copy)).not.toMatchObject({ id })
    }
    expect(await find(id)).toMatchObject({ convertedAt: null })
  })

  it("seen before the guest was adopted, is dead once its owner has signed out by a copy", async () => {
    const [id = ""] = await makeGuests(database, 1)
    const auth = configure("jwt", { lazy: { recheck: 300 } })
    const browser = await holder(await token({ sub: id }), auth)
    await visited(browser)
    const planted = await browser.sessionCookie()
    await adapter.lazy.adopt({ where: eq(users.id, id) })
    await browser.signOut()
    expect(await (await holder(planted as string)).session()).toBeNull()
  })

  it("merges while the old app runs on, until when the guest is spared", async () => {
    const owner = new Browser("http://app.test", (request) => handleAuth(request, configure()))
    await owner.signIn("convert", { username: "eve-from-before", password })
    const eve = (await owner.session())?.user.id
    const [id = ""] = await makeGuests(database, 1)
    const oldAppUntil = new Date(Date.now() + 7 * DAY * 1000)
    await adapter.lazy.adopt({ where, oldAppUntil })
    const browser = await holder(await token({ sub: id }))
    await browser.signIn("password", { username: "eve-from-before", password })
    expect((await browser.session())?.user).toMatchObject({ id: eve })
    expect(await database.query(`select title from chats where owner = '${eve}'`)).toEqual([{ title: "of a guest" }])
    expect(await find(id)).toBeUndefined()
  })

  it("of a real user is dead once the address is proven after it", async () => {
    const email = `${crypto.randomUUID()}@boards.dev`
    const [user] = await database.own.insert(users).values({ email }).returning()
    const id = user?.id as string
    await database.query(`insert into passwords (user_id, hash) values ('${id}', 'the attacker chose it')`)
    const iat = Math.floor(Date.now() / 1000) - 100
    const old = async () => holder(await tokenOf({ sub: id }, iat))
    expect((await (await old()).session())?.user).toMatchObject({ id })
    await internals(adapter.lazy).proveEmail(id)
    expect(await (await old()).session()).toBeNull()
    await set(id, { emailVerified: new Date((iat - 100) * 1000) })
    expect((await (await old()).session())?.user).toMatchObject({ id })
  })

  it("of the app's own provider, which makes guests still, is told when they are adopted", async () => {
    const browser = new Browser("http://app.test", (request) => handleAuth(request, configure()))
    await browser.signIn("guest")
    const id = (await browser.session())?.user.id as string
    expect((await browser.session())?.user).toMatchObject({ isLazy: false })
    await database.query(`update users set email = null where id = '${id}'`)
    const nameless = new Browser("http://app.test", (request) => handleAuth(request, configure()))
    await nameless.signIn("guest")
    const other = (await nameless.session())?.user.id as string
    await adapter.lazy.adopt({ where: eq(users.id, id) })
    await adapter.lazy.adopt({ where: eq(users.id, other) })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: true })
    expect((await nameless.session())?.user).toMatchObject({ id: other, isLazy: true })
  })
})

describe("a database session of a guest from before", () => {
  it("goes on, is lazy at first sight, and is seen when it is extended", async () => {
    const id = await adoptedGuest()
    await set(id, { seenAt: new Date(Date.now() - 40 * DAY * 1000) })
    const key = crypto.randomUUID()
    await database.query(`insert into sessions values ('${key}', '${id}', now() + interval '20 days')`)
    expect(await adapter.lazy.purge()).toMatchObject({ purged: 0 })
    const auth = configure("database")
    const browser = await holder(key, auth)
    expect(await visited(browser)).toMatchObject({ id, isLazy: true })
    expect(Date.now() - Number((await find(id))?.seenAt)).toBeLessThan(60_000)
    await browser.signIn("convert", { username: "row-from-before", password })
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
    expect(await (await holder(key, auth)).session()).toBeNull()
  })
})
