import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { pipelined, queryRepeated } from "../../src/store/sql/query.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

let database: PostgresDatabase
let world: MergeWorld
let clients: postgres.Sql[] = []

beforeAll(async () => {
  database = await postgresDatabase()
  world = new MergeWorld(database)
})
afterEach(async () => {
  await Promise.all(clients.map((client) => client.end()))
  clients = []
  await world.reset()
})
afterAll(() => database.close())

/** Connects once, and logs every statement as it is sent. */
function connect(connection: Record<string, string> = {}) {
  const sent: string[] = []
  const debug = (_connection: number, text: string) => void sent.push(text.trim().replace(/\s+/g, " "))
  const client = postgres(database.url, { max: 1, fetch_types: false, debug, connection })
  clients.push(client)
  return { client, sent, db: drizzle(client) }
}

async function notes(tables: string[]) {
  const { from, into } = await world.people()
  for (const table of tables)
    await world.run(`create table ${table} (id serial primary key, user_id text references "user" on delete cascade);
      insert into ${table} (user_id) values ('${from}'), ('${from}')`)
  return { from, into }
}

const TABLES = ["note", "task"]

it("asks for the keys, locks, counts, moves, counts again and deletes, in this order", async () => {
  const { from, into } = await notes(TABLES)
  const { db, sent } = connect()
  const { moved } = await LazyAdapter(db).lazy.merge(from, into)
  expect(moved).toEqual({ note: 2, task: 2 })
  const steps = [
    // Which engine it is: once for each client.
    /version\(\)/,
    /^begin/,
    /^with recursive named/,
    /for (no key )?update$/,
    /for (no key )?update$/,
    /^insert into "lazyOutcome"/,
    /^select json_build_object\( 'rows'/,
    /update only public.note/,
    /update only public.task/,
    /^select json_build_object\( 'rows'/,
    /delete from "user"/,
    /'counted'/,
    /^commit/,
  ]
  expect(sent).toEqual(steps.map((step) => expect.stringMatching(step)))
})

it("keeps the order of statements that it sends together, prepared or not", async () => {
  // A process keeps a hundred statements, which other files may have used up.
  vi.resetModules()
  const { pipelined, queryRepeated } = await import("../../src/store/sql/query.js")
  const { db, client } = connect()
  await client.unsafe("create temporary table line (n int generated always as identity, text text)")
  const texts = Array.from({ length: 130 }, (_, n) => `line ${n}`)
  await db.transaction((tx) =>
    pipelined(
      tx,
      ...texts.map(
        (text) => () => queryRepeated(tx, sql`insert into line (text) values (${sql.raw(`'${text}'`)} || ${""})`),
      ),
    ),
  )
  const lines = await client<{ text: string }[]>`select text from line order by n`
  expect(lines.map(({ text }) => text)).toEqual(texts)
  const [{ kept } = {}] = await client<{ kept: number }[]>`
    select count(*)::int as kept from pg_prepared_statements where statement like 'insert into line%'`
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThanOrEqual(100)
})

it("reports the statement that failed first, and changes nothing", async () => {
  const { db, client } = connect()
  await client.unsafe("create temporary table line (n int primary key)")
  const add = (tx: typeof db, n: number) => () => queryRepeated(tx, sql`insert into line values (${n}::int)`)
  const failing = db.transaction((tx) => {
    const own = tx as unknown as typeof db
    return pipelined(own, add(own, 1), add(own, 1), () => queryRepeated(own, sql`select ${1}::int / 0`))
  })
  await expect(failing).rejects.toMatchObject({ cause: { code: "23505" } })
  expect(await client`select from line`).toHaveLength(0)
})

it("merges in READ COMMITTED where connections begin in another level", async () => {
  const { db, sent } = connect({ default_transaction_isolation: "serializable" })
  const { lazy } = LazyAdapter(db)
  for (const [n, statements] of [2, 1].entries()) {
    const { from, into } = await notes([`note_${n}`])
    sent.length = 0
    expect((await lazy.merge(from, into)).moved).toEqual({ [`note_${n}`]: 2 })
    expect(sent.filter((text) => text.startsWith("begin"))).toHaveLength(statements)
    expect(sent.filter((text) => text === "set transaction isolation level read committed")).toHaveLength(1)
  }
})
