import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { migrate } from "../../src/drizzle.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { Patient } from "./patient.js"

let database: PostgresDatabase
let client: postgres.Sql
/** Pastes as the owner, looks as a role without rights. */
let patient: Patient
const role = `reader_${process.pid}`

beforeEach(async () => {
  database = await emptyPostgres()
  await migrate(database.db)
  await database.query(`create role "${role}" login password 'reader'`)
  const url = new URL(database.url)
  url.username = role
  url.password = "reader"
  client = postgres(url.href, { max: 2 })
  patient = new Patient({ ...database, db: drizzle(client) })
})
afterEach(async () => {
  await client.end()
  await database.query(`drop owned by "${role}"; `)
  await database.query(`drop role "${role}"`)
  await database.close()
})

describe("a role that may read nothing", () => {
  it("is told what could not be checked, and how to let it, and finds what the catalogue knows", async () => {
    await patient.paste(`create table event ("userId" text references "user" on delete cascade)`)
    expect(await patient.summary()).toEqual([
      "warning unchecked",
      "warning merge_rights event",
      "warning lookup_index event.userId",
      "warning unchecked",
    ])
    const [first, rights, , second] = await patient.findings()
    expect(first?.message).toBe(
      `Pending migrations could not be checked: the role ${role} may not read drizzle.__authjs_lazy_migrations.`,
    )
    expect(second?.message).toBe(
      `The number of lazy users to purge could not be checked: the role ${role} may not read user, session.`,
    )
    expect((await patient.examine()).purgeable).toBeNull()

    await patient.paste(second?.fix ?? "")
    expect((await patient.examine()).purgeable).toBe(0)
    await patient.paste(first?.fix ?? "")
    await patient.paste((await patient.finding("lookup_index")).fix)
    await patient.paste(rights?.fix ?? "")
    expect(await patient.summary()).toEqual([])
  })

  it("is not told that tables are missing which are in a schema it may not enter", async () => {
    await patient.paste(`revoke usage on schema public from public`)
    const summary = await patient.summary()
    expect([...new Set(summary)]).toEqual(["warning unchecked"])
    for (const { fix } of await patient.findings()) await patient.paste(fix)
    expect(await patient.summary()).toEqual([])
  })

  it("reads what it may read column by column", async () => {
    await patient.paste(
      `grant usage on schema drizzle to "${role}"; grant select on drizzle.__authjs_lazy_migrations to "${role}"`,
    )
    await patient.paste(
      `grant select (id, "seenAt", "lazySince", "convertedAt") on "user" to "${role}"; grant select ("userId", expires) on session to "${role}"`,
    )
    expect(await patient.summary()).toEqual([])
    expect((await patient.examine()).purgeable).toBe(0)
  })
})

it("says so where somebody has locked what it wants to read", async () => {
  await migrate(database.db)
  await database.query(`alter role "${role}" superuser`)
  // Another connection locks the table, so the server gives up reading it.
  const lock = await database.sql.reserve()
  await lock`begin`
  await lock`lock table "user" in access exclusive mode`
  try {
    const { findings, purgeable } = await patient.examine()
    expect(purgeable).toBeNull()
    expect(findings.find(({ code }) => code === "unchecked")?.message).toContain(
      "another transaction has locked the tables",
    )
  } finally {
    await lock`rollback`
    lock.release()
  }
}, 60_000)

it("throws where there is no database at all", async () => {
  const nowhere = postgres("postgres://nobody@127.0.0.1:9/none", { max: 1, connect_timeout: 2 })
  await expect(new Patient({ ...database, db: drizzle(nowhere) }).examine()).rejects.toThrow()
  await nowhere.end()
})
