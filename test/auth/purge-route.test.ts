import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { type PurgeRouteOptions, purgeRoute } from "../../src/auth/purge-route.js"
import { LazyAdapter } from "../../src/drizzle.js"
import { type LazyConfig, LazyProvider, LazySetupError, withLazy } from "../../src/index.js"
import { drivers, emptyPostgres, type TestDatabase } from "../setup/databases.js"

const SECRET = "3f9d2c71b0a84e65"

const auth = (database: TestDatabase, changes: Partial<LazyConfig> = {}) =>
  withLazy({ adapter: LazyAdapter(database.db), providers: [LazyProvider()], ...changes })

const ask = (method = "GET", authorization: string | undefined = `Bearer ${SECRET}`) =>
  new Request("https://app.test/api/purge", { method, headers: authorization ? { authorization } : {} })

describe.each(drivers)("purgeRoute ($driver)", ({ open }) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    await database.query("drop table if exists note")
    await database.query(`truncate "user" cascade`)
    await database.query(
      `insert into "user" (id, "lazySince", "seenAt") select n, now() - interval '40 days', now() - interval '40 days'
        from generate_series(1, 3) n`,
    )
  })

  const users = async () => (await database.query(`select id from "user" order by id`)).map(({ id }) => id)
  const route = (options: Partial<PurgeRouteOptions> = {}, changes: Partial<LazyConfig> = {}) =>
    purgeRoute(auth(database, changes), { secret: SECRET, ...options })

  it.each(["GET", "POST"])("purges on %s, and answers with the report", async (method) => {
    const response = await route()(ask(method))
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toContain("application/json")
    expect(response.headers.get("cache-control")).toBe("no-store")
    expect(await response.json()).toMatchObject({ purged: 3, interrupted: false, failures: 0, dryRun: false })
    expect(await users()).toEqual([])
  })

  it.each([
    ["nothing", ""],
    ["another secret", "Bearer 3f9d2c71b0a84e66"],
    ["the beginning of the secret", "Bearer 3f9d2c71b0a84e6"],
    ["more than the secret", `Bearer ${SECRET}0`],
    ["an empty secret", "Bearer "],
    ["the bare secret", SECRET],
    ["another scheme", `Basic ${SECRET}`],
  ])("tells nothing and purges nobody for %s", async (_, authorization) => {
    const response = await route()(ask("GET", authorization))
    expect(response.status).toBe(401)
    expect(response.headers.get("cache-control")).toBe("no-store")
    expect(await response.text()).toBe("")
    expect(await users()).toHaveLength(3)
  })

  it.each(["HEAD", "PUT", "DELETE", "OPTIONS"])("does not answer %s", async (method) => {
    const response = await route()(ask(method))
    expect(response.status).toBe(405)
    expect(response.headers.get("allow")).toBe("GET, POST")
    expect(await users()).toHaveLength(3)
  })

  it("passes the options of the purge on", async () => {
    const body = await (await route({ dryRun: true, limit: 2 })(ask())).json()
    expect(body).toMatchObject({ purged: 2, dryRun: true })
    expect(await users()).toHaveLength(3)
  })

  it("knows how long sessions of the app live", async () => {
    const ninetyDays = { session: { maxAge: 90 * 24 * 60 * 60 } }
    expect(await (await route({}, ninetyDays)(ask())).json()).toMatchObject({ purged: 0 })
    expect(await users()).toHaveLength(3)
  })

  it("answers 200 also when users were skipped", async () => {
    await database.query(`create table note ("userId" text references "user" (id))`)
    await database.query("insert into note values ('2')")
    const response = await route()(ask())
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ purged: 2, skipped: { note: 1 } })
    expect(await users()).toEqual(["2"])
  })

  it("stops after the batch it is at when its time is up, and the next call takes up the rest", async () => {
    const time = new AbortController()
    const timer = vi.spyOn(AbortSignal, "timeout").mockReturnValue(time.signal)
    onTestFinished(() => timer.mockRestore())
    const hurried = await route({ batchSize: 1, maxDuration: 20, onPurge: () => time.abort() })(ask())
    expect(await hurried.json()).toMatchObject({ purged: 1, interrupted: true })
    expect(timer).toHaveBeenCalledExactlyOnceWith(20_000)
    timer.mockRestore()
    expect(await users()).toHaveLength(2)
    expect(await (await route()(ask())).json()).toMatchObject({ purged: 2, interrupted: false })
  })

  it("works with a configuration that wraps the one of withLazy", async () => {
    const inner = auth(database)
    const wrapped = purgeRoute((request) => ({ ...inner(request), debug: false }), { secret: SECRET })
    expect(await (await wrapped(ask())).json()).toMatchObject({ purged: 3 })
  })
})

describe("purgeRoute", () => {
  it.each([
    ["no secret", undefined],
    ["an empty secret", ""],
    ["a short secret", "fifteen-letters"],
    ["a secret that no header can carry", "sixteen-letters-é"],
    ["a secret with a space in it", "sixteen or more letters"],
    ["a secret that is no text", 1234567890123456 as unknown as string],
  ])("answers 503 with %s, and says in the log what to set", async (_, secret) => {
    const logged: string[] = []
    const logger = { error: (error: Error) => void logged.push(error.message) }
    const route = purgeRoute(() => ({ providers: [], logger }), { secret })
    for (const authorization of [`Bearer ${secret}`, "Bearer", "Bearer undefined", ""]) {
      const response = await route(ask("GET", authorization))
      expect(response.status).toBe(503)
      expect(response.headers.get("cache-control")).toBe("no-store")
      expect(await response.json()).toEqual({ error: "no_secret" })
    }
    // Anyone can call the route, so it does not log each call.
    expect(logged).toEqual([expect.stringContaining("CRON_SECRET, to the output of: openssl rand -hex 32")])
  })

  it("logs a purge that fails, and tells nobody why", async () => {
    const database = await emptyPostgres()
    const logged: Error[] = []
    const logger = { error: (error: Error) => void logged.push(error) }
    const response = await purgeRoute(auth(database, { logger }), { secret: SECRET })(ask())
    await database.close()
    expect(response.status).toBe(500)
    expect(response.headers.get("cache-control")).toBe("no-store")
    expect(await response.json()).toEqual({ error: "purge_failed" })
    expect(logged).toHaveLength(1)
    expect(String(logged[0]?.stack)).toContain("user")
  })

  it("says so in the log when the configuration is not one of withLazy", async () => {
    const logged: Error[] = []
    const config = { providers: [], logger: { error: (error: Error) => void logged.push(error) } }
    const response = await purgeRoute(() => config, { secret: SECRET })(ask())
    expect(response.status).toBe(500)
    expect(logged).toEqual([
      new LazySetupError("purgeRoute needs the function that withLazy returned: purgeRoute(authConfig, { secret })."),
    ])
  })

  it.each([
    ["no time at all", { secret: SECRET, maxDuration: 0 }, "`maxDuration` must be a number of seconds"],
    ["a time that is none", { secret: SECRET, maxDuration: Number.NaN }, "`maxDuration` must be a number of seconds"],
    ["an option of the purge that can't be", { secret: SECRET, batchSize: 0 }, "`batchSize` must be a whole number"],
    ["an option that there is not", { secret: SECRET, dryrun: true }, "there is no option dryrun"],
    ["a keep that is no function", { secret: SECRET, keep: "nobody" }, "`keep` must be a function"],
  ])("is not to be had with %s", (_, options, message) => {
    const make = () => purgeRoute(() => ({ providers: [] }), options as PurgeRouteOptions)
    expect(make).toThrow(LazySetupError)
    expect(make).toThrow(message)
  })
})
