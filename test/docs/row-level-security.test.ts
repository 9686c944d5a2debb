import { type GateSession, handleAuth, type withLazy } from "authjs-lazy"
import { doctor } from "authjs-lazy/doctor"
import { type LazyAdapter, migrate } from "authjs-lazy/drizzle"
import { sql } from "drizzle-orm"
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js"
import { jwtVerify } from "jose"
import type postgres from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Browser } from "../setup/browser-jar.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { password } from "../setup/flow-app.js"
import { withoutPgbouncer } from "../setup/left-out.js"
import { type Pooler, startPooler } from "../store/pgbouncer.js"
import { runPage, setEnvironment } from "./run-page.js"

const { load, block } = runPage("docs/recipes/row-level-security.md")

type Client = PostgresJsDatabase & { $client: postgres.Sql }
type AsUser = <Result>(
  session: GateSession | null,
  work: (tx: PostgresJsDatabase) => Promise<Result>,
) => Promise<Result>
interface Note {
  id: string
  userId: string
  text: string
  published: boolean
}

/** Owns the tables, and has no other privilege that would get it past a policy. */
const owner = `notes_owner_${process.pid}`
const ROLES = [owner, "notes_app", "anon", "authenticated"]

let database: PostgresDatabase
let pooler: Pooler | undefined
let restore: () => void
let ownerDb: Client
let adapter: LazyAdapter
let appDb: Client
let asUser: AsUser
let answer: (request: Request) => Promise<Response>

beforeAll(async () => {
  database = await emptyPostgres()
  const urlOf = (role: string, secret: string) => {
    const url = new URL(database.url)
    return Object.assign(url, { username: role, password: secret }).href
  }
  await database.sql.unsafe(`create role ${owner} login createrole password 'owner'; grant all on schema public to ${owner};
    do $$ begin execute format('grant create on database %I to ${owner}', current_database()); end $$`)
  // One connection to the server, so that what a transaction leaves behind meets the next one.
  if (!withoutPgbouncer) pooler = await startPooler(urlOf("notes_app", "change-me"), 1)
  restore = setEnvironment({
    DATABASE_URL: urlOf(owner, "owner"),
    APP_DATABASE_URL: pooler?.url ?? urlOf("notes_app", "change-me"),
    SUPABASE_JWT_SECRET: "a secret of the project, of 32 characters or more",
  })
  ownerDb = (await load<{ db: Client }>("db.ts")).db
  await migrate(ownerDb)
  await ownerDb.$client.unsafe(block("notes.sql"))
  const auth = await load<{ adapter: LazyAdapter; authConfig: ReturnType<typeof withLazy> }>("auth.ts")
  adapter = auth.adapter
  ;({ appDb, asUser } = await load<{ appDb: Client; asUser: AsUser }>("as-user.ts"))
  const { handle } = await load<{ handle: typeof answer }>("notes.ts")
  answer = (request) =>
    new URL(request.url).pathname.startsWith("/auth/") ? handleAuth(request, auth.authConfig) : handle(request)
})

afterAll(async () => {
  await appDb?.$client.end()
  await ownerDb?.$client.end()
  restore?.()
  await pooler?.close()
  for (const role of ROLES)
    await database?.sql.unsafe(`do $$ begin
      if exists (select from pg_roles where rolname = '${role}') then drop owned by ${role} cascade; drop role ${role}; end if;
    end $$`)
  await database?.close()
})

const visitor = () => new Browser("http://notes.example", (request) => answer(request))
const session = async (browser: Browser) => (await browser.session()) as GateSession | null
const textsOf = async (response: Response) => ((await response.json()) as Note[]).map(({ text }) => text)
const read = async (browser: Browser) => textsOf(await browser.visit("/notes"))
const write = async (browser: Browser, text: string) => textsOf(await browser.visit("/notes", { form: { text } }))
const publish = (session: GateSession | null) =>
  asUser(session, (tx) =>
    tx.execute(sql`insert into note ("userId", text, published) values (${session?.user.id}, 'news', true)`),
  )
const refused = { cause: { code: "42501" } }

it("shows a lazy user their own notes, also after converting, and other people's never", async () => {
  const [ada, bob] = [visitor(), visitor()]
  expect(await read(ada)).toEqual([])
  expect(await write(ada, "Ada's")).toEqual(["Ada's"])
  expect(await write(bob, "Bob's")).toEqual(["Bob's"])
  expect(await read(ada)).toEqual(["Ada's"])

  const lazy = await session(ada)
  expect(lazy?.user.isLazy).toBe(true)
  await expect(publish(lazy)).rejects.toMatchObject(refused)
  const hide = sql`update note set published = true`
  await expect(asUser(lazy, (tx) => tx.execute(hide))).rejects.toMatchObject(refused)
  await ada.signIn("convert", { username: "ada", password })
  const real = await session(ada)
  expect(real?.user).toMatchObject({ id: lazy?.user.id, isLazy: false })
  await publish(real)
  expect(await read(ada)).toEqual(["Ada's", "news"])
  expect(await read(bob)).toEqual(["Bob's", "news"])
  expect(await read(visitor())).toEqual(["news"])
  // Those of others can be neither changed nor given away nor taken.
  const asBob = await session(bob)
  for (const change of [
    sql`update note set text = 'mine' where published returning id`,
    sql`delete from note where published returning id`,
  ])
    expect([...(await asUser(asBob, (tx) => tx.execute(change)))]).toEqual([])
  const give = sql`update note set "userId" = ${real?.user.id}`
  await expect(asUser(asBob, (tx) => tx.execute(give))).rejects.toMatchObject(refused)
})

it("moves the notes with a merge, which runs as the owner", async () => {
  const browser = visitor()
  await write(browser, "before signing in")
  const lazy = await session(browser)
  expect((await browser.signIn("password", { username: "ada", password })).headers.get("location")).not.toMatch(/error/)
  expect((await session(browser))?.user).toMatchObject({ username: "ada", isLazy: false })
  expect(await read(browser)).toEqual(["Ada's", "news", "before signing in"])
  const seen = await asUser(lazy, (tx) => tx.execute(sql`select text from note`))
  expect([...seen]).toEqual([{ text: "news" }])
  const late = asUser(lazy, (tx) =>
    tx.execute(sql`insert into note ("userId", text) values (${lazy?.user.id}, 'late')`),
  )
  await expect(late).rejects.toMatchObject({ cause: { code: "23503" } })
})

it("leaves no user on the connection, and shows nothing to a query without one", async () => {
  const browser = visitor()
  await write(browser, "mine")
  const mine = await session(browser)
  const pid = sql`select pg_backend_pid() as pid`
  const [inside] = await asUser(mine, (tx) => tx.execute<{ pid: number }>(pid))
  await expect(asUser(mine, () => Promise.reject(new Error("undone")))).rejects.toThrow("undone")
  const [outside] = await appDb.execute<{ pid: number }>(pid)
  if (pooler) expect(outside?.pid).toBe(inside?.pid)
  const without = [
    appDb.execute(sql`select text from note`),
    asUser(null, (tx) => tx.execute(sql`select text from note`)),
  ]
  for (const rows of await Promise.all(without)) expect([...rows]).toEqual([{ text: "news" }])
  const insert = sql`insert into note ("userId", text) values (${mine?.user.id}, 'forgotten')`
  await expect(appDb.execute(insert)).rejects.toMatchObject(refused)
  await expect(appDb.execute(sql`select from "user"`)).rejects.toMatchObject(refused)

  // Of many at once, each sees their own.
  const sessions = await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      const browser = visitor()
      await write(browser, `of ${n}`)
      return session(browser)
    }),
  )
  const own = sql`select text from note where not published`
  const rows = await Promise.all(sessions.map((session) => asUser(session, (tx) => tx.execute(own))))
  expect(rows.map((row) => [...row])).toEqual(sessions.map((_, n) => [{ text: `of ${n}` }]))
})

it("refuses a merge where the policies apply to the library's role, as the doctor says beforehand", async () => {
  const security = async () =>
    (await doctor({ db: ownerDb })).findings.filter(({ code }) => code === "row_security").map(({ where }) => where)
  expect(await security()).toEqual([])
  await ownerDb.execute(sql`alter table note force row level security`)
  expect(await security()).toEqual(["note"])
  const browser = visitor()
  await write(browser, "stays")
  const lazy = await session(browser)
  const [ada] = await database.query(`select id from "user" where username = 'ada'`)
  await expect(adapter.lazy.merge(String(lazy?.user.id), String(ada?.id))).rejects.toMatchObject({
    code: "merge_conflict",
  })
  expect(await read(browser)).toContain("stays")
  await ownerDb.execute(sql`alter table note no force row level security`)
  expect((await adapter.lazy.merge(String(lazy?.user.id), String(ada?.id))).moved).toMatchObject({ note: 1 })
})

describe("with the policies for Supabase", () => {
  const claims = "request.jwt.claims"
  /** Runs a statement as PostgREST does for a request with this token. */
  async function asSupabase(token: string | null, statement: string): Promise<Record<string, unknown>[]> {
    const key = new TextEncoder().encode(process.env.SUPABASE_JWT_SECRET)
    const verified = token === null ? null : await jwtVerify(token, key, { audience: "authenticated" })
    return database.sql.begin(async (tx) => {
      const role = String(verified?.payload.role ?? "anon")
      await tx`select set_config('role', ${role}, true), set_config(${claims}, ${JSON.stringify(verified?.payload ?? {})}, true)`
      return [...(await tx.unsafe(statement))]
    })
  }

  beforeAll(async () => {
    // As Supabase sets a project up.
    await database.sql.unsafe(`drop policy own on note; drop policy published on note; drop policy only_real_users_publish on note;
      create role anon nologin; create role authenticated nologin; create schema auth;
      grant usage on schema public, auth to anon, authenticated, ${owner};
      grant all on all tables in schema public to anon, authenticated;
      create function auth.jwt() returns jsonb language sql stable as $$
        select coalesce(nullif(current_setting('request.jwt.claim', true), ''), nullif(current_setting('${claims}', true), ''))::jsonb
      $$`)
    await ownerDb.$client.unsafe(`grant all on all tables in schema public to anon, authenticated`)
    await ownerDb.$client.unsafe(block("supabase.sql"))
  })

  it("goes by the token's subject and by what it says of a lazy user", async () => {
    const { supabaseToken } = await load<{ supabaseToken: (session: GateSession) => Promise<string> }>("supabase.ts")
    const browser = visitor()
    await browser.signIn("lazy")
    const lazy = (await session(browser)) as GateSession
    const token = await supabaseToken(lazy)
    const insert = (published: boolean) =>
      `insert into note ("userId", text, published) values ('${lazy.user.id}', 'by token', ${published}) returning text`
    const all = `select text from note where text = 'by token'`
    expect(await asSupabase(token, insert(false))).toEqual([{ text: "by token" }])
    expect(await asSupabase(token, all)).toEqual([{ text: "by token" }])
    expect(await asSupabase(null, all)).toEqual([])
    for (const [who, published] of [
      [token, true],
      [null, false],
    ] as const)
      await expect(asSupabase(who, insert(published))).rejects.toMatchObject({ code: "42501" })

    await browser.signIn("convert", { username: "grace", password })
    const real = await supabaseToken((await session(browser)) as GateSession)
    expect(await asSupabase(real, insert(true))).toEqual([{ text: "by token" }])
    expect(await asSupabase(null, all)).toEqual([{ text: "by token" }])
  })

  it("keeps the library's tables from the API", async () => {
    const { supabaseToken } = await load<{ supabaseToken: (session: GateSession) => Promise<string> }>("supabase.ts")
    const browser = visitor()
    await browser.signIn("lazy")
    const token = await supabaseToken((await session(browser)) as GateSession)
    const tables = await database.query(
      `select tablename from pg_tables where schemaname = 'public' and tablename <> 'note'`,
    )
    expect(tables).toHaveLength(7)
    for (const { tablename } of tables) expect(await asSupabase(token, `select from "${tablename}"`)).toEqual([])
  })
})
