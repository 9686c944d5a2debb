import { readFileSync } from "node:fs"
import { entityKind } from "drizzle-orm"
import { drizzle as drizzleNodePostgres } from "drizzle-orm/node-postgres"
import { drizzle } from "drizzle-orm/pg-proxy"
import pg from "pg"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { type Database, LazyAdapter } from "../../src/drizzle.js"
import { LazyProvider, LazySetupError, withLazy } from "../../src/index.js"
import { internals } from "../../src/store/lazy-store.js"
import { drivers, postgresDatabase } from "../setup/databases.js"

describe("the driver of LazyAdapter", () => {
  it("is refused where it has no transactions, and the error names one that has", () => {
    const db = drizzle(async () => ({ rows: [] }))
    const adapter = () => LazyAdapter(db)
    expect(adapter).toThrow(LazySetupError)
    expect(adapter).toThrow(/drizzle-orm\/pg-proxy has no transactions.* Use drizzle-orm\/node-postgres/)
  })

  // Their packages are not installed here; what Drizzle calls them is.
  it.each([
    ["neon-http", "NeonHttpDatabase"],
    ["xata-http", "XataHttpDatabase"],
    ["prisma/pg", "PrismaPgDatabase"],
  ])("is refused where it is %s", (driver, kind) => {
    const source = (file: string) =>
      readFileSync(new URL(`../../node_modules/drizzle-orm/${driver}/${file}.js`, import.meta.url), "utf8")
    expect(source("driver")).toContain(`static [entityKind] = "${kind}"`)
    expect(source("session")).toMatch(/^ {2}(async )?transaction\(\w+, \w+( = \{\})?\) \{\s*throw new Error/m)
    const db = { constructor: { [entityKind]: kind } } as unknown as Database
    expect(() => LazyAdapter(db)).toThrow(`drizzle-orm/${driver} has no transactions`)
  })

  it("is refused where all visitors would share a connection, and with it their transactions", () => {
    const adapter = () => LazyAdapter(drizzleNodePostgres(new pg.Client()))
    expect(adapter).toThrow(LazySetupError)
    expect(adapter).toThrow("Give drizzle() a Pool, not a Client.")
  })

  it("is taken where a build has no database URL, and stderr says what to set", () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {})
    onTestFinished(() => logged.mockRestore())
    // What `drizzle(process.env.DATABASE_URL!)` makes.
    const db = drizzleNodePostgres(undefined as unknown as string)
    expect(() => withLazy({ adapter: LazyAdapter(db), providers: [LazyProvider()] })).not.toThrow()
    expect(logged).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("such as DATABASE_URL, where the app runs"))
  })

  it.each(drivers)("is taken where it is $driver", async ({ open }) => {
    const database = await open()
    try {
      expect(internals(LazyAdapter(database.db).lazy).hasPasswords).toBe(true)
    } finally {
      await database.close()
    }
  })
})

describe.each(drivers)("a transaction that $driver sees undone at its commit", ({ open }) => {
  it("is run again, three times in all", async () => {
    const database = await open()
    try {
      // The sequence counts the tries, since PostgreSQL never undoes it.
      await database.query("create sequence tries")
      await database.query(`create function give_way() returns trigger language plpgsql as $$ begin
        if nextval('tries') % 3 <> 0 then raise sqlstate '40001'; end if;
        return null;
      end $$`)
      await database.query(`create constraint trigger give_way after insert or update on "user"
        deferrable initially deferred for each row execute function give_way()`)
      const store = internals(LazyAdapter(database.db).lazy)
      const { user } = await store.createLazyUser()
      const calls: boolean[] = []
      const by = { provider: "test", type: "credentials" }
      const onConvert = async ({ user: { convertedAt } }: { user: { convertedAt: Date | null } }) =>
        void calls.push(convertedAt !== null)
      await store.convert({ userId: user.id, set: { username: "ada" }, by, onConvert })
      expect(calls).toEqual([true, true, true])
      const [row] = await database.query(`select count(*)::int as users, count("convertedAt")::int as real,
        (select last_value::int from tries) as tries from "user"`)
      expect(row).toEqual({ users: 1, real: 1, tries: 6 })
      expect(await database.query(`select outcome from "lazyOutcome"`)).toEqual([{ outcome: "converted" }])
    } finally {
      await database.close()
    }
  })
})

it("keeps the process alive where node-postgres loses a connection within a transaction", async () => {
  const database = await postgresDatabase()
  // Vitest fails the run on an error that nobody listens for.
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  pool.on("error", () => {})
  const db = drizzleNodePostgres(pool)
  for (let n = 0; n < 3; n++) LazyAdapter(db)
  try {
    const client = await pool.connect()
    expect(client.listenerCount("error")).toBe(1)
    const [row] = (await client.query("select pg_backend_pid() as pid")).rows
    const lost = new Promise((resolve) => client.once("end", resolve))
    await client.query("begin")
    await database.query(`select pg_terminate_backend(${row.pid})`)
    await lost
    await expect(client.query("commit")).rejects.toThrow()
    client.release(true)
    expect(await LazyAdapter(db).lazy.stats()).toMatchObject({ lazyUsers: 0 })
  } finally {
    await pool.end()
    await database.close()
  }
})
