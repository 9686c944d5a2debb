import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { postgresDatabase, type TestDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

let database: TestDatabase
let world: MergeWorld

beforeAll(async () => {
  database = await postgresDatabase()
  world = new MergeWorld(database)
})
afterEach(() => world.reset())
afterAll(() => database.close())

const long = "l".repeat(63)
const names = [
  "constructor",
  "__proto__",
  "toString",
  'a "quoted" one',
  "it's",
  "dotted.name",
  "%I $1 \\ {}",
  "moved",
  "gone",
  long,
]

describe.each(names)("a table named %s", (name) => {
  const quoted = `"${name.replaceAll('"', '""')}"`
  const create = (rows: string) =>
    database.query(`create table ${quoted} (id int primary key, ${quoted} text references "user" on delete cascade, k text, unique (${quoted}, k));
      insert into ${quoted} values ${rows}`)

  it("is merged and reported", async () => {
    const { from, into } = await world.people()
    await create(`(1, '${from}', 'a'), (2, '${into}', 'a'), (3, '${from}', 'b')`)
    let told: unknown
    const report = await world.store().merge(from, into, {
      onMerge: ({ conflicts, moved }) => {
        told = [
          Object.entries(moved),
          Object.entries(conflicts).map(([table, rows]) => [table, rows.map(({ row, by }) => [row.id, by?.id])]),
        ]
      },
    })
    expect(told).toEqual([[[name, 1]], [[name, [[1, 2]]]]])
    expect([report.moved, report.conflicts].map(Object.entries)).toEqual([[[name, 1]], [[name, 1]]])
  })

  it("is purged and reported, in a dry run as well", async () => {
    const id = await world.lazyUser()
    await create(`(1, '${id}', 'a'), (2, '${id}', 'b')`)
    await world.run(`update "user" set "lazySince" = now() - interval '100 days'`)
    expect(Object.entries((await world.store().purge({ dryRun: true })).deleted)).toEqual([[name, 2]])
    expect(Object.entries((await world.store().purge()).deleted)).toEqual([[name, 2]])
  })

  it("keeps users back by its name", async () => {
    const id = await world.lazyUser()
    await database.query(
      `create table ${quoted} (owner text references "user"); insert into ${quoted} values ('${id}')`,
    )
    await world.run(`update "user" set "lazySince" = now() - interval '100 days'`)
    expect(Object.entries((await world.store().purge()).skipped)).toEqual([[name, 1]])
  })

  it("is left out of merges", async () => {
    const { from, into } = await world.people()
    await database.query(`create table ${quoted} (id int, owner text references "user" on delete set null);
      insert into ${quoted} values (1, '${from}')`)
    const mergeTables = Object.fromEntries([[name, "leave" as const]])
    expect((await world.store().merge(from, into, { mergeTables })).moved).toEqual({})
    expect(await database.query(`select owner from ${quoted}`)).toEqual([{ owner: null }])
  })
})

it("tables of a schema with dots in its name are left out of merges by the name that reports have", async () => {
  const { from, into } = await world.people()
  await database.query(`create schema "my.app"; create table "my.app"."lo.g" (owner text references "user" on delete set null);
    insert into "my.app"."lo.g" values ('${from}')`)
  const label = "my.app.lo.g"
  await expect(world.store().merge(from, into, { mergeTables: { [label]: "leave" } })).resolves.toMatchObject({
    moved: {},
  })
})

it("a name that two tables have is refused: leaving out the wrong one would lose rows", async () => {
  const { from, into } = await world.people()
  await database.query(`create schema app; create table app.log (owner text references "user");
    create table "app.log" (owner text references "user")`)
  await expect(world.store().merge(from, into, { mergeTables: { "app.log": "leave" } })).rejects.toMatchObject({
    code: "setup",
    message: expect.stringContaining("two tables"),
  })
})

it("the name of a partition is refused, since all of the table would be left", async () => {
  const { from, into } = await world.people()
  await database.query(`create table entry (owner text references "user" on delete set null, k int) partition by list (k);
    create table entry_1 partition of entry for values in (1); create table entry_2 partition of entry for values in (2);
    insert into entry values ('${from}', 1), ('${from}', 2)`)
  await expect(world.store().merge(from, into, { mergeTables: { entry_1: "leave" } })).rejects.toMatchObject({
    code: "setup",
    message: expect.stringContaining(
      'entry_1 is a partition of entry, of which a merge leaves all rows or none. Write: mergeTables: { "entry": "leave" }',
    ),
  })
  await expect(world.store().merge(from, into, { mergeTables: { "public.entry": "leave" } })).resolves.toMatchObject({
    moved: {},
  })
})
