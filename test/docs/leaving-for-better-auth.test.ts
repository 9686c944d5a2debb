import { encode } from "@auth/core/jwt"
import { gate, handleAuth, LazyProvider, withLazy } from "authjs-lazy"
import { LazyAdapter } from "authjs-lazy/drizzle"
import { ConvertProvider, hashPassword, PasswordProvider } from "authjs-lazy/password"
import type { betterAuth } from "better-auth"
import { getMigrations } from "better-auth/db/migration"
import type { Pool } from "pg"
import { afterAll, beforeAll, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { password, secret } from "../setup/flow-app.js"
import { runPage, setEnvironment } from "./run-page.js"

const { load, block } = runPage("docs/recipes/leaving-for-better-auth.md")

type Handle = (request: Request) => Promise<Response>
type Exchange = (request: Request, handle: Handle, tokensOf?: unknown) => Promise<Response>

const ORIGIN = "http://app.test"
const NEW = "better-auth.session_token"

let database: PostgresDatabase
let restore: () => void
let pool: Pool
let auth: ReturnType<typeof betterAuth>
/** The old app, and after the move the new one, to which each browser turns. */
let answer: Handle
let tokensOf: unknown

const visitor = () => new Browser(ORIGIN, (request) => answer(request))
/** Those who came before the move. */
const before = { lazy: visitor(), writer: visitor(), merging: visitor(), real: visitor(), ended: visitor() }
const ids: Record<string, string> = {}
/** When the writer became a lazy user. */
let madeAt: number

beforeAll(async () => {
  database = await postgresDatabase()
  restore = setEnvironment({
    DATABASE_URL: database.url,
    BETTER_AUTH_URL: ORIGIN,
    BETTER_AUTH_SECRET: "another secret, of which better-auth asks 32 characters",
  })
  await database.query(
    `create table note (id serial primary key, "userId" text not null references "user" on delete cascade, text text not null)`,
  )
  const authConfig = withLazy({
    adapter: LazyAdapter(database.db),
    providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
    secret,
    trustHost: true,
  })
  answer = async (request) => {
    if (new URL(request.url).pathname.startsWith("/auth/")) return handleAuth(request, authConfig)
    const result = await gate(request, authConfig, { on: "write" })
    return result.apply(new Response("written"))
  }
  await before.writer.visit("/notes", { form: { text: "x" } })
  const [written] = await database.query(`select id, "lazySince" as since from "user"`)
  madeAt = new Date(String(written?.since)).valueOf()
  for (const name of ["lazy", "merging", "real", "ended"] as const) await before[name].signIn("lazy")
  await before.real.signIn("convert", { username: "Ada-Ü.1", password })
  for (const [name, browser] of Object.entries(before)) {
    // The session route of Auth.js writes the whole cookie, and the first write left it in a chunk.
    ids[name] = String(name === "writer" ? written?.id : (await browser.session())?.user.id)
    await database.query(`insert into note ("userId", text) values ('${ids[name]}', 'of ${name}')`)
  }
  await database.query(`update session set expires = now() - interval '1 minute' where "userId" = '${ids.ended}'`)
  await database.query(`insert into "user" (id, name, email, "emailVerified") values
      ('grace', 'Grace', 'grace@app.test', null), ('bob', 'Bob', 'bob@app.test', now())`)
  await database.query(
    `insert into password ("userId", hash) values ('grace', '${await hashPassword("ﬁne and long password")}')`,
  )
  await database.query(`insert into account ("userId", type, provider, "providerAccountId", access_token, expires_at, scope)
    values ('bob', 'oidc', 'google', '117', 'an access token', 1900000000, 'openid email')`)
  await database.query(
    `insert into authenticator values ('+/8=', 'bob', '+/8=', 'pQEC', 3, 'singleDevice', false, 'internal')`,
  )

  ;({ pool, auth } = await load<{ pool: Pool; auth: typeof auth }>("better-auth.ts"))
  await pool.query(block("move.sql"))
  const { exchange } = await load<{ exchange: Exchange }>("exchange.ts")
  const app: Handle = async (request) => {
    if (new URL(request.url).pathname.startsWith("/api/auth/")) return auth.handler(request)
    const session = await auth.api.getSession({ headers: request.headers })
    const notes = await pool.query(`select text from note where "userId" = $1 order by id`, [session?.user.id])
    return Response.json({ user: session?.user ?? null, notes: notes.rows.map(({ text }) => text) })
  }
  answer = (request) => exchange(request, app, tokensOf)
})

afterAll(async () => {
  await pool?.end()
  restore?.()
  await database?.close()
})

interface Home {
  user: Record<string, unknown> | null
  notes: string[]
}
const home = async (browser: Browser) => (await (await browser.visit("/")).json()) as Home
const post = (browser: Browser, path: string, json: object) =>
  browser.visit(`/api/auth${path}`, { json, headers: { origin: ORIGIN, accept: "application/json" } })
const cookies = async (browser: Browser) => (await browser.jar.getCookies(ORIGIN)).map(({ key }) => key).toSorted()

it("gives better-auth all that it asks of the tables, and leaves nothing of this library", async () => {
  const { toBeCreated, toBeAdded } = await getMigrations(auth.options)
  expect([toBeCreated, toBeAdded]).toEqual([[], []])
  const tables = await database.query(`select tablename from pg_tables where schemaname = 'public' order by 1`)
  const own = ["account", "note", "passkey", "session", "user", "verification"]
  expect(tables.map(({ tablename }) => tablename)).toEqual(own)
  const columns = await database.query(`select column_name from information_schema.columns where table_name = 'user'`)
  expect(columns.map((row) => row.column_name)).not.toContain("lazySince")
  for (const file of ["better-auth.ts", "exchange.ts", "jwt.ts"]) expect(block(file)).not.toContain("authjs-lazy")
})

it("keeps lazy users signed in, with their ids and their notes", async () => {
  for (const name of ["lazy", "writer"] as const) {
    const old = (await cookies(before[name])).filter((key) => key.startsWith("authjs.session-token"))
    expect(old).toEqual([name === "writer" ? "authjs.session-token.50" : "authjs.session-token"])
    const first = await home(before[name])
    expect(first).toMatchObject({
      user: {
        id: ids[name],
        isAnonymous: true,
        username: null,
        email: `${ids[name]}@lazy.invalid`,
        emailVerified: false,
      },
      notes: [`of ${name}`],
    })
    const now = await cookies(before[name])
    expect(now).toContain(NEW)
    expect(now).not.toContain(old[0])
    expect(await home(before[name])).toEqual(first)
  }
})

it("lets a lazy user sign up there, and moves the notes", async () => {
  const account = { name: "Lin", email: "lin@app.test", password: "a password of Lin's", username: "lin" }
  expect((await post(before.lazy, "/sign-up/email", account)).status).toBe(200)
  const { user, notes } = await home(before.lazy)
  expect([user?.username, user?.isAnonymous, notes]).toEqual(["lin", false, ["of lazy"]])
  expect(await database.query(`select from "user" where id = '${ids.lazy}'`)).toEqual([])
})

it("keeps real users signed in, and takes their old passwords", async () => {
  expect(await home(before.real)).toMatchObject({ user: { id: ids.real, isAnonymous: false }, notes: ["of real"] })
  const other = visitor()
  const wrong = { username: "ada-ü.1", password: "not the password" }
  expect((await post(other, "/sign-in/username", wrong)).status).toBe(401)
  expect((await post(other, "/sign-in/username", { username: "ADA-Ü.1", password })).status).toBe(200)
  expect((await home(other)).user?.id).toBe(ids.real)

  const grace = visitor()
  expect(
    (await post(grace, "/sign-in/email", { email: "grace@app.test", password: "fine and long password" })).status,
  ).toBe(200)
  expect((await home(grace)).user).toMatchObject({ id: "grace", emailVerified: false })
})

it("merges a lazy user whose first request after the move signs in", async () => {
  expect((await post(before.merging, "/sign-in/username", { username: "ada-ü.1", password })).status).toBe(200)
  expect(await home(before.merging)).toMatchObject({ user: { id: ids.real }, notes: ["of merging", "of real"] })
  expect(await database.query(`select from "user" where id = '${ids.merging}'`)).toEqual([])
  expect(await cookies(before.merging)).not.toContain("authjs.session-token")
})

it("finds OAuth identities and passkeys", async () => {
  const { internalAdapter } = await auth.$context
  expect(await internalAdapter.findAccountByKey({ providerId: "google", accountId: "117" })).toMatchObject({
    userId: "bob",
    accessToken: "an access token",
    accessTokenExpiresAt: new Date(1_900_000_000_000),
    scope: "openid,email",
  })
  expect(await internalAdapter.findUserById("bob")).toMatchObject({ email: "bob@app.test", emailVerified: true })
  expect(await database.query(`select "credentialID", "publicKey", counter, "userId" from passkey`)).toEqual([
    { credentialID: "-_8", publicKey: "pQEC", counter: 3, userId: "bob" },
  ])
})

it("signs no cookie but that of a live session", async () => {
  expect((await home(before.ended)).user).toBeNull()
  expect(await cookies(before.ended)).not.toContain(NEW)
  for (const made of ["true", "bob", "", `${crypto.randomUUID()}`]) {
    const browser = visitor()
    await browser.jar.setCookie(`authjs.session-token=${made}; Path=/`, ORIGIN)
    expect((await home(browser)).user).toBeNull()
    expect(await cookies(browser)).toEqual(["authjs.session-token"])
  }
})

it("looks up at most five cookies", async () => {
  const token = (await database.query(`select token from session where "userId" = '${ids.writer}'`))[0]?.token
  const shown = async (dead: number) => {
    const values = [...Array<string>(dead).fill("dead"), token]
    const cookie = values.map((value, n) => `authjs.session-token.${n}=${value}`).join("; ")
    return ((await (await visitor().visit("/", { headers: { cookie } })).json()) as Home).user?.id
  }
  expect([await shown(4), await shown(5)]).toEqual([ids.writer, undefined])
})

it("prefers the session of a sign-in to the one that gave way to it", async () => {
  const tokenOf = async (id = "") =>
    (await database.query(`select token from session where "userId" = '${id}'`))[0]?.token
  const browser = visitor()
  await browser.jar.setCookie(`authjs.session-token.50=${await tokenOf(ids.writer)}; Path=/`, ORIGIN)
  await browser.jar.setCookie(`authjs.session-token=${await tokenOf(ids.real)}; Path=/`, ORIGIN)
  expect((await home(browser)).user?.id).toBe(ids.real)
  expect(await cookies(browser)).toEqual([NEW])
})

it("takes a lazy user's JWT, and no other", async () => {
  const salt = "authjs.session-token"
  await pool.query(block("jwt.sql"))
  ;({ tokensOfJwt: tokensOf } = await load<{ tokensOfJwt: unknown }>("jwt.ts"))
  const holder = async (token: object, key = secret) => {
    const browser = visitor()
    await browser.jar.setCookie(`${salt}=${await encode({ token: { ...token }, secret: key, salt })}; Path=/`, ORIGIN)
    return browser
  }
  const claims = { sub: ids.writer, isLazy: true, lazySince: madeAt }
  const lazy = await holder(claims)
  expect(await home(lazy)).toMatchObject({ user: { id: ids.writer, isAnonymous: true }, notes: ["of writer"] })
  expect(await cookies(lazy)).toEqual([NEW])
  const others = [
    await holder({ ...claims, sub: ids.real }),
    await holder({ ...claims, isLazy: false }),
    await holder({ ...claims, sub: ids.merging }),
    await holder({ ...claims, lazySince: madeAt + 1 }),
    await holder(claims, "a secret that is somebody else's"),
  ]
  for (const browser of others) expect((await home(browser)).user).toBeNull()
  tokensOf = undefined
})

it("makes one session for a JWT that comes twice, also at once, and none after a sign-out", async () => {
  const { tokensOfJwt } = await load<{ tokensOfJwt: unknown }>("jwt.ts")
  await database.query(`delete from jwt_exchange`)
  const salt = "authjs.session-token"
  const token = { sub: ids.writer, isLazy: true, lazySince: madeAt }
  const jwt = await encode({ token, secret, salt })
  const copy = async () => {
    const browser = visitor()
    await browser.jar.setCookie(`${salt}=${jwt}; Path=/`, ORIGIN)
    return browser
  }
  const sessions = async () =>
    (await database.query(`select count(*)::int as n from session where "userId" = '${ids.writer}'`))[0]?.n as number
  const before = await sessions()
  tokensOf = tokensOfJwt
  try {
    const [one, two, three] = [await copy(), await copy(), await copy()]
    for (const shown of [...(await Promise.all([home(one), home(two)])), await home(three)])
      expect(shown.user?.id).toBe(ids.writer)
    expect(await sessions()).toBe(before + 1)
    expect((await post(two, "/sign-out", {})).status).toBe(200)
    expect(await sessions()).toBe(before)
    for (const browser of [one, await copy()]) expect((await home(browser)).user).toBeNull()
    expect(await sessions()).toBe(before)
  } finally {
    tokensOf = undefined
  }
})

it("removes the old cookie of an embedded app too, which browsers keep apart", async () => {
  const token = (await database.query(`select token from session where "userId" = '${ids.writer}'`))[0]?.token
  const browser = new Browser("https://app.test", (request) => answer(request))
  const old = "__Secure-authjs.session-token"
  await browser.jar.setCookie(`${old}=${token}; Path=/; Secure`, browser.origin)
  const { headers } = await browser.visit("/")
  expect(headers.getSetCookie().filter((cookie) => cookie.startsWith(`${old}=`))).toEqual([
    `${old}=; Max-Age=0; Path=/; Secure`,
    `${old}=; Max-Age=0; Path=/; Secure; Partitioned; SameSite=None`,
  ])
})

it("purges lazy users who stay away, and nobody else", async () => {
  const old = `now() - interval '61 days'`
  await database.query(`update "user" set "updatedAt" = ${old}`)
  await pool.query(block("purge.sql"))
  const left = await database.query(
    `select id from "user" where id in ('${Object.values(ids).join("','")}', 'bob', 'grace')`,
  )
  expect(left.map(({ id }) => id).toSorted()).toEqual([ids.writer, ids.real, "bob", "grace"].toSorted())
})
