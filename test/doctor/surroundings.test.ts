import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest"
import { doctor } from "../../src/doctor.js"
import { type PostgresDatabase, pgliteDatabase, postgresDatabase } from "../setup/databases.js"
import { Patient } from "./patient.js"

let database: PostgresDatabase

beforeAll(async () => {
  database = await postgresDatabase()
})
afterAll(() => database.close())

describe("the clock of this machine", () => {
  afterEach(() => vi.useRealTimers())

  it.each([
    { off: 60_000, words: "60 seconds ahead of that of the database server" },
    { off: -60_000, words: "60 seconds behind that of the database server" },
  ])("is compared with the server's: $off ms", async ({ off, words }) => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + off })
    const finding = await new Patient(database).finding("clock_skew")
    expect(finding).toMatchObject({ severity: "warning" })
    expect(finding.message).toContain(words)
  })

  it("may be off by a little", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 4_000 })
    expect(await new Patient(database).summary()).toEqual([])
  })
})

describe("postgres.js", () => {
  // The types of the driver don't know all of its options.
  const codes = async (options: object) => {
    const client = postgres(database.url, options)
    const { findings } = await doctor({ db: drizzle(client) })
    await client.end()
    return findings.map(({ severity, code, fix }) => [severity, code, fix].join(" "))
  }

  it("pipelines by default, which is slow for many at once", async () => {
    expect(await codes({})).toEqual(["warning driver_pipelining PGMAX_PIPELINE=1"])
    expect(await codes({ max_pipeline: 1 })).toEqual([])
    vi.stubEnv("PGMAX_PIPELINE", "1")
    expect(await codes({})).toEqual([])
    vi.unstubAllEnvs()
  })

  it("is left alone with one connection, and other drivers are", async () => {
    expect(await codes({ max: 1 })).toEqual([])
    const other = await pgliteDatabase()
    expect((await doctor({ db: other.db })).findings).toEqual([])
    await other.close()
  })

  it("needs no prepared statements, no session state and no second connection", async () => {
    expect(await codes({ max: 1, prepare: false, fetch_types: false })).toEqual([])
    const [state] = await database.query("show default_transaction_read_only")
    expect(state).toEqual({ default_transaction_read_only: "off" })
  })
})

it("examines nothing that it is not given", async () => {
  expect(await doctor({})).toEqual({ findings: [], purgeable: null })
})

it("asks as many questions, however many tables there are", async () => {
  let asked = 0
  const client = postgres(database.url, { max: 1, debug: () => asked++ })
  const count = async () => {
    asked = 0
    await doctor({ db: drizzle(client) })
    return asked
  }
  await count()
  const before = await count()
  for (let n = 0; n < 20; n++)
    await database.query(`create table t${n} ("userId" text references "user" on delete cascade, id int unique)`)
  expect(await count()).toBe(before)
  expect(before).toBeLessThan(50)
  await client.end()
})
