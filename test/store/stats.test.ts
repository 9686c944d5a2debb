import { eq } from "drizzle-orm"
import { type AnyPgColumn, pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { LazyAdapter, type StatsReport, schema } from "../../src/drizzle.js"
import { LazySetupError } from "../../src/index.js"
import { internals } from "../../src/store/lazy-store.js"
import { readStats } from "../../src/store/stats/stats.js"
import { resolveTables } from "../../src/store/tables/resolve-tables.js"
import { createTables } from "../contract/create-tables.js"
import { HASH, newAccount, newAuthenticator, newUser, unique } from "../contract/fixtures.js"
import { drivers, emptyPostgres, postgresDatabase, type TestDatabase } from "../setup/databases.js"

const DAY = 24 * 60 * 60 * 1000

const daysAgo = (days: number) => new Date(Date.now() - days * DAY)
const dayOf = (moment: Date) => moment.toISOString().slice(0, 10)
/** A moment of a day some days ago. */
const at = (days: number, time = "12:00:00") => new Date(`${dayOf(daysAgo(days))}T${time}Z`)

/** The days on which anything happened, by how long ago they were, without what did not happen. */
function eventful({ days }: StatsReport): Record<number, Record<string, number>> {
  const today = at(0, "00:00:00").valueOf()
  return Object.fromEntries(
    days.flatMap(({ day, ...counts }) => {
      const happened = Object.entries(counts).filter(([, count]) => count !== 0)
      const ago = (today - new Date(day).valueOf()) / DAY
      return happened.length > 0 ? [[ago, Object.fromEntries(happened)]] : []
    }),
  )
}

/** The columns of the default user table, in a definition of the app's own. */
const ownColumns = () => ({
  id: text("id").primaryKey(),
  name: text("name"),
  email: text("email"),
  emailVerified: timestamp("emailVerified"),
  image: text("image"),
  username: text("username"),
  lazySince: timestamp("lazySince", { withTimezone: true }),
  convertedAt: timestamp("convertedAt", { withTimezone: true }),
  seenAt: timestamp("seenAt", { withTimezone: true }),
})

describe.each(drivers)("stats ($driver)", ({ open }) => {
  let database: TestDatabase
  let adapter: ReturnType<typeof LazyAdapter>
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    adapter = LazyAdapter(database.db)
    await database.query(`truncate "user", "lazyOutcome" cascade`)
  })

  async function lazyUser(since = new Date()): Promise<string> {
    const { user } = await adapter.lazy.createLazyUser({ generateName: () => unique("lazy") })
    await database.query(`update "user" set "lazySince" = '${since.toISOString()}' where id = '${user.id}'`)
    return user.id
  }

  const becomes = async (userId: string, provider: string, type: string) =>
    internals(adapter.lazy).convert({ userId, set: {}, by: { provider, type } })

  const outcome = (outcome: string, since: Date, ended: Date, { users = 1, way = "null" } = {}) =>
    database.query(
      `insert into "lazyOutcome" values
        ('${unique("outcome")}', '${ended.toISOString()}', '${outcome}', ${way}, '${since.toISOString()}', ${users})`,
    )

  it("tells of each of the last 30 days, and of today, where nothing has happened", async () => {
    const stats = await adapter.lazy.stats()
    const { days, ...rest } = stats
    expect(rest).toEqual({
      lazyUsers: 0,
      since: at(30, "00:00:00"),
      ways: {},
      conversionRate: null,
      timeToConvert: null,
      exact: true,
    })
    expect(days.map(({ day }) => day)).toEqual(Array.from({ length: 31 }, (_, n) => dayOf(daysAgo(30 - n))))
    expect(eventful(stats)).toEqual({})
  })

  it("counts every way in which a lazy user ends as it happens", async () => {
    const real = await adapter.createUser(newUser())
    const [password, github, email, passkey, proven, merged, deleted] = await Promise.all(
      Array.from({ length: 7 }, () => lazyUser(daysAgo(2))),
    )
    await internals(adapter.lazy).convert({
      userId: password as string,
      set: { username: unique("ada") },
      passwordHash: HASH,
      by: { provider: "convert", type: "credentials" },
    })
    await internals(adapter.lazy).convert({
      userId: github as string,
      set: {},
      link: { account: newAccount(github as string) },
      by: { provider: "github", type: "oauth" },
    })
    await becomes(email as string, "nodemailer", "email")
    const authenticator = newAuthenticator(passkey as string)
    await internals(adapter.lazy).convert({
      userId: passkey as string,
      set: {},
      link: { account: newAccount(passkey as string, authenticator.providerAccountId), authenticator },
      by: { provider: "passkey", type: "webauthn" },
    })
    await internals(adapter.lazy).proveEmail(proven as string)
    await adapter.lazy.merge(merged as string, real.id)
    await adapter.lazy.deleteLazyUser(deleted as string)
    await lazyUser()

    const stats = await adapter.lazy.stats()
    expect(eventful(stats)).toEqual({
      2: { created: 7 },
      0: { created: 1, converted: 5, merged: 1, deleted: 1 },
    })
    expect(stats).toMatchObject({ lazyUsers: 1, exact: true, conversionRate: 6 / 8 })
    expect(stats.ways).toEqual({ password: 1, github: 1, email: 2, passkey: 1 })
    expect(stats.timeToConvert?.median).toBeCloseTo((2 * DAY) / 1000, -2)
  })

  it("counts users who were purged, under the days on which they were made", async () => {
    for (const days of [40, 40, 39]) {
      const id = await lazyUser(daysAgo(days))
      await database.query(`update "user" set "seenAt" = '${daysAgo(days).toISOString()}' where id = '${id}'`)
    }
    expect(await adapter.lazy.purge()).toMatchObject({ purged: 3 })
    const stats = await adapter.lazy.stats({ since: daysAgo(45) })
    expect(eventful(stats)).toEqual({ 40: { created: 2 }, 39: { created: 1 }, 0: { purged: 3 } })
    expect(stats).toMatchObject({ lazyUsers: 0, conversionRate: 0, timeToConvert: null })
  })

  it("counts all users of a batch that was purged", async () => {
    await outcome("purged", at(35, "00:00:00"), at(3), { users: 500 })
    await outcome("purged", at(34, "00:00:00"), at(3), { users: 20 })
    expect(eventful(await adapter.lazy.stats({ since: daysAgo(40) }))).toEqual({
      35: { created: 500 },
      34: { created: 20 },
      3: { purged: 520 },
    })
  })

  it("counts days in UTC, to the second", async () => {
    for (const time of ["00:00:00.000", "23:59:59.999"]) await lazyUser(at(3, time))
    await outcome("converted", at(2, "00:00:00"), at(1, "23:59:59.999"))
    expect(eventful(await adapter.lazy.stats())).toEqual({ 3: { created: 2 }, 2: { created: 1 }, 1: { converted: 1 } })
  })

  it("begins with the day of `since`, whatever its time of day", async () => {
    await lazyUser(at(5, "00:00:00"))
    await lazyUser(at(6, "23:59:59"))
    const stats = await adapter.lazy.stats({ since: at(5, "18:30:00") })
    expect(stats.since).toEqual(at(5, "00:00:00"))
    expect(stats.days).toHaveLength(6)
    expect(eventful(stats)).toEqual({ 5: { created: 1 } })
    expect(stats.lazyUsers).toBe(2)
  })

  it("takes the rate over those who were made since then, and ways and times over those who became real since then", async () => {
    const hours = (hours: number) => new Date(at(3).valueOf() + hours * 3600 * 1000)
    await outcome("converted", at(20), at(3), { way: "'password'" })
    for (const took of [1, 2, 3, 4]) await outcome("converted", at(3), hours(took), { way: "'github'" })
    await outcome("merged", at(3), hours(9))
    await outcome("deleted", at(3), hours(9))
    await outcome("purged", at(3, "00:00:00"), at(0, "00:00:00"), { users: 10 })
    await outcome("converted", at(25), at(12), { way: "'github'" })
    await lazyUser(at(3))
    const stats = await adapter.lazy.stats({ since: at(10) })
    expect(stats.conversionRate).toBe(5 / 17)
    expect(stats.ways).toEqual({ password: 1, github: 4 })
    expect(stats.timeToConvert?.median).toBe(3 * 3600)
    // Between the 4 hours of the fourth and the 17 days of the fifth.
    expect(stats.timeToConvert?.p90).toBeCloseTo(0.4 * 4 * 3600 + 0.6 * 17 * 24 * 3600, 3)
  })

  it("does not count a lazy user who was taken back before anybody saw it", async () => {
    await adapter.lazy.deleteLazyUser(await lazyUser(), { counts: false })
    expect(eventful(await adapter.lazy.stats())).toEqual({})
  })

  it("does not count people who signed up without having been lazy", async () => {
    await adapter.createUser(newUser())
    await internals(adapter.lazy).createRealUser({ username: unique("ada"), passwordHash: HASH })
    expect(await adapter.lazy.stats()).toMatchObject({ lazyUsers: 0, conversionRate: null, ways: {} })
  })

  it("counts off the users who are still there without a table of outcomes, and says so", async () => {
    const { passwordsTable: _, lazyOutcomesTable: __, ...tables } = schema
    const usersTable = pgTable("user", ownColumns())
    adapter = LazyAdapter(database.db, { ...tables, usersTable })
    const real = await adapter.createUser(newUser())
    const [converted, merged] = [await lazyUser(at(2)), await lazyUser(at(2))]
    await lazyUser(at(4))
    await becomes(converted, "github", "oauth")
    await adapter.lazy.merge(merged, real.id)
    const stats = await adapter.lazy.stats()
    expect(stats).toMatchObject({ lazyUsers: 1, ways: {}, conversionRate: 1 / 2, exact: false })
    expect(eventful(stats)).toEqual({ 4: { created: 1 }, 2: { created: 1 }, 0: { converted: 1 } })
    expect(stats.timeToConvert?.median).toBeGreaterThan(DAY / 1000)
  })

  it("tells, with details, what became of each week's users, when, and who came back", async () => {
    const monday = new Date(at(28, "00:00:00").valueOf() - ((at(28).getUTCDay() + 6) % 7) * DAY)
    const hours = (hours: number) => new Date(monday.valueOf() + hours * 3600 * 1000)
    const seen = async (since: Date, seenAt: Date) =>
      database.query(`update "user" set "seenAt" = '${seenAt.toISOString()}' where id = '${await lazyUser(since)}'`)
    await seen(hours(1), hours(2))
    await seen(hours(1), hours(24))
    await seen(hours(1), hours(25))
    await seen(hours(1), hours(1 + 7 * 24))
    await seen(hours(1), hours(15 * 24))
    // A failed merge, or `adopt`, sets this.
    await seen(hours(1), daysAgo(-60))
    await outcome("converted", hours(2), hours(2.5), { way: "'email'" })
    await outcome("converted", hours(2), hours(8 * 24), { way: "'github'" })
    await outcome("merged", hours(2), hours(30))
    await outcome("merged", hours(2), hours(3))
    await outcome("purged", hours(0), hours(50), { users: 7 })
    await outcome("deleted", hours(2), hours(50))
    await outcome("converted", hours(-24 * 20), hours(5), { way: "'github'" })

    expect((await adapter.lazy.stats()).details).toBeUndefined()
    const { details } = await adapter.lazy.stats({ since: monday, details: true })
    const week = (weeks: number) => dayOf(new Date(monday.valueOf() + weeks * 7 * DAY))
    expect(details?.weeks.slice(0, 3)).toEqual([
      { week: week(0), merged: 2, ways: { email: 1, github: 1 } },
      { week: week(1), merged: 0, ways: { github: 1 } },
      { week: week(2), merged: 0, ways: {} },
    ])
    expect(details?.weeks).toHaveLength(details?.cohorts.length as number)
    const [first, second] = details?.cohorts ?? []
    expect(first).toMatchObject({
      week: week(0),
      created: 18,
      cameBack: 5,
      converted: 2,
      merged: 2,
      purged: 7,
      deleted: 1,
      lazy: 6,
    })
    // The four real ones, and those who were seen after one and two weeks.
    expect(first?.retained.slice(0, 3)).toEqual([6, 5, 4])
    expect(second).toMatchObject({ created: 0, cameBack: 0, retained: [0, 0, 0].slice(0, second?.retained.length) })
    const took = details?.convertedWithin.filter(({ users }) => users > 0)
    expect(took).toEqual([
      { seconds: 3600, users: 1 },
      { seconds: 14 * 86_400, users: 1 },
      { seconds: 30 * 86_400, users: 1 },
    ])
    expect(details?.convertedWithin.at(-1)).toEqual({ seconds: null, users: 0 })
  })

  it("tells, with details, who is held back from the purge, and by what", async () => {
    await database.query(`create table note (owner text primary key references "user"(id))`)
    await database.query(`create table pin (owner text primary key references "user"(id) on delete cascade)`)
    const aged = async (seenAt: Date | null) => {
      const id = await lazyUser(daysAgo(70))
      await database.query(
        `update "user" set "seenAt" = ${seenAt ? `'${seenAt.toISOString()}'` : "null"} where id = '${id}'`,
      )
      return id
    }
    const [, kept, alive, noted] = [
      await aged(daysAgo(50)),
      await aged(daysAgo(50)),
      await aged(daysAgo(50)),
      await aged(null),
    ]
    await aged(daysAgo(2))
    await aged(daysAgo(-20))
    await adapter.createSession({ sessionToken: unique("token"), userId: alive, expires: daysAgo(-1) })
    await database.query(`insert into note values ('${noted}')`)
    await database.query(`insert into pin values ('${kept}')`)
    const keep = (user: { id: AnyPgColumn }) => eq(user.id, kept)
    const { details } = await adapter.lazy.stats({ details: true, purge: { keep } })
    expect(details?.heldBack).toEqual({
      before: expect.toSatisfy((before: Date) => Math.abs(Number(before) - daysAgo(30).valueOf()) < 60_000),
      recent: 1,
      spared: 1,
      signedIn: 1,
      kept: 1,
      due: 2,
      more: false,
      lookedUp: 2,
      referredTo: 1,
      tables: { note: 1 },
    })
    // What a purge then does is the same.
    expect(await adapter.lazy.purge({ keep })).toMatchObject({ purged: 1, skipped: { note: 1 } })
    const refused = await adapter.lazy.stats({ details: true, purge: { olderThan: 60 } })
    expect(refused.details?.heldBack).toEqual({ unknown: expect.stringContaining("`olderThan` is 60 seconds") })
    await database.query("drop table note, pin")
  })

  it("samples a large table, says how far it may be off, and counts every user when asked", async () => {
    await database.query(`insert into "user" (id, name, "lazySince", "convertedAt", "seenAt")
      select 'many-' || n, repeat('x', 80), at, case when n % 10 = 0 then at + interval '1 hour' end, at
      from (select n, now() - (n % 20) * interval '1 day' as at from generate_series(1, 30000) n) as made`)
    await outcome("converted", at(3), at(2), { users: 500, way: "'email'" })
    const tables = resolveTables({})
    const sample = { above: 100, pages: 200 }
    const exact = await readStats(database.db, tables, { exact: true }, sample)
    expect(exact).toMatchObject({ lazyUsers: 27_000, exact: true, ways: { email: 500 } })
    expect(exact.sampled).toBeUndefined()
    expect(await readStats(database.db, tables, {}, { above: 1_000_000, pages: 1 })).toEqual(exact)

    const report = await readStats(database.db, tables, { details: true }, sample)
    const { sampled } = report
    if (!sampled) throw new Error("Every page was read.")
    expect(report).toMatchObject({ exact: false, ways: { email: 500 }, timeToConvert: exact.timeToConvert })
    expect(sampled.share).toBeGreaterThan(0.1)
    expect(sampled.share).toBeLessThan(0.6)
    // Three times the margin is six standard deviations.
    const off = (found: number, truth: number, margin: number) => {
      expect(Math.abs(found - truth)).toBeLessThanOrEqual(3 * margin)
      expect(margin).toBeGreaterThan(0)
      expect(margin).toBeLessThan(truth / 2)
    }
    off(report.lazyUsers, 27_000, sampled.lazyUsers)
    const created = (stats: StatsReport) => stats.days.reduce((sum, { created }) => sum + created, 0)
    off(created(report), created(exact), sampled.created)
    expect(report.details?.cohorts.reduce((sum, { created }) => sum + created, 0)).toBeCloseTo(created(report), -1.5)
    for (const [n, { created }] of exact.days.entries())
      if (created > 0) off(report.days[n]?.created ?? 0, created, sampled.days[n] ?? 0)
    const [low = 1, high = 0] = sampled.conversionRate ?? []
    expect(low).toBeLessThan(report.conversionRate as number)
    expect(high).toBeGreaterThan(report.conversionRate as number)

    const { usersTable, accountsTable, sessionsTable, verificationTokensTable, authenticatorsTable } = tables
    const bare = { usersTable, accountsTable, sessionsTable, verificationTokensTable, authenticatorsTable }
    const withoutOutcomes = await readStats(database.db, bare as typeof tables, {}, sample)
    const converted = withoutOutcomes.days.reduce((sum, { converted }) => sum + converted, 0)
    off(converted, 3000, withoutOutcomes.sampled?.converted as number)
    expect(withoutOutcomes.timeToConvert).toEqual({ median: 3600, p90: 3600 })
  })

  it("counts every row of a table that can't be sampled", async () => {
    await lazyUser(at(2))
    await database.query(`create view everyone as select * from "user"`)
    const usersTable = pgTable("everyone", ownColumns())
    const tables = { ...resolveTables({}), usersTable } as unknown as ReturnType<typeof resolveTables>
    const report = await readStats(database.db, tables, {}, { above: -1, pages: 1 })
    await database.query("drop view everyone")
    expect(report).toMatchObject({ lazyUsers: 1, exact: true })
  })

  it.each([
    ["a date that is none", new Date("yesterday")],
    ["tomorrow", daysAgo(-1)],
    ["a day more than ten years ago", daysAgo(3654)],
  ])("refuses %s", async (_, since) => {
    const stats = adapter.lazy.stats({ since })
    await expect(stats).rejects.toThrow(LazySetupError)
    await expect(stats).rejects.toThrow("stats: `since` must be a date from the last 10 years, not after today.")
  })

  it("goes back ten years", async () => {
    const { days } = await adapter.lazy.stats({ since: daysAgo(3651) })
    expect(days).toHaveLength(3652)
  })
})

describe("stats", () => {
  it("counts the same in a session of any time zone, with columns of either kind", async () => {
    const database = await emptyPostgres()
    const moment = (name: string) => timestamp(name, { mode: "date" })
    const { accountsTable, sessionsTable } = schema
    const usersTable = pgTable("user", {
      id: text("id").primaryKey(),
      name: text("name"),
      email: text("email"),
      emailVerified: moment("emailVerified"),
      image: text("image"),
      username: text("username"),
      lazySince: moment("lazySince"),
      convertedAt: moment("convertedAt"),
      seenAt: moment("seenAt"),
    })
    const tables = { usersTable, accountsTable, sessionsTable, lazyOutcomesTable: schema.lazyOutcomesTable }
    await createTables(database.db, { usersTable, lazyOutcomesTable: schema.lazyOutcomesTable })
    const [lazySince, since, ended] = [at(3, "23:30:00"), at(3, "00:30:00"), at(1, "23:30:00")]
    await database.db.insert(usersTable).values({ id: "a", lazySince })
    await database.db
      .insert(schema.lazyOutcomesTable)
      .values({ id: "a", outcome: "converted", way: "email", since, at: ended, users: 1 })
    for (const TimeZone of ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
      const sql = postgres(database.url, { max: 1, connection: { TimeZone } })
      const stats = await LazyAdapter(drizzle(sql), tables).lazy.stats()
      await sql.end()
      expect({ TimeZone, ...eventful(stats) }).toEqual({ TimeZone, 3: { created: 2 }, 1: { converted: 1 } })
      expect(stats.timeToConvert?.median).toBe(71 * 3600)
    }
    await database.close()
  })

  it("is one statement, and ten years of outcomes are an answer of bounded size", async () => {
    const database = await postgresDatabase()
    await database.query(
      `insert into "lazyOutcome"
        select n::text, now() - n * interval '6 hours', 'converted', 'password', now() - (n + 1) * interval '6 hours', 1
        from generate_series(0, 14500) n`,
    )
    const statements: string[] = []
    const logQuery = (statement: string) => statements.push(statement)
    const { lazy } = LazyAdapter(drizzle(database.sql, { logger: { logQuery } }))
    const stats = await lazy.stats({ since: daysAgo(3650) })
    expect(statements).toHaveLength(1)
    expect(stats.days).toHaveLength(3651)
    expect(stats.ways).toEqual({ password: stats.days.reduce((sum, { converted }) => sum + converted, 0) })
    await database.close()
  })
})
