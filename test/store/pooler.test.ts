import { drizzle as drizzleNodePostgres } from "drizzle-orm/node-postgres"
import { drizzle } from "drizzle-orm/postgres-js"
import pg from "pg"
import postgres from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, migrate } from "../../src/drizzle.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { withoutPgbouncer } from "../setup/left-out.js"
import { type Pooler, startPooler } from "./pgbouncer.js"

const SERVER_CONNECTIONS = 3
const BROWSERS = 12

// Only postgres.js prepares statements unless it is told not to.
const appDrivers = {
  "postgres.js": (url: string) => {
    const sql = postgres(url, { max: 10, prepare: false, onnotice: () => {} })
    return { db: drizzle(sql), close: () => sql.end({ timeout: 5 }) }
  },
  "node-postgres": (url: string) => {
    const pool = new pg.Pool({ connectionString: url, max: 10 })
    return { db: drizzleNodePostgres(pool), close: () => pool.end() }
  },
}

describe.skipIf(withoutPgbouncer).each([
  ["postgres.js", "database"],
  ["postgres.js", "jwt"],
  ["node-postgres", "database"],
  ["node-postgres", "jwt"],
] as const)("behind PgBouncer in transaction mode (%s, %s sessions)", (driver, strategy) => {
  const app = new FlowApp(strategy)
  let direct: PostgresDatabase
  let pooler: Pooler
  let pooled: postgres.Sql
  beforeAll(async () => {
    direct = await emptyPostgres()
    pooler = await startPooler(direct.url, SERVER_CONNECTIONS)
    pooled = postgres(pooler.url, { max: 10, prepare: false, onnotice: () => {} })
    app.database = { ...appDrivers[driver](pooler.url), own: direct.own, query: direct.query }
  })
  afterAll(async () => {
    await app.database.close()
    await pooled.end({ timeout: 5 })
    await pooler.close()
    await direct.close()
  })

  const everybody = <Result>(act: (browser: number) => Promise<Result>) =>
    Promise.all(Array.from({ length: BROWSERS }, (_, browser) => act(browser)))

  it("really hands out another connection for each transaction", async () => {
    const [one, other] = [pooler.url, pooler.url].map((url) => postgres(url, { max: 1, prepare: false }))
    if (!one || !other) throw new Error("There are two.")
    const pid = async (sql: postgres.TransactionSql) => (await sql`select pg_backend_pid() as pid`)[0]?.pid
    const first = await one.begin(pid)
    const [inside, second] = await other.begin(async (sql) => [await pid(sql), await one.begin(pid)])
    expect(inside).toBe(first)
    expect(second).not.toBe(first)
    await Promise.all([one.end(), other.end()])
  })

  it("migrates, also when several do so at once", async () => {
    const reports = await everybody(() => migrate(app.database.db))
    expect(reports.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
    expect((await migrate(app.database.db)).recorded.length).toBeGreaterThan(3)
  })

  it("signs lazy users in, converts them and merges them, many at once", async () => {
    const lazy = await everybody(() => app.lazyBrowser())
    expect(new Set(lazy.map(({ id }) => id)).size).toBe(BROWSERS)
    await Promise.all(lazy.map(({ browser }, n) => browser.signIn("convert", { username: `person-${n}`, password })))
    for (const { browser, id } of lazy) expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })

    const again = await everybody(() => app.lazyBrowser())
    await Promise.all(again.map(({ browser }, n) => browser.signIn("password", { username: `person-${n}`, password })))
    for (const [n, { browser, id }] of again.entries()) {
      expect((await browser.session())?.user.id).toBe(lazy[n]?.id)
      expect(await app.user(id)).toBeUndefined()
    }
    expect(app.logged).toEqual([])
  })

  it("purges, several at once, and tells of it", async () => {
    await direct.query(
      `insert into "user" (id, "lazySince", "seenAt") select n, now() - interval '40 days', now() - interval '40 days'
        from generate_series(1, 1000) n`,
    )
    const { lazy } = LazyAdapter(app.database.db)
    const reports = await Promise.all([1, 2, 3, 4].map(() => lazy.purge({ batchSize: 50 })))
    expect(reports.reduce((sum, { purged }) => sum + purged, 0)).toBe(1000)
    expect(reports.flatMap(({ failed }) => failed)).toEqual([])
    const { days, ways } = await lazy.stats({ since: new Date(Date.now() - 45 * 24 * 60 * 60 * 1000) })
    const sum = (event: "created" | "converted" | "merged" | "purged") =>
      days.reduce((total, day) => total + day[event], 0)
    expect({ converted: sum("converted"), merged: sum("merged"), purged: sum("purged") }).toEqual({
      converted: BROWSERS,
      merged: BROWSERS,
      purged: 1000,
    })
    expect(sum("created")).toBe(1000 + 2 * BROWSERS)
    expect(ways).toEqual({ password: BROWSERS })
  })

  it("leaves nothing behind on the connections it was lent", async () => {
    let lent = 0
    let allAreLent = () => {}
    const all = new Promise<void>((resolve) => {
      allAreLent = resolve
    })
    const left = () =>
      pooled.begin(async (sql) => {
        const [row] = await sql`
        select
          pg_backend_pid() as pid,
          (select count(*)::int from pg_prepared_statements) as prepared,
          (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
          (select count(*)::int from pg_class where relpersistence = 't') as tables,
          (select count(*)::int from pg_settings where source = 'session' and name in ('search_path', 'statement_timeout', 'lock_timeout')) as settings`
        // Each keeps its connection until the others have theirs.
        if (++lent === SERVER_CONNECTIONS) allAreLent()
        await all
        return row
      })
    const rows = await Promise.all(Array.from({ length: SERVER_CONNECTIONS }, left))
    expect(new Set(rows.map((row) => row?.pid)).size).toBe(SERVER_CONNECTIONS)
    for (const row of rows) expect(row).toMatchObject({ prepared: 0, locks: 0, tables: 0, settings: 0 })
  })
})
