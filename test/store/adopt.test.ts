import { like, sql } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { LazyAdapter } from "../../src/drizzle.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { guestAdapter, guestTables, makeGuests, USELESS, users } from "../setup/guest-app.js"

let database: PostgresDatabase
let adapter: LazyAdapter
const query: PostgresDatabase["query"] = (text) => database.query(text)

beforeAll(async () => {
  database = await emptyPostgres()
  for (const table of guestTables) await query(table)
  adapter = guestAdapter(database)
})

afterAll(() => database?.close())

beforeEach(async () => {
  await query("truncate users cascade")
  await query(`insert into users (email, password) values ('ada@boards.dev', '${USELESS}')`)
})

const where = like(users.email, "guest-%")
const row = async (id: string) => (await query(`select * from users where id = '${id}'`))[0]
const moment = (value: unknown) => new Date(String(value)).valueOf()
const lazy = async () =>
  (await query(`select id from users where "lazySince" is not null order by id`)).map(({ id }) => id)

describe("adopt", () => {
  it("makes lazy users of guests, with their rows, names and addresses, and leaves the others alone", async () => {
    const ids = await makeGuests(database, 12)
    await query(`insert into passwords (user_id, hash) select id, '${USELESS}' from users`)
    // The library marks users who have signed out by such a second.
    await query(`update users set created_at = '2025-01-02 03:04:37' where id = '${ids[0]}'`)
    const before = await query("select * from users where email not like 'guest-%'")
    const began = Date.now() - 1
    const report = await adapter.lazy.adopt({ where, createdAt: users.createdAt, batchSize: 5 })
    expect(report).toMatchObject({
      adopted: 12,
      left: 0,
      skipped: {},
      hashes: { passwords: 12, "users.password": 12 },
      failures: 0,
      interrupted: false,
      dryRun: false,
    })
    expect(await lazy()).toEqual(ids.toSorted())
    for (const id of ids) {
      const user = await row(id)
      expect(user).toMatchObject({
        email: `${id}@lazy.invalid`,
        password: null,
        username: expect.stringMatching(/^guest-\w{10}$/),
        convertedAt: null,
      })
      expect(moment(user?.lazySince)).toBe(
        id === ids[0] ? Date.UTC(2025, 0, 2, 3, 4, 36) : Date.UTC(2025, 0, 2, 3, 4, 5, 678),
      )
      expect(moment(user?.seenAt)).toBeGreaterThanOrEqual(began)
    }
    expect(await query("select * from users where email not like '%@lazy.invalid'")).toEqual(before)
    expect(await query("select user_id from passwords")).toHaveLength(1)
    expect(await query("select id from chats")).toHaveLength(12)
    expect(await adapter.lazy.purge()).toMatchObject({ purged: 0 })
  })

  it("changes nothing in a dry run, and shows ten of them, masked", async () => {
    await makeGuests(database, 11)
    await query(
      "insert into users (email) values ('guest-house@hotel.com'), ('Grace@boards.dev'), ('grace@boards.dev')",
    )
    const before = await query("select * from users order by id")
    const report = await adapter.lazy.adopt({ where, dryRun: true, createdAt: users.createdAt })
    expect(await query("select * from users order by id")).toEqual(before)
    expect(report).toMatchObject({ adopted: 12, left: 0, hashes: { "users.password": 11 }, dryRun: true })
    expect(report.preview).toMatchObject({
      domains: [
        { domain: "", users: 11 },
        { domain: "hotel.com", users: 1 },
      ],
      needsEveryone: false,
      duplicates: {
        addresses: 1,
        users: 2,
        mixedCase: 1,
        examples: [{ address: "gr***@boards.dev", userIds: [expect.any(String), expect.any(String)] }],
      },
    })
    expect(report.preview?.users).toHaveLength(10)
    for (const { email } of report.preview?.users ?? []) expect(email).toMatch(/^gu\*\*\*(@hotel\.com)?$/)
    expect(JSON.stringify(report)).not.toContain("guest-house")
  })

  it("gives SQL for addresses in mixed case and of several users, which works in that order", async () => {
    await query(`insert into users (email) values ('Bob@boards.dev'), ('grace@boards.dev'), ('Grace@boards.dev')`)
    const duplicates = async () => (await adapter.lazy.adopt({ where, dryRun: true })).preview?.duplicates
    const found = await duplicates()
    expect(found?.sql).toHaveLength(3)
    const [list = "", lower = "", rule = ""] = found?.sql ?? []
    expect(await query(list)).toMatchObject([{ address: "grace@boards.dev" }])
    await query(lower)
    expect(await query("select email from users where email <> lower(email)")).toEqual([{ email: "Grace@boards.dev" }])
    await query("delete from users where email = 'Grace@boards.dev'")
    await query(rule)
    expect(await duplicates()).toMatchObject({ addresses: 0, mixedCase: 0, sql: [] })
    await query('drop index "users_email_unique"')
  })

  it("leaves everyone alone who is known to be real, and counts them by the reason", async () => {
    const ids = await makeGuests(database, 7)
    const [account, passkey, proven, converted, lazyUser, withPassword, guest] = ids
    await query(`insert into accounts values ('${account}', 'oauth', 'github', '1')`)
    await query(`insert into authenticators values ('a', '${passkey}', 'a', 'key', 0, 'singleDevice', false, null)`)
    await query(`update users set email_verified = now() where id = '${proven}'`)
    await query(`update users set "lazySince" = now(), "convertedAt" = now() where id = '${converted}'`)
    await query(`update users set "lazySince" = '2026-01-01' where id = '${lazyUser}'`)
    await query(`insert into passwords values ('${withPassword}', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA')`)
    const before = await query(`select * from users where id <> '${guest}' order by id`)
    const skipped = { account: 1, passkey: 1, proven: 1, converted: 1, lazy: 1, password: 1 }
    expect(await adapter.lazy.adopt({ where, dryRun: true })).toMatchObject({ adopted: 1, skipped })
    expect(await adapter.lazy.adopt({ where })).toMatchObject({ adopted: 1, skipped, left: 0 })
    expect(await query(`select * from users where id <> '${guest}' order by id`)).toEqual(before)
    expect(await query("select user_id from passwords")).toEqual([{ user_id: withPassword }])
  })

  it("refuses a condition that matches everyone, unless told that all are guests, or nobody could sign in", async () => {
    await makeGuests(database, 3)
    await expect(adapter.lazy.adopt({ where: sql`true` })).rejects.toThrow(/every user.*1 of the 4.*everyone: true/)
    expect(await lazy()).toEqual([])
    const dry = await adapter.lazy.adopt({ where: sql`true`, dryRun: true })
    expect(dry).toMatchObject({ adopted: 4, preview: { needsEveryone: true } })
    await query("delete from users where email = 'ada@boards.dev'")
    expect(await adapter.lazy.adopt({ where: sql`true` })).toMatchObject({ adopted: 3 })
    await query("truncate users cascade")
    await query("insert into users (email) values ('guest-1@boards.dev')")
    await expect(adapter.lazy.adopt({ where })).rejects.toThrow("every user")
    expect(await adapter.lazy.adopt({ where, everyone: true })).toMatchObject({ adopted: 1 })
  })

  it.each([
    ["a column that is not there", sql.raw("emial like 'guest-%'"), /emial/],
    ["a second statement", sql.raw("true; delete from users"), /no semicolon/],
    ["a second statement behind a bracket", sql.raw("true); delete from users; select (true"), /condition/],
    ["a bracket that it does not open", sql.raw("false) or (true"), /condition/],
    ["no condition", sql.raw("email"), /condition/],
    ["a condition that fails on a row", sql.raw("1 / length(coalesce(name, '')) > 0"), /division by zero/],
    ["a function that writes", sql.raw("forget(id)"), /read-only/],
    ["nothing", sql.raw(""), /condition/],
  ])("refuses %s, and changes nothing", async (_, condition, message) => {
    await query(`create or replace function forget(uuid) returns boolean language plpgsql as
      $$ begin delete from chats where owner = $1; return true; end $$`)
    await makeGuests(database, 2)
    for (const dryRun of [true, false])
      await expect(adapter.lazy.adopt({ where: condition, dryRun })).rejects.toThrow(message)
    expect(await query("select 1 from users")).toHaveLength(3)
    expect(await query("select 1 from chats")).toHaveLength(2)
    expect(await lazy()).toEqual([])
  })

  it("takes a comment at the end of a condition, and one that asks about other tables", async () => {
    const [first] = await makeGuests(database, 2)
    await query(`delete from chats where owner <> '${first}'`)
    const condition = sql.raw(
      "email like 'guest-%' and exists (select from chats where owner = users.id) -- with chats",
    )
    expect(await adapter.lazy.adopt({ where: condition })).toMatchObject({ adopted: 1 })
    expect(await lazy()).toEqual([first])
  })

  it("builds the condition from the app's own columns, that of old hashes included", async () => {
    const [first] = await makeGuests(database, 2)
    await query(`update users set password = null where id = '${first}'`)
    const { lazy: store } = guestAdapter(database, { legacyHash: users.password })
    const withHash = (user: Record<string, AnyPgColumn>) => sql`${where} and ${user.password} is not null`
    expect(await store.adopt({ where: withHash })).toMatchObject({ adopted: 1, hashes: { "users.password": 1 } })
    expect(await lazy()).not.toContain(first)
  })

  it("stops at a signal, and goes on where it stopped", async () => {
    await makeGuests(database, 9)
    const controller = new AbortController()
    const seen: number[] = []
    const first = await adapter.lazy.adopt({
      where,
      batchSize: 4,
      signal: controller.signal,
      onProgress: ({ adopted, total }) => {
        seen.push(adopted, total)
        controller.abort()
      },
    })
    expect(first).toMatchObject({ adopted: 4, left: 5, interrupted: true })
    expect(seen).toEqual([4, 9])
    expect(await adapter.lazy.adopt({ where, limit: 3 })).toMatchObject({ adopted: 3, left: 2, interrupted: false })
    expect(await adapter.lazy.adopt({ where })).toMatchObject({ adopted: 2, left: 0 })
    expect(await adapter.lazy.adopt({ where })).toMatchObject({ adopted: 0, left: 0 })
  })

  it("names those whom the database refuses, and adopts the others", async () => {
    const ids = await makeGuests(database, 8)
    await query(`create function refuse() returns trigger language plpgsql as
      $$ begin if new.id = '${ids[3]}' then raise 'not this one'; end if; return new; end $$`)
    await query("create trigger refuse before update on users for each row execute function refuse()")
    const report = await adapter.lazy.adopt({ where })
    await query("drop trigger refuse on users")
    expect(report).toMatchObject({
      adopted: 7,
      left: 1,
      failures: 1,
      failed: [{ userId: ids[3], message: "not this one" }],
    })
    expect(await row(ids[3] as string)).toMatchObject({ password: USELESS, lazySince: null })
  })

  it("undoes a batch whose rows a trigger keeps from being lazy, and says so", async () => {
    const [id] = await makeGuests(database, 2)
    await query(`insert into passwords (user_id, hash) values ('${id}', '${USELESS}')`)
    await query(`create or replace function keep() returns trigger language plpgsql as
      $$ begin new."lazySince" = null; return new; end $$`)
    await query("create trigger keep before update on users for each row execute function keep()")
    await expect(adapter.lazy.adopt({ where })).rejects.toThrow(/lazySince.*trigger/)
    await query("drop trigger keep on users")
    expect(await query("select 1 from passwords")).toHaveLength(1)
    expect(await lazy()).toEqual([])
  })

  it("tries other names where one is taken, and changes nothing when a hook fails", async () => {
    await query("update users set username = 'taken'")
    await makeGuests(database, 3)
    const names = ["taken", "one", "two", "one", "three", "four"]
    expect(await adapter.lazy.adopt({ where, generateName: () => names.shift() ?? "none" })).toMatchObject({
      adopted: 3,
    })
    const given = await query(`select username from users where "lazySince" is not null order by 1`)
    expect(given.map(({ username }) => username)).toEqual(["four", "one", "three"])
    await makeGuests(database, 1)
    for (const generateEmail of [() => "not an address", () => Promise.reject(new Error("away"))])
      await expect(adapter.lazy.adopt({ where, generateEmail })).rejects.toThrow(/generateEmail|away/)
    expect(await lazy()).toHaveLength(3)
  })

  it("counts an age from when the sessions of before can have died", async () => {
    await makeGuests(database, 1)
    const day = 24 * 60 * 60
    const oldAppUntil = new Date(Date.now() + 7 * day * 1000)
    const options = { sessionMaxAge: 30 * day, oldSessionMaxAge: 90 * day, oldAppUntil }
    const { seenAt } = await adapter.lazy.adopt({ where, ...options })
    expect(seenAt).toEqual(new Date(oldAppUntil.valueOf() + 60 * day * 1000))
    const [adopted] = await query(`select "seenAt" from users where "lazySince" is not null`)
    expect(moment(adopted?.seenAt)).toBe(seenAt.valueOf())
    expect(await adapter.lazy.purge({ sessionMaxAge: 30 * day, olderThan: 0, force: true })).toMatchObject({
      purged: 0,
    })
  })

  it.each([
    [{ where: undefined as never }, "`where`"],
    [{ where: "email like 'guest-%'" as never }, "`where`"],
    [{ where, surprise: 1 } as never, "no option surprise"],
    [{ where, batchSize: 0 }, "`batchSize`"],
    [{ where, dryRun: "false" as never }, "`dryRun`"],
    [{ where, oldAppUntil: new Date("never") }, "`oldAppUntil`"],
    [{ where, createdAt: sql.raw("email") }, "createdAt"],
  ])("refuses options that don't fit", async (options, message) => {
    await makeGuests(database, 1)
    await expect(adapter.lazy.adopt(options)).rejects.toThrow(message)
    expect(await lazy()).toEqual([])
  })
})

/**
 * Collects what postgres.js throws outside of any promise when it rolls back on a closed connection:
 * https://github.com/porsager/postgres/issues/1208
 */
function noteCrashes() {
  const crashes: Error[] = []
  const listeners = process.listeners("uncaughtException")
  process.removeAllListeners("uncaughtException")
  process.on("uncaughtException", (error) => void crashes.push(error))
  const restore = () => {
    process.removeAllListeners("uncaughtException")
    for (const listener of listeners) process.on("uncaughtException", listener)
  }
  return { crashes, restore }
}

describe("adopt, while others work on the same users", () => {
  it("adopts each guest once, at the side of another adoption and of purges, while the old app makes more", async () => {
    await makeGuests(database, 90)
    let goesOn = true
    let made = 90
    const oldApp = (async () => {
      for (; goesOn && made < 150; made += 3) await makeGuests(database, 3)
    })()
    const purges = (async () => {
      let purged = 0
      while (goesOn) purged += (await adapter.lazy.purge()).purged
      return purged
    })()
    const other = guestAdapter(database)
    const reports = await Promise.all([
      adapter.lazy.adopt({ where, batchSize: 10 }),
      other.lazy.adopt({ where, batchSize: 15 }),
    ])
    goesOn = false
    await oldApp
    expect(await purges).toBe(0)
    const last = await adapter.lazy.adopt({ where })
    expect(last.left).toBe(0)
    const adopted = [...reports, last].reduce((sum, report) => sum + report.adopted, 0)
    expect(adopted).toBe(made)
    expect(reports.reduce((sum, { failures }) => sum + failures, last.failures)).toBe(0)
    expect(await lazy()).toHaveLength(made)
    expect(await query("select 1 from chats")).toHaveLength(made)
    expect(await query(`select 1 from users where "lazySince" is not null and password is not null`)).toEqual([])
  })

  it("passes over users that another transaction holds, without waiting, and says how many are left", async () => {
    const [held] = await makeGuests(database, 3)
    const holder = await database.sql.reserve()
    await holder.unsafe("begin")
    await holder.unsafe(`insert into accounts values ('${held}', 'oauth', 'github', 'held')`)
    expect(await adapter.lazy.adopt({ where })).toMatchObject({ adopted: 2, left: 1, failures: 0 })
    await holder.unsafe("commit")
    holder.release()
    expect(await adapter.lazy.adopt({ where })).toMatchObject({ adopted: 0, left: 0, skipped: { account: 1 } })
  })

  it("leaves a user alone who signs up in the old app after the batch was picked", async () => {
    const [signsUp, links] = await makeGuests(database, 2)
    let asked = 0
    const report = await adapter.lazy.adopt({
      where,
      async generateName() {
        if (asked++ === 0) {
          await query(`update users set email = 'grace@boards.dev' where id = '${signsUp}'`)
          await query(`insert into accounts values ('${links}', 'oauth', 'github', 'links')`)
        }
        return `guest-${asked}`
      },
    })
    expect(report).toMatchObject({ adopted: 0, left: 0 })
    expect(await lazy()).toEqual([])
  })

  it("leaves a user alone whose account is written between the statement that locks it and the lock", async () => {
    const [id] = await makeGuests(database, 1)
    // The function runs for each row before the row is locked, and waits until the account is there.
    await query(`create function met(uuid) returns boolean language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(7); return true; end $$`)
    const holder = await database.sql.reserve()
    let picked = false
    const adopting = adapter.lazy.adopt({
      where: sql.raw("email like 'guest-%' and met(id)"),
      async generateName() {
        if (!picked) await holder`select pg_advisory_lock(7)`
        picked = true
        return `guest-${crypto.randomUUID()}`
      },
    })
    const waits = `select 1 from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`
    await expect.poll(() => query(waits)).toHaveLength(1)
    await query(`insert into accounts values ('${id}', 'oauth', 'github', 'between')`)
    await holder`select pg_advisory_unlock(7)`
    holder.release()
    expect(await adopting).toMatchObject({ adopted: 0, left: 0 })
    expect(await lazy()).toEqual([])
  })

  it("goes on with what is left after the connection was lost, and nothing is half done", async () => {
    await makeGuests(database, 40)
    await query(`create function cut() returns trigger language plpgsql as $$ begin
      if (select count(*) from users where "lazySince" is not null) >= 20 then perform pg_terminate_backend(pg_backend_pid()); end if;
      return new; end $$`)
    await query(`insert into passwords (user_id, hash) select id, '${USELESS}' from users where email like 'guest-%'`)
    await query("create trigger cut before update on users for each row execute function cut()")
    const { crashes, restore } = noteCrashes()
    const doomed = postgres(database.url, { max: 1, onnotice: () => {} })
    const { lazy: cut } = guestAdapter({ db: drizzle(doomed) })
    await expect(cut.adopt({ where, batchSize: 10 })).rejects.toThrow()
    await doomed.end({ timeout: 0 })
    restore()
    expect(crashes.filter(({ message }) => !message.includes("reading 'write'"))).toEqual([])
    await query("drop trigger cut on users")
    expect(await lazy()).toHaveLength(20)
    expect(await query("select 1 from passwords")).toHaveLength(20)
    expect(await adapter.lazy.adopt({ where })).toMatchObject({ adopted: 20, left: 0 })
  })
})
