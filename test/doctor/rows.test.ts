import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { drivers, type PostgresDatabase, postgresDatabase, type TestDatabase } from "../setup/databases.js"
import { Patient } from "./patient.js"

const DAY = 24 * 60 * 60

describe.each(drivers)("lazy users to purge on $driver", ({ open }) => {
  let database: TestDatabase
  let patient: Patient

  beforeAll(async () => {
    database = await open()
    patient = new Patient(database)
  })
  afterEach(() => database.query(`delete from "user"`))
  afterAll(() => database.close())

  const user = (id: string, { seen, lazy = true }: { seen: string; lazy?: boolean }) =>
    database.query(`insert into "user" (id, username, "lazySince", "seenAt", "convertedAt")
      values ('${id}', '${id}', now() - interval '${seen}', now() - interval '${seen}', ${lazy ? "null" : "now()"})`)
  const session = (userId: string, expires: string) =>
    database.query(
      `insert into session values ('of ${userId}', '${userId}', now() at time zone 'UTC' + interval '${expires}')`,
    )
  const purge = (options = {}) => LazyAdapter(database.db).lazy.purge(options)

  it("are as many as a purge finds", async () => {
    await user("new", { seen: "29 days" })
    await user("dead", { seen: "31 days" })
    await user("alive", { seen: "31 days" })
    await session("alive", "1 day")
    await user("over", { seen: "40 days" })
    await session("over", "-1 day")
    await user("converted", { seen: "40 days", lazy: false })
    await database.query(
      `insert into "user" (id, "lazySince") values ('never seen', now() - interval '50 days'), ('just made', now())`,
    )
    const { findings, purgeable } = await patient.examine()
    expect(purgeable).toBe(3)
    expect((await purge({ dryRun: true })).purged).toBe(3)
    const [finding] = findings.filter(({ code }) => code === "purgeable")
    expect(finding).toMatchObject({ severity: "info", fix: "npx authjs-lazy purge" })
    expect(finding?.message).toContain("3 lazy users")
    expect(await patient.summary()).toEqual(["info purgeable"])

    await purge()
    expect(await patient.summary()).toEqual([])
    expect((await patient.examine()).purgeable).toBe(0)
  })

  it("are counted by the age that a session can reach", async () => {
    await user("dead", { seen: "5 days" })
    expect((await patient.examine({ sessionMaxAge: 6 * DAY })).purgeable).toBe(0)
    const { findings, purgeable } = await patient.examine({ sessionMaxAge: 4 * DAY })
    expect(purgeable).toBe(1)
    expect(findings.map(({ fix }) => fix)).toContain("npx authjs-lazy purge --config auth.ts")
  })

  it("tell that nobody purges once they are twice as old as they need to be", async () => {
    await user("dead", { seen: "61 days" })
    expect(await patient.summary()).toEqual(["warning purge_overdue", "info purgeable"])
    const { message, fix } = await patient.finding("purge_overdue")
    expect(message).toContain("31 days ago")
    expect(fix).toBe("0 4 * * * npx authjs-lazy purge")
  })
})

describe("sessions that are over", () => {
  let database: PostgresDatabase
  let patient: Patient

  beforeAll(async () => {
    database = await postgresDatabase()
    patient = new Patient(database)
    await database.query(`insert into "user" (id) values ('ada')`)
  })
  beforeEach(() => database.query("truncate session"))
  afterAll(() => database.close())

  const sessions = async (count: number, expires: string) => {
    await database.query(`insert into session select gen_random_uuid(), 'ada', now() at time zone 'UTC' + interval '${expires}'
      from generate_series(1, ${count})`)
    await database.query("analyze session")
  }

  it("are found once there are very many, and can be deleted", async () => {
    await sessions(99_000, "-1 second")
    expect(await patient.summary()).toEqual([])
    await sessions(2_000, "-1 second")
    await sessions(10, "1 hour")
    const finding = await patient.finding("expired_sessions")
    expect(finding).toMatchObject({ severity: "warning", where: "session" })
    await patient.paste(finding.fix)
    expect(await database.query("select count(*)::int as left from session")).toEqual([{ left: 10 }])
    await database.query("analyze session")
    expect(await patient.summary()).toEqual([])
  })

  it("are no reason to worry among as many that are alive", async () => {
    await sessions(101_000, "1 hour")
    expect(await patient.summary()).toEqual([])
  })
})
