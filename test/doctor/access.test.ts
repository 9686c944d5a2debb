import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { LazyProvider } from "../../src/auth/providers/lazy.js"
import { LazyAdapter, migrate } from "../../src/drizzle.js"
import { withLazy } from "../../src/index.js"
import { blocksOf, page } from "../docs/pages.js"
import { dropEverything, emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { Patient } from "./patient.js"

const role = `app_${process.pid}_doctor`
/** The role that the documentation makes for an app. */
const documented = blocksOf(page("docs/database-roles.md"))
  .filter(({ language }) => language === "sql")
  .map(({ code }) => code.replaceAll("notes_web", `"${role}"`).replace("change-me", "app"))
let database: PostgresDatabase
let client: postgres.Sql
/** Pastes as the owner, looks as the app. */
let patient: Patient

beforeAll(async () => {
  database = await emptyPostgres()
})
beforeEach(async () => {
  await dropEverything(database)
  await migrate(database.db)
  expect(documented).toHaveLength(1)
  await database.sql.unsafe(documented.join(""))
  const url = new URL(database.url)
  url.username = role
  url.password = "app"
  client = postgres(url.href, { max: 2 })
  patient = new Patient({ ...database, db: drizzle(client) })
  await database.query(
    `create table note (user_id text references "user" on delete cascade); create index on note (user_id)`,
  )
})
afterEach(async () => {
  await client.end()
  await database.query(`drop owned by "${role}"`)
  await database.query(`drop role "${role}"`)
})
afterAll(() => database.close())

const merges = async () => {
  await database.query(`insert into "user" (id, "lazySince") values ('l', now()); insert into "user" (id) values ('r');
    insert into note values ('l')`)
  const { moved } = await LazyAdapter(drizzle(client)).lazy.merge("l", "r")
  return moved
}

describe("what keeps the app's role from rows", () => {
  it("is row-level security, until the role is above it", async () => {
    await database.query(
      `alter table note enable row level security; create policy own on note using (user_id = current_setting('app.user', true))`,
    )
    const finding = await patient.finding("row_security")
    expect(finding).toMatchObject({ severity: "error", where: "note" })
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
    expect(await merges()).toEqual({ note: 1 })
  })

  it("is no security that lets the role see everything", async () => {
    await database.query(`alter table note enable row level security; create policy everything on note using (true)`)
    expect(await patient.summary()).toEqual([])
    expect(await merges()).toEqual({ note: 1 })
  })

  it("is security on sessions, of which the purge has to see all", async () => {
    await database.query(`alter table session enable row level security`)
    const finding = await patient.finding("row_security")
    expect(finding).toMatchObject({ severity: "error", where: "session", message: expect.stringContaining("purge") })
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
  })

  it.each([
    ["change", `create policy see on note for select using (true)`],
    [
      "change as it needs",
      `create policy see on note for select using (true);
      create policy change on note for update using (true) with check (user_id = 'me');
      create policy remove on note for delete using (true)`,
    ],
    [
      "change all of them",
      `create policy everything on note using (true);
      create policy less on note as restrictive for update using (user_id = 'me')`,
    ],
  ])("is security that lets the role see rows, but not %s", async (_, policies) => {
    await database.query(`alter table note enable row level security; ${policies}`)
    const finding = await patient.finding("row_security")
    expect(finding).toMatchObject({ severity: "error", where: "note" })
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
    expect(await merges()).toEqual({ note: 1 })
  })

  it.each(["user", "session", "account", "password", "authenticator"])(
    "is security on %s that lets the role see rows but not delete them",
    async (table) => {
      await database.query(`alter table "${table}" enable row level security; create policy see on "${table}" for select using (true);
        create policy add on "${table}" for insert with check (true); create policy change on "${table}" for update using (true)`)
      const finding = await patient.finding("row_security")
      expect(finding).toMatchObject({ severity: "error", where: table, message: expect.stringContaining("delete") })
      await patient.paste(finding.fix)
      expect(await patient.summary()).toEqual([])
    },
  )

  it.each([
    ["user", "delete"],
    ["user", "insert"],
    ["user", "update"],
    ["session", "delete"],
    ["session", "insert"],
    ["account", "delete"],
    ["password", "insert"],
  ])("is on %s a missing right to %s", async (table, right) => {
    await database.query(`revoke ${right} on "${table}" from "${role}"`)
    const finding = await patient.finding("merge_rights")
    expect(finding).toMatchObject({
      severity: "error",
      where: table,
      fix: expect.stringContaining(`grant ${right} on`),
    })
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
  })

  it("is a right to change other columns only", async () => {
    await database.query(
      `alter table note add body text; revoke update on note from "${role}"; grant update (body) on note to "${role}"`,
    )
    const finding = await patient.finding("merge_rights")
    expect(finding).toMatchObject({ severity: "warning", where: "note" })
    await patient.paste(finding.fix)
    expect(await merges()).toEqual({ note: 1 })
  })

  it("is a right to read some columns, where rows can be stopped", async () => {
    await database.query(
      `alter table note add body text, add unique (user_id, body); revoke select on note from "${role}"; grant select (user_id, body) on note to "${role}"`,
    )
    const finding = await patient.finding("merge_rights")
    expect(finding).toMatchObject({ severity: "warning", where: "note" })
    await patient.paste(finding.fix)
    expect(await merges()).toEqual({ note: 1 })
  })

  it("is no right to change and to read the column of the user alone, where nothing stops rows", async () => {
    await database.query(
      `alter table note add body text; revoke select, update on note from "${role}"; grant select (user_id), update (user_id) on note to "${role}"`,
    )
    expect(await patient.summary()).toEqual([])
    expect(await merges()).toEqual({ note: 1 })
  })

  it.each(["update", "select", "delete"])("is a missing right to %s", async (right) => {
    await database.query(`revoke ${right} on note from "${role}"`)
    const finding = await patient.finding("merge_rights")
    expect(finding).toMatchObject({ severity: "warning", where: "note" })
    await patient.paste(finding.fix)
    expect(await patient.summary()).toEqual([])
    expect(await merges()).toEqual({ note: 1 })
  })

  it("is a rule", async () => {
    await database.query(`create rule keep as on update to note do instead nothing`)
    const finding = await patient.finding("merge_rewritten")
    expect(finding).toMatchObject({ severity: "warning", where: "note" })
    await patient.paste(finding.fix)
    expect(await merges()).toEqual({ note: 1 })
  })

  it("is no matter in tables that the configuration leaves out", async () => {
    await database.query(`revoke update on note from "${role}"`)
    const auth = (mergeTables: Record<string, "leave">) =>
      withLazy({
        adapter: LazyAdapter(drizzle(client)),
        providers: [LazyProvider()],
        secret: "a secret that is long enough for anybody",
        trustHost: true,
        lazy: { mergeTables },
      })
    const about = async (mergeTables: Record<string, "leave">) =>
      (await patient.summary({ auth: auth(mergeTables) })).filter((line) => line.includes("merge"))
    expect(await about({})).toEqual(["warning merge_rights note"])
    expect(await about({ note: "leave" })).toEqual([])
    await database.query(
      "create table entry (k int) partition by list (k); create table entry_1 partition of entry for values in (1)",
    )
    expect(await about({ entry_1: "leave" })).toContain("error merge_tables lazy.mergeTables")
    expect(await about({ notes: "leave" })).toEqual([
      "error merge_tables lazy.mergeTables",
      "warning merge_rights note",
    ])
  })
})

it("tells of exclusion constraints", async () => {
  await database.query(
    `create table slot (user_id text references "user" on delete cascade, exclude using btree (user_id with =)); grant all on slot to "${role}"`,
  )
  expect((await patient.finding("merge_rules")).message).toContain("an exclusion constraint")
})
