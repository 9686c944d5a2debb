import { eq, sql } from "drizzle-orm"
import { boolean, pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { lazyColumns, type PurgeOptions, type PurgeProgress } from "../../src/drizzle.js"
import type { StoreInternals } from "../../src/store/lazy-store.js"
import { rememberSessionMaxAge } from "../../src/store/users/session-life.js"
import { drivers, type TestDatabase } from "../setup/databases.js"
import { DAY, PurgeWorld } from "./purge-world.js"

const NOTHING = { purged: 0, deleted: {}, skipped: {}, failed: [], failures: 0, interrupted: false, dryRun: false }

const usersWithFlag = pgTable("user", {
  id: text("id").primaryKey(),
  name: text("name"),
  email: text("email"),
  emailVerified: timestamp("emailVerified", { mode: "date" }),
  image: text("image"),
  ...lazyColumns(),
  vip: boolean("vip"),
})

describe.each(drivers)("purging ($driver)", ({ open }) => {
  let database: TestDatabase
  let world: PurgeWorld
  let store: StoreInternals

  beforeAll(async () => {
    database = await open()
    world = new PurgeWorld(database)
  })
  // A store of its own for each test: it remembers how long sessions can live.
  beforeEach(() => {
    store = world.store()
  })
  afterEach(() => world.reset())
  afterAll(() => database.close())

  const notes = `create table note (id serial, owner text references "user" on delete cascade);
    insert into note (owner) select id from "user"`

  /** Fails where a user's row is deleted, by the name of the user. */
  const refuse = (condition: string, code = "P0001") => `
    create or replace function refuse() returns trigger language plpgsql as '
      begin if ${condition.replaceAll("'", "''")} then raise exception ''% stays'', old.id using errcode = ''${code}''; end if; return old; end';
    create trigger refuse before delete on "user" for each row execute function refuse()`

  describe("who goes", () => {
    it("keeps an old but active lazy user", async () => {
      await world.deadUser("active", { since: "now() - interval '1 year'", seen: "now() - interval '29 days'" })
      await world.deadUser("gone", { since: "now() - interval '1 year'", seen: "now() - interval '31 days'" })
      expect(await store.purge()).toMatchObject({ ...NOTHING, purged: 1 })
      expect(await world.users()).toEqual(["active"])
    })

    it("keeps a real user without a password, and one who was lazy", async () => {
      await world.realUser("signed-up")
      await world.run(`update "user" set "seenAt" = now() - interval '1 year'`)
      await world.deadUser("converted")
      await world.run(`update "user" set "convertedAt" = now() - interval '1 year' where id = 'converted'`)
      expect(await store.purge()).toMatchObject(NOTHING)
      expect(await world.users()).toEqual(["converted", "signed-up"])
    })

    it("takes a lazy user who was never seen, by the time of its making, and no fresh one", async () => {
      await world.deadUser("never", { seen: "null" })
      await world.deadUser("fresh", { since: "now() - interval '1 minute'", seen: "null" })
      expect(await store.purge()).toMatchObject({ ...NOTHING, purged: 1 })
      expect(await world.users()).toEqual(["fresh"])
    })

    it("keeps a user with a live session, and takes one with a session that has expired", async () => {
      await world.deadUser("signed-in")
      await world.session("signed-in", "now() + interval '1 minute'")
      await world.deadUser("signed-out")
      await world.session("signed-out", "now() - interval '1 minute'")
      expect(await store.purge()).toMatchObject({ ...NOTHING, purged: 1, deleted: { session: 1 } })
      expect(await world.users()).toEqual(["signed-in"])
    })

    it("takes every way to sign in with the user, and counts its rows", async () => {
      await world.deadUser("dead")
      await world.session("dead", "now() - interval '1 minute'")
      await world.run(`insert into account ("userId", type, provider, "providerAccountId") values ('dead', 'oauth', 'p', '1');
        insert into password ("userId", hash) values ('dead', 'hash')`)
      expect(await store.purge()).toMatchObject({ purged: 1, deleted: { session: 1, account: 1, password: 1 } })
      expect(await world.everything()).toMatchObject({
        "public.session": [],
        "public.account": [],
        "public.password": [],
      })
    })

    it("keeps a lazy user who owns data others use, where `keep` says so", async () => {
      await world.run(`create table poll (id int, owner text references "user" on delete cascade);
        create table vote (poll int, voter text references "user" on delete cascade)`)
      for (const id of ["owner", "other"]) await world.deadUser(id)
      await world.realUser("voter")
      await world.run(`insert into poll values (1, 'owner'), (2, 'other'); insert into vote values (1, 'voter')`)
      const report = await store.purge({
        keep: (user) => sql`exists (select from poll join vote on poll = poll.id where owner = ${user.id})`,
      })
      expect(report).toMatchObject({ purged: 1, deleted: { poll: 1 } })
      expect(await world.users()).toEqual(["owner", "voter"])
    })

    it("keeps users by columns of the app's own, and does not take a condition that is null for true", async () => {
      await world.run(`alter table "user" add column vip boolean`)
      for (const id of ["yes", "no", "unknown"]) await world.deadUser(id)
      await world.run(`update "user" set vip = true where id = 'yes'; update "user" set vip = false where id = 'no'`)
      const own = world.store({ usersTable: usersWithFlag })
      expect(await own.purge({ keep: (user) => sql`${user.vip}` })).toMatchObject({ purged: 2 })
      expect(await own.purge({ keep: () => eq(usersWithFlag.vip, true) })).toMatchObject({ purged: 0 })
      expect(await world.users()).toEqual(["yes"])
    })

    it("works without a table for sessions", async () => {
      await world.deadUser("dead")
      await world.run("alter table session rename to elsewhere")
      try {
        expect(await store.purge()).toMatchObject({ ...NOTHING, purged: 1 })
      } finally {
        await world.run("alter table elsewhere rename to session")
      }
    })
  })

  describe("how old is old enough", () => {
    const ages = async () => {
      for (const days of [3, 8, 31]) await world.deadUser(`${days}`, { seen: `now() - interval '${days} days'` })
    }

    it("is 30 days where nobody says how long a session can live", async () => {
      await ages()
      const { before } = await store.purge()
      expect(Math.abs(before.valueOf() - (Date.now() - 30 * DAY * 1000))).toBeLessThan(10_000)
      expect(await world.users()).toEqual(["3", "8"])
    })

    it("is as long as a session of any app that uses the store can live", async () => {
      await ages()
      rememberSessionMaxAge(store, 7 * DAY)
      rememberSessionMaxAge(store, DAY)
      rememberSessionMaxAge(world.store(), 99 * DAY)
      await store.purge()
      expect(await world.users()).toEqual(["3"])
    })

    it("is what `sessionMaxAge` says, rather than that", async () => {
      await ages()
      rememberSessionMaxAge(store, 7 * DAY)
      await store.purge({ sessionMaxAge: 2 * DAY })
      expect(await world.users()).toEqual([])
    })

    it("is never shorter than a session can live, unless forced", async () => {
      await ages()
      const error = {
        code: "setup",
        message: expect.stringContaining(`olderThan: ${30 * DAY} or more, or force: true`),
      }
      await expect(store.purge({ olderThan: 7 * DAY })).rejects.toMatchObject(error)
      await expect(store.purge({ olderThan: 30 * DAY - 1, force: false })).rejects.toMatchObject(error)
      expect(await world.users()).toEqual(["3", "31", "8"])
      await store.purge({ olderThan: 7 * DAY, force: true })
      expect(await world.users()).toEqual(["3"])
    })

    it("leaves users with a live session alone also when forced", async () => {
      await ages()
      await world.session("31", "now() + interval '1 minute'")
      await store.purge({ olderThan: 0, force: true })
      expect(await world.users()).toEqual(["31"])
    })
  })

  const wrong: [string, Record<string, unknown>][] = [
    ["olderThan", { olderThan: Number.NaN }],
    ["olderThan", { olderThan: -1, force: true }],
    ["olderThan", { olderThan: Number.POSITIVE_INFINITY }],
    ["olderThan", { olderThan: "99999999" }],
    ["sessionMaxAge", { sessionMaxAge: -1 }],
    ["sessionMaxAge", { sessionMaxAge: Number.NaN }],
    ["batchSize", { batchSize: 0 }],
    ["batchSize", { batchSize: 10_001 }],
    ["batchSize", { batchSize: 1.5 }],
    ["limit", { limit: -1 }],
    ["limit", { limit: Number.NaN }],
    ["dryRun", { dryRun: "false" }],
    ["cascade", { cascade: 1 }],
    ["force", { force: "yes", olderThan: 1 }],
    ["keep", { keep: sql`true` }],
    ["keep", { keep: async () => sql`true` }],
    ["keep", { keep: () => false }],
    ["onPurge", { onPurge: "archive" }],
    ["onProgress", { onProgress: true }],
    ["signal", { signal: new AbortController() }],
    ["dryrun", { dryrun: true }],
  ]
  it.each(wrong)("refuses a wrong %s: %o", async (option, options) => {
    await world.deadUser("dead")
    await expect(store.purge(options as PurgeOptions)).rejects.toMatchObject({
      code: "setup",
      message: expect.stringMatching(new RegExp(`^purge: .*\\b${option}\\b`)),
    })
    expect(await world.users()).toEqual(["dead"])
  })

  describe("batches", () => {
    it.each([1, 2, 3, 7, 10, 11, 12, 10_000])("takes everybody, %i at a time", async (batchSize) => {
      await world.deadUsers(10)
      await world.deadUser("never", { seen: "null" })
      await world.aliveUser("alive")
      await world.run(notes)
      const steps: PurgeProgress[] = []
      const report = await store.purge({ batchSize, onProgress: (progress) => steps.push(progress) })
      expect(report).toMatchObject({ ...NOTHING, purged: 11, deleted: { note: 11 } })
      expect(await world.users()).toEqual(["alive"])
      expect(steps).toHaveLength(Math.ceil(10 / batchSize) + 1)
      expect(steps.at(-1)).toEqual({ purged: 11, left: 0, total: 11 })
      expect(steps[0]).toEqual({ purged: Math.min(batchSize, 10), left: 0, total: 11 })
    })

    it("goes on after users who were seen at the same moment, known by less than a millisecond", async () => {
      await world.run(`insert into "user" (id, "lazySince", "seenAt")
        select 'u' || n, now(), '2020-01-01 00:00:00.123456Z'::timestamptz + n / 5 * interval '1 microsecond'
        from generate_series(1, 23) n`)
      await world.run(`create table hold (owner text references "user"); insert into hold select id from "user"`)
      const seen: string[] = []
      const report = await store.purge({ batchSize: 4, onPurge: ({ userIds }) => void seen.push(...userIds) })
      expect(report).toMatchObject({ purged: 0, skipped: { hold: 23 } })
      expect(seen).toHaveLength(23)
      expect(new Set(seen).size).toBe(23)
    })

    it.each([0, 1, 4, 5, 6, 8, 9])("takes %i users where that is the limit", async (limit) => {
      await world.deadUsers(6)
      for (const id of ["n1", "n2"]) await world.deadUser(id, { seen: "null" })
      const steps: PurgeProgress[] = []
      const report = await store.purge({ limit, batchSize: 4, onProgress: (progress) => steps.push(progress) })
      expect(report.purged).toBe(Math.min(limit, 8))
      expect(await world.users()).toHaveLength(8 - report.purged)
      for (const { total } of steps) expect(total).toBe(report.purged)
    })

    it("does not count users towards the limit who stay", async () => {
      await world.deadUsers(6)
      await world.run(`create table hold (owner text references "user"); insert into hold values ('d1'), ('d3')`)
      expect(await store.purge({ limit: 3, batchSize: 2 })).toMatchObject({ purged: 3, skipped: { hold: 2 } })
      expect(await world.users()).toEqual(["d1", "d3", "d6"])
    })

    it.each([{}, { onPurge: () => {} }])(
      "does not look further than the limit, whoever is held back behind it (%o)",
      async (options) => {
        await world.deadUsers(6)
        await world.run(
          `create table hold (owner text references "user"); insert into hold values ('d1'), ('d4'), ('d6')`,
        )
        expect(await store.purge({ limit: 2, ...options })).toMatchObject({ purged: 2, skipped: { hold: 1 } })
        expect(await world.users()).toEqual(["d1", "d4", "d5", "d6"])
      },
    )

    it.each([{}, { onPurge: () => {} }, { dryRun: true }])(
      "skips users who are held back by those for whom the limit leaves no room (%o)",
      async (options) => {
        await world.deadUsers(4)
        await world.run(`create table post (id text primary key, owner text references "user" on delete cascade);
          create table note (post text references post, owner text references "user" on delete cascade);
          insert into post values ('p1', 'd1'), ('p2', 'd2'); insert into note values ('p1', 'd4'), ('p2', 'd1')`)
        const report = await store.purge({ limit: 2, ...options })
        expect(report).toMatchObject({ purged: 2, skipped: { note: 2 }, failures: 0 })
        if (!options.dryRun) expect(await world.users()).toEqual(["d1", "d2"])
      },
    )

    it("goes on after those whom it took and a trigger kept, up to the limit", async () => {
      await world.deadUsers(6)
      await world.run(`create or replace function refuse() returns trigger language plpgsql as '
        begin if old.id in (''d1'', ''d3'') then return null; end if; return old; end';
        create trigger refuse before delete on "user" for each row execute function refuse()`)
      expect(await store.purge({ limit: 3 })).toMatchObject({ ...NOTHING, purged: 3 })
      expect(await world.users()).toEqual(["d1", "d3", "d6"])
    })

    it.each([
      { limit: 1, failures: 1, gone: ["d2"] },
      { limit: 2, failures: 1, gone: ["d2", "d3"] },
      { limit: 5, failures: 3, gone: ["d2", "d3", "d6", "d7", "d8"] },
    ])("takes no more than the limit, and in the same order, where a batch is narrowed down: %o", async (expected) => {
      const everybody = await world.deadUsers(9)
      await world.run(refuse("old.id in ('d1', 'd4', 'd5')"))
      const report = await store.purge({ limit: expected.limit })
      expect(report).toMatchObject({ purged: expected.limit, failures: expected.failures })
      expect(await world.users()).toEqual(everybody.filter((id) => !expected.gone.includes(id)))
    })

    it("begins with those who were seen longest ago", async () => {
      await world.deadUsers(6)
      await store.purge({ limit: 2 })
      expect(await world.users()).toEqual(["d3", "d4", "d5", "d6"])
    })
  })

  describe("interrupted", () => {
    it("does nothing where the signal came before it began", async () => {
      await world.deadUsers(3)
      const report = await store.purge({ signal: AbortSignal.abort() })
      expect(report).toMatchObject({ ...NOTHING, interrupted: true })
      expect(await world.users()).toHaveLength(3)
    })

    it("ends after the batch it is at, and a second run does the rest", async () => {
      await world.deadUsers(7)
      const controller = new AbortController()
      const report = await store.purge({
        batchSize: 2,
        signal: controller.signal,
        onPurge({ userIds }) {
          if (userIds.includes("d3")) controller.abort()
        },
      })
      expect(report).toMatchObject({ ...NOTHING, purged: 4, interrupted: true })
      expect(await world.users()).toEqual(["d5", "d6", "d7"])
      expect(await store.purge()).toMatchObject({ ...NOTHING, purged: 3 })
    })

    it.each(["of users who were seen", "of users who never were"])(
      "ends also while it narrows down a batch %s",
      async (who) => {
        await world.deadUsers(8)
        if (who.includes("never")) await world.run(`update "user" set "seenAt" = null`)
        const controller = new AbortController()
        let calls = 0
        const report = await store.purge({
          signal: controller.signal,
          onPurge() {
            if (++calls === 3) controller.abort()
            throw new Error("no")
          },
        })
        expect(calls).toBe(3)
        expect(report).toMatchObject({ purged: 0, interrupted: true })
      },
    )
  })

  describe("a dry run", () => {
    const scene = async () => {
      await world.deadUsers(7)
      await world.deadUser("never", { seen: "null" })
      await world.aliveUser("alive")
      await world.realUser("real")
      await world.run(`${notes};
        create table page (id int primary key, owner text references "user" on delete cascade, parent int references page on delete cascade);
        insert into page values (1, 'd1', null), (2, null, 1), (3, 'd2', 2), (4, 'real', 3), (5, 'real', null);
        create table hold (owner text references "user");
        insert into hold values ('d4'), ('real'), ('alive')`)
      await world.session("d5", "now() - interval '1 day'")
    }

    it.each([{ cascade: false }, { cascade: true }])(
      "says what a run would do and changes nothing: %o",
      async (options) => {
        await scene()
        const before = await world.everything()
        let hooks = 0
        const dry = await store.purge({ ...options, dryRun: true, onPurge: () => void hooks++ })
        expect(hooks).toBe(0)
        expect(await world.everything()).toEqual(before)
        const run = await store.purge(options)
        expect(dry).toEqual({ ...run, dryRun: true, before: expect.any(Date) })
        expect(run).toMatchObject({
          purged: options.cascade ? 8 : 7,
          deleted: { note: run.purged, page: 4, session: 1, ...(options.cascade && { hold: 1 }) },
          skipped: options.cascade ? {} : { hold: 1 },
        })
      },
    )

    it("keeps to the limit and tells of its progress", async () => {
      await scene()
      const steps: PurgeProgress[] = []
      const report = await store.purge({ dryRun: true, limit: 5, batchSize: 2, onProgress: (step) => steps.push(step) })
      expect(report).toMatchObject({ purged: 5, skipped: { hold: 1 } })
      expect(steps.at(-1)).toEqual({ purged: 5, left: 1, total: 5 })
    })
  })

  describe("onPurge", () => {
    it("archives in the transaction of each batch, before its users go", async () => {
      await world.deadUsers(5)
      await world.run(`${notes}; create table archive (id int, owner text)`)
      await store.purge({
        batchSize: 2,
        onPurge: async ({ tx, userIds }) => {
          await tx.execute(sql`insert into archive select id, owner from note where owner in ${userIds}`)
        },
      })
      expect(await world.count("archive")).toBe(5)
      expect(await world.count("note")).toBe(0)
    })

    it("keeps users by throwing: only those for whom it throws, and what it wrote for them is undone", async () => {
      await world.deadUsers(9)
      await world.run("create table archive (owner text)")
      const report = await store.purge({
        onPurge: async ({ tx, userIds }) => {
          for (const id of userIds) await tx.execute(sql`insert into archive values (${id})`)
          if (userIds.includes("d4")) throw new Error("d4 stays, says postgres://me:secret@host/db")
        },
      })
      expect(report).toMatchObject({
        purged: 8,
        failures: 1,
        failed: [{ userId: "d4", message: "d4 stays, says postgres://***@host/db" }],
      })
      expect(await world.users()).toEqual(["d4"])
      expect(await world.count("archive")).toBe(8)
    })

    it("keeps users for whom a statement of it fails, and takes the others", async () => {
      await world.deadUsers(5)
      const report = await store.purge({
        onPurge: async ({ tx, userIds }) => {
          if (userIds.includes("d2")) await tx.execute(sql`select 1 / 0`)
        },
      })
      expect(report).toMatchObject({ purged: 4, failed: [{ userId: "d2", message: "division by zero" }] })
    })

    it("keeps users whom it makes real or sees, and gives them a session", async () => {
      await world.deadUsers(5)
      await store.purge({
        onPurge: async ({ tx }) => {
          await tx.execute(sql`update "user" set "convertedAt" = now() where id = 'd1'`)
          await tx.execute(sql`update "user" set "seenAt" = now() where id = 'd2'`)
          await tx.execute(sql`insert into session values ('token', 'd3', now() + interval '1 day')`)
        },
      })
      expect(await world.users()).toEqual(["d1", "d2", "d3"])
    })

    it("may clear away what holds users back", async () => {
      await world.deadUsers(4)
      await world.realUser("heir")
      await world.run(`create table hold (owner text references "user"); insert into hold values ('d1'), ('d2')`)
      const report = await store.purge({
        onPurge: async ({ tx }) => void (await tx.execute(sql`update hold set owner = 'heir' where owner = 'd2'`)),
      })
      expect(report).toMatchObject({ purged: 3, skipped: { hold: 1 } })
      expect(await world.run("select owner from hold order by 1")).toEqual([{ owner: "d1" }, { owner: "heir" }])
    })

    it("leaves nothing behind for users who are held back all the same", async () => {
      await world.deadUsers(4)
      await world.run(`create table hold (owner text references "user"); insert into hold values ('d1'), ('d3');
        create table archive (owner text)`)
      const calls: string[][] = []
      await store.purge({
        onPurge: async ({ tx, userIds }) => {
          calls.push(userIds)
          for (const id of userIds) await tx.execute(sql`insert into archive values (${id})`)
        },
      })
      expect(calls).toEqual([
        ["d1", "d2", "d3", "d4"],
        ["d2", "d4"],
      ])
      expect(await world.run("select owner from archive order by 1")).toEqual([{ owner: "d2" }, { owner: "d4" }])
    })

    it("holds back the users to whom it adds a row that does", async () => {
      await world.deadUsers(3)
      await world.run(`create table hold (owner text references "user")`)
      const report = await store.purge({
        onPurge: async ({ tx, userIds }) => {
          if (userIds.includes("d2")) await tx.execute(sql`insert into hold values ('d2')`)
        },
      })
      expect(report).toMatchObject({ purged: 2, skipped: { hold: 1 } })
      expect(await world.count("hold")).toBe(0)
    })
  })

  describe("a batch that fails", () => {
    it("is narrowed down to the users who do", async () => {
      await world.deadUsers(40)
      await world.run(`${notes}; ${refuse("old.id in ('d3', 'd4', 'd31')")}`)
      const report = await store.purge({ batchSize: 16 })
      expect(report).toMatchObject({ purged: 37, deleted: { note: 37 }, failures: 3, skipped: {} })
      expect(report.failed).toEqual(["d3", "d4", "d31"].map((userId) => ({ userId, message: `${userId} stays` })))
      expect(await world.users()).toEqual(["d3", "d31", "d4"])
      expect(await world.count("note")).toBe(3)
    })

    it("names a hundred users and counts all", async () => {
      await world.deadUsers(102)
      await world.run(refuse("true"))
      const report = await store.purge()
      expect(report).toMatchObject({ purged: 0, failures: 102 })
      expect(report.failed).toHaveLength(100)
    })

    it.each(["40001", "40P01", "55P03"])("gives a user one more try after a failure that passes (%s)", async (code) => {
      await world.deadUsers(3)
      // A sequence keeps count also of what is rolled back.
      await world.run(`create sequence tries; ${refuse("old.id = 'd2' and nextval('tries') < 4", code)}`)
      const report = await store.purge()
      expect(report).toMatchObject({ purged: 3, failures: 0 })
    })

    it("gives no second try after one that does not", async () => {
      await world.deadUsers(1)
      await world.run(`create sequence tries; ${refuse("nextval('tries') < 2")}`)
      expect(await store.purge()).toMatchObject({ purged: 0, failures: 1 })
    })

    it("is the end where the server has no room left", async () => {
      await world.deadUsers(9)
      await world.run(refuse("old.id = 'd5'", "53100"))
      await expect(store.purge({ batchSize: 2 })).rejects.toMatchObject({ cause: { code: "53100" } })
      expect(await world.users()).toEqual(["d5", "d6", "d7", "d8", "d9"])
    })

    it("is the end where the role may not delete, without trying each user", async () => {
      await world.deadUsers(9)
      await world.run(`create sequence tries; ${refuse("nextval('tries') > 0", "42501")}`)
      await expect(store.purge()).rejects.toMatchObject({ cause: { code: "42501" } })
      expect(await world.run("select last_value::int as tries from tries")).toEqual([{ tries: 1 }])
      expect(await world.users()).toHaveLength(9)
    })

    it("says in a few words what failed", async () => {
      await world.deadUsers(1)
      await world.run(`create or replace function refuse() returns trigger language plpgsql as '
        begin raise exception ''%'', repeat(E''much\\n ado '', 1000); end';
        create trigger refuse before delete on "user" for each row execute function refuse()`)
      const { failed } = await store.purge()
      expect(failed[0]?.message).toMatch(/^much ado much ado .{0,300}…$/)
    })

    it("is the end where the search itself fails", async () => {
      await world.deadUsers(2)
      await expect(store.purge({ keep: () => sql`1 / 0 = 1` })).rejects.toMatchObject({ cause: { code: "22012" } })
    })

    it("leaves out a user whom a trigger keeps without a word", async () => {
      await world.deadUsers(3)
      await world.run(`create or replace function refuse() returns trigger language plpgsql as '
        begin if old.id = ''d2'' then return null; end if; return old; end';
        create trigger refuse before delete on "user" for each row execute function refuse()`)
      expect(await store.purge()).toMatchObject({ ...NOTHING, purged: 2 })
      expect(await world.users()).toEqual(["d2"])
    })
  })

  it("counts rows that a trigger deletes", async () => {
    await world.deadUsers(3)
    await world.run(`create table log (owner text); insert into log values ('d1'), ('d1'), ('d3'), ('other');
      create or replace function forget() returns trigger language plpgsql as '
        begin delete from log where owner = old.id; return old; end';
      create trigger forget after delete on "user" for each row execute function forget()`)
    expect(await store.purge()).toMatchObject({ purged: 3, deleted: { log: 3 } })
  })

  it("remembers how many users went, by the day since when they were lazy", async () => {
    for (const [id, since] of [
      ["a", "2020-02-29 00:00:00Z"],
      ["b", "2020-02-29 23:59:59.999Z"],
      ["c", "2020-03-01 00:00:00Z"],
      ["d", "2020-03-02 12:00:00+13"],
    ])
      await world.deadUser(id as string, { since: `'${since}'` })
    const before = Date.now()
    await store.purge()
    const rows = await world.run(`select outcome, way, users, extract(epoch from since)::float8 * 1000 as since,
      extract(epoch from at)::float8 * 1000 as at from "lazyOutcome" order by since`)
    expect(rows).toEqual(
      [Date.UTC(2020, 1, 29), Date.UTC(2020, 2, 1)].map((since) => ({
        outcome: "purged",
        way: null,
        users: 2,
        since,
        at: expect.toSatisfy((at: number) => at >= before - 1 && at <= Date.now()),
      })),
    )
    await store.purge()
    expect(await world.count(`"lazyOutcome"`)).toBe(2)
  })

  it("does nothing where there is nobody to purge", async () => {
    await world.aliveUser("alive")
    let steps = 0
    expect(await store.purge({ onProgress: () => steps++ })).toEqual({ ...NOTHING, before: expect.any(Date) })
    expect(steps).toBe(0)
    expect(await world.count(`"lazyOutcome"`)).toBe(0)
  })
})
