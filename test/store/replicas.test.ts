import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { withReplicas } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, migrate } from "../../src/drizzle.js"
import { gate, handleAuth, withLazy } from "../../src/index.js"
import { Browser } from "../setup/browser-jar.js"
import { FlowApp, password } from "../setup/flow-app.js"
import { withoutPostgresql } from "../setup/left-out.js"
import { Cluster } from "../soak/servers/cluster.js"
import { until } from "../soak/servers/run-program.js"

const LAG = 2

describe.skipIf(withoutPostgresql)("with a replica that is two seconds behind", () => {
  const folder = mkdtempSync(join(tmpdir(), "authjs-lazy-replicas-"))
  const cluster = new Cluster(folder, LAG)
  let writer: postgres.Sql
  let reader: postgres.Sql
  beforeAll(async () => {
    chmodSync(folder, 0o777)
    await cluster.start()
    writer = postgres(cluster.url, { max: 4, onnotice: () => {} })
    reader = postgres(cluster.standbyUrl, { max: 2, onnotice: () => {} })
    await migrate(drizzle(writer))
    const isThere = async () =>
      (await reader`select to_regclass('"lazyOutcome"') is not null as there`)[0]?.there === true
    await until("the replica has the tables", isThere)
  }, 120_000)
  afterAll(async () => {
    await Promise.all([writer?.end({ timeout: 1 }), reader?.end({ timeout: 1 })])
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(["database", "jwt"] as const)("what was just written is found (%s sessions)", async (strategy) => {
    const db = withReplicas(drizzle(writer), [drizzle(reader)])
    const app = new FlowApp(strategy)
    app.database = {
      db,
      own: drizzle(writer),
      query: async (text) => [...(await writer.unsafe(text))],
      close: async () => {},
    }
    const auth = withLazy({ ...app.config, lazy: { recheck: 0 } })
    const visitor = () =>
      new Browser("http://app.test", async (request) => {
        if (new URL(request.url).pathname.startsWith("/auth/")) return handleAuth(request, auth)
        const result = await gate(request, auth)
        return result.open ? result.apply(Response.json(result.session?.user.id)) : result.apply()
      })
    const page = async (browser: Browser) => (await browser.visit("/")).json()

    const browser = visitor()
    const id = await page(browser)
    expect(await page(browser)).toBe(id)
    const form = { username: `ada-${strategy}`, password }
    await browser.signIn("convert", form)
    expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })

    const other = visitor()
    const lazy = await page(other)
    await other.signIn("password", form)
    expect((await other.session())?.user.id).toBe(id)
    expect(await page(other)).toBe(id)
    expect(await app.user(lazy)).toBeUndefined()
    const copy = await other.copy()
    await other.signOut()
    if (strategy === "database") expect(await copy.session()).toBeNull()

    // The replica has none of this yet, and statistics may be read from it later.
    const behind = LazyAdapter(drizzle(reader)).lazy
    const converted = async (adapter: typeof behind) => (await adapter.stats()).days.at(-1)?.converted
    const now = await converted(LazyAdapter(db).lazy)
    expect(await converted(behind)).not.toBe(now)
    await expect.poll(() => converted(behind), { timeout: 20_000 }).toBe(now)
  })
})
